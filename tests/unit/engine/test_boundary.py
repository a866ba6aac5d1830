"""The boundary of a client: an exception in its callbacks ends only that client."""

from __future__ import annotations

import errno
import socket

import pytest

from pync.core.errors import OutputError, OutputGone, PyncError, RelayError, Terminated, UsageError
from pync.engine.boundary import Boundary, as_failure, ends_program
from pync.engine.loop import Loop


def fails() -> None:
    raise ValueError("embedded null byte")


def test_exception_in_timer_is_passed_to_the_callback() -> None:
    failures: list[Exception] = []
    ran: list[str] = []
    with Loop() as loop:
        Boundary(loop, failures.append).call_later(0, fails)
        Boundary(loop, failures.append).call_in_turn(fails)
        Boundary(loop, failures.append).call_later(0.01, lambda: ran.append("neighbour"))
        loop.run_while(lambda: not ran)
    assert [str(one) for one in failures] == ["embedded null byte"] * 2


def test_exception_in_reader_is_passed_to_the_callback() -> None:
    failures: list[Exception] = []
    heard: list[bytes] = []
    left, right = socket.socketpair()
    with left, right, Loop() as loop:
        hostile, neighbour = Boundary(loop, failures.append), Boundary(loop, failures.append)
        hostile.watch_reader(left.fileno(), fails)
        hostile.watch_writer(left.fileno(), lambda: None)
        neighbour.watch_reader(right.fileno(), lambda: heard.append(right.recv(10)))
        right.send(b"x")
        loop.run_while(lambda: not failures)
        left.send(b"y")
        loop.run_while(lambda: not heard)
    assert (len(failures), heard) == (1, [b"y"])


def test_no_callback_runs_after_a_failure() -> None:
    failures: list[Exception] = []
    called: list[str] = []
    left, right = socket.socketpair()
    with left, right, Loop() as loop:
        boundary = Boundary(loop, failures.append)
        boundary.watch_reader(left.fileno(), lambda: called.append("reader"))
        boundary.call_later(0, fails)
        boundary.call_later(0, fails)
        late = boundary.bound(lambda: called.append("bound"))
        loop.run_while(lambda: not failures)
        right.send(b"x")
        late()
        loop.call_later(0.01, lambda: called.append("the end"))
        loop.run_while(lambda: not called)
    assert (len(failures), called) == (1, ["the end"])


def test_exception_in_with_block() -> None:
    failures: list[Exception] = []
    with Loop() as loop, Boundary(loop, failures.append):
        fails()
    assert len(failures) == 1


def test_exception_in_periodic_timer() -> None:
    failures: list[Exception] = []
    turns: list[int] = []

    def turn() -> None:
        turns.append(1)
        if len(turns) == 3:
            fails()

    with Loop() as loop:
        Boundary(loop, failures.append).call_every(0.001, turn)
        loop.run_while(lambda: not failures)
    assert len(turns) == 3


@pytest.mark.parametrize(
    "error",
    [
        OutputError("write", "standard output", "no space left on device"),
        OutputGone(),
        UsageError("TLS needs a stream"),
        KeyboardInterrupt(),
        Terminated(15),
    ],
)
def test_exceptions_that_end_the_program_propagate(error: BaseException) -> None:
    def ends() -> None:
        raise error

    assert ends_program(error)
    with Loop() as loop:
        boundary = Boundary(loop, lambda failure: pytest.fail(str(failure)))
        with pytest.raises(type(error)), boundary:
            ends()
        boundary.call_later(0, ends)
        with pytest.raises(type(error)):
            loop.run_while(lambda: True)


def test_as_failure() -> None:
    known = RelayError("relay", "tcp://h:1", "idle for 1 s")
    assert as_failure(known, "tcp://other:1") is known
    broken = as_failure(OSError(errno.ECONNRESET, "x"), "tcp://h:1")
    assert str(broken) == "relay tcp://h:1: connection reset by peer"
    unforeseen = as_failure(ValueError("embedded null byte"), "tcp://h:1")
    assert str(unforeseen) == "relay tcp://h:1: internal error: ValueError: embedded null byte"
    assert isinstance(unforeseen, PyncError)
    assert not ends_program(unforeseen)
