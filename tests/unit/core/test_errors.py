"""Errors: their messages and exit statuses."""

from __future__ import annotations

import copy
import errno
import os
import pickle
import socket

import pytest

from pync.core import errors, exits
from pync.core.address import Address


def test_message_contains_operation_address_and_cause() -> None:
    error = errors.DialError("dial", Address("tcp", "::1", "1"), "connection refused")
    assert str(error) == "dial tcp://[::1]:1: connection refused"
    assert (error.operation, error.cause, error.attempts) == ("dial", "connection refused", ())


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.ECONNREFUSED, "Connection refused"), "connection refused"),
        (OSError(errno.EPIPE, "Broken pipe"), "connection closed by the peer"),
        (OSError(errno.ETIMEDOUT, "Connection timed out"), "timed out"),
        (TimeoutError("timed out"), "timed out"),
        (OSError("AF_UNIX path too long"), "AF_UNIX path too long"),
        (socket.gaierror(-2, "Name or service not known"), "name or service not known"),
        (OSError(errno.EIO, ""), os.strerror(errno.EIO).replace("I", "I", 1)),
    ],
)
def test_cause_is_lower_case_and_not_empty(error: OSError, cause: str) -> None:
    assert errors.cause_of(error).lower() == cause.lower()
    assert errors.cause_of(error)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.DialError, 1),
        (errors.ListenError, 1),
        (errors.RelayError, 1),
        (errors.IdleTimeoutError, 1),
        (errors.OutputError, 1),
        (errors.UsageError, 2),
        (errors.OutputGone, 141),
    ],
)
def test_exit_status_of_each_class(error: type[errors.PyncError], status: int) -> None:
    assert error.status == status


def test_exit_status_of_a_signal_is_128_plus_its_number() -> None:
    assert errors.Terminated(15).status == 143


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.UnresolvedError("dial", "x", "name or service not known"), exits.NOT_RESOLVED),
        (errors.DialError("dial", "x", "connection refused"), exits.REFUSED),
        (errors.DialError("dial", "x", "no route to host"), exits.UNREACHABLE),
        (errors.DialError("dial", "x", "timed out"), exits.TIMED_OUT),
        (errors.DialError("dial", "x", "something else"), exits.NETWORK),
        (errors.IdleTimeoutError("relay", "x", "nothing moved"), exits.TIMED_OUT),
        (errors.ListenError("accept", "x", "timed out"), exits.TIMED_OUT),
        (errors.ListenError("listen", "x", "address already in use"), exits.NOT_LISTENING),
        (errors.RelayError("relay", "x", "connection reset by peer"), exits.BROKEN),
        (errors.TlsError("dial", "x", "timed out"), exits.NOT_SECURED),
        (errors.ProxyError("dial", "x", "connection refused"), exits.PROXY),
        (errors.UnmetError("x"), exits.UNMET),
        (errors.ScriptError("expect", "x", "something else came"), exits.UNMET),
        (errors.ExecError("run", "x", "no such file or directory"), exits.NOT_RUN),
        (errors.OutputError("write", "x", "no space left on device"), exits.NOT_WRITTEN),
    ],
)
def test_detailed_status_depends_on_the_cause(error: errors.PyncError, status: int) -> None:
    assert errors.detailed_status(error) == status


#: An error, and the built-in exception classes that also catch it.
CAUGHT_AS: list[tuple[Exception, type[Exception], int | None]] = [
    (errors.DialError("dial", "x", "connection refused"), ConnectionRefusedError, 111),
    (errors.DialError("dial", "x", "timed out"), TimeoutError, errno.ETIMEDOUT),
    (errors.DialError("dial", "x", "no address to try"), OSError, None),
    (errors.ListenError("accept", "x", "timed out"), TimeoutError, errno.ETIMEDOUT),
    (errors.ListenError("listen", "x", "address already in use"), OSError, errno.EADDRINUSE),
    (errors.RelayError("relay", "x", "connection reset by peer"), ConnectionResetError, 104),
    (errors.IdleTimeoutError("relay", "x", "idle for 1 s"), TimeoutError, None),
    (errors.TlsError("dial", "x", "no cipher"), OSError, None),
    (errors.UnmetError("x"), OSError, None),
    (
        errors.ListenError(
            "listen", "x", errors.cause_of(PermissionError(13, "Permission denied"))
        ),
        PermissionError,
        13,
    ),
    (
        errors.UnresolvedError("dial", "x", errors.cause_of(socket.gaierror(-2, "Unknown"))),
        socket.gaierror,
        -2,
    ),
    (errors.UsageError("'x' is not an address"), ValueError, None),
]


@pytest.mark.parametrize(("error", "kind", "number"), CAUGHT_AS)
def test_errors_are_also_built_in_exceptions(
    error: Exception, kind: type[Exception], number: int | None
) -> None:
    if number in (104, 111):
        # These are the numbers on Linux; other systems use different ones.
        number = {104: errno.ECONNRESET, 111: errno.ECONNREFUSED}[number]
    assert isinstance(error, kind)
    assert getattr(error, "errno", None) == number
    assert not str(error).startswith("[Errno")


@pytest.mark.parametrize("error", [error for error, *_ in CAUGHT_AS])
def test_errors_can_be_pickled_and_copied(error: Exception) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert (str(again), again.__dict__) == (str(error), error.__dict__)
        assert getattr(again, "errno", None) == getattr(error, "errno", None)


def test_class_and_attributes_of_an_error() -> None:
    error = errors.DialError("dial", "x", "timed out", (("y", "timed out"),))
    assert type(error).__name__ == "DialError"
    assert repr(error) == "DialError('dial x: timed out')"
    assert pickle.loads(pickle.dumps(error)).attempts == (("y", "timed out"),)
    assert type(error) is type(errors.DialError("dial", "z", "timed out"))
    assert errors.cause_of(error) == error.cause == error.strerror == "timed out"
