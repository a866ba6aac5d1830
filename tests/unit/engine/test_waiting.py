"""Waiting for acknowledgements and for silence."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable

from pync.core.address import Address
from pync.engine import waiting
from pync.engine.flow import Flow
from pync.engine.loop import Loop
from pync.engine.waiting import when_acknowledged, when_silent
from pync.transports.conn import StreamConn

SILENCE = 0.2


class Counted(StreamConn):
    """A connection with scripted kernel reports about acknowledgements."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, Address("unix", path="here"), Address("unix", path="there"))
        self.waiting: list[int | OSError] = [0]

    def unacknowledged(self) -> int:
        answer = self.waiting[0] if len(self.waiting) == 1 else self.waiting.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer


def nothing() -> None:
    """Nothing has changed."""


def run_until(loop: Loop, happened: list[float]) -> None:
    started = time.monotonic()
    loop.run_while(lambda: not happened and time.monotonic() < started + 10)


def call_later(loop: Loop) -> Callable[[float, Callable[[], None]], None]:
    return lambda seconds, callback: void(loop.call_later(seconds, callback))


def void(_timer: object) -> None:
    """Discard the timer."""


def outcomes(answers: list[int | OSError], is_over: Callable[[], bool]) -> list[OSError | None]:
    ours, theirs = socket.socketpair()
    got: list[OSError | None] = []
    with theirs, Counted(ours) as conn, Loop() as loop:
        conn.waiting = answers
        when_acknowledged(conn, call_later(loop), is_over, got.append)
        loop.run_while(lambda: not got)
    return got


def test_everything_is_acknowledged() -> None:
    assert outcomes([7, 3, 0], lambda: False) == [None]


def test_reset_while_waiting_is_reported() -> None:
    error = OSError(errno.ECONNRESET, "reset")
    assert outcomes([7, error], lambda: False) == [error]


def test_wait_ends_when_the_relay_is_over() -> None:
    assert outcomes([7], lambda: True) == [None]


def silence(
    during: Callable[[Loop, socket.socket, list[float]], None],
    answers: list[int | OSError],
    since: float = 0.0,
) -> tuple[float, list[float]]:
    """Return the time at which the connection counted as silent, and the notes of ``during``."""
    ours, theirs = socket.socketpair()
    into, reader = socket.socketpair()
    happened: list[float] = []
    noted: list[float] = []
    with theirs, reader, Counted(ours) as conn, Counted(into) as sink, Loop() as loop:
        conn.waiting = answers
        conn.settimeout(0)
        flow = Flow(loop, conn, sink, nothing)
        flow.start()
        during(loop, theirs, noted)
        silent = lambda: happened.append(time.monotonic())  # noqa: E731
        when_silent(conn, flow, SILENCE, since or time.monotonic(), call_later(loop), silent)
        run_until(loop, happened)
        flow.stop()
    return happened[0], noted


def test_silence_begins_with_the_last_byte() -> None:
    def speak(loop: Loop, peer: socket.socket, noted: list[float]) -> None:
        def word() -> None:
            peer.sendall(b"word")
            noted.append(time.monotonic())
            if len(noted) < 4:
                loop.call_later(SILENCE / 2, word)

        loop.call_later(0, word)

    at, noted = silence(speak, [0])
    assert len(noted) == 4
    assert at >= noted[-1] + SILENCE * 0.9


def test_unacknowledged_data_is_not_silence() -> None:
    started = time.monotonic()
    looks = [1] * 5
    at, _ = silence(lambda *_: None, [*looks, 0])
    assert at >= started + (len(looks) - 1) * waiting.SILENCE_LOOK + SILENCE * 0.9


def test_earlier_silence_counts() -> None:
    started = time.monotonic()
    at, _ = silence(lambda *_: None, [0], since=started - SILENCE)
    assert at < started + SILENCE


def test_broken_connection_counts_as_silent() -> None:
    silence(lambda *_: None, [OSError(errno.ECONNRESET, "reset")])


def test_no_callback_after_peer_eof() -> None:
    ours, theirs = socket.socketpair()
    into, reader = socket.socketpair()
    called: list[float] = []
    with reader, Counted(ours) as conn, Counted(into) as sink, Loop() as loop:
        theirs.close()
        flow = Flow(loop, conn, sink, nothing)
        flow.start()
        loop.run_while(lambda: not flow.over)
        when_silent(conn, flow, 0.0, 0.0, call_later(loop), lambda: called.append(0.0))
    assert called == []
