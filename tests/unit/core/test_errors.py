"""Errors: what they say, and the status that they carry."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from pync.core import errors, exits
from pync.core.address import Address


def test_an_error_names_operation_address_and_cause() -> None:
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
def test_causes_are_lower_case_and_never_empty(error: OSError, cause: str) -> None:
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
def test_each_class_carries_its_exit_status(error: type[errors.PyncError], status: int) -> None:
    assert error.status == status


def test_a_signal_is_counted_as_a_shell_counts_it() -> None:
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
def test_a_finer_status_tells_causes_apart(error: errors.PyncError, status: int) -> None:
    assert errors.detailed_status(error) == status
