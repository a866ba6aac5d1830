"""Readiness: poll, epoll and select report the same for the same descriptors."""

from __future__ import annotations

import os
import select
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pync.core.deadline import Deadline
from pync.waiting import readiness, wakeup
from pync.waiting.readiness import READABLE, WRITABLE, for_a_crowd, one_wait, readable

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

WAYS: dict[str, Callable[[], readiness.Poller | None]] = {
    "poll": readiness.for_a_few,
    "epoll": for_a_crowd,
    "select": readiness._Select,
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[readiness.Poller]:
    if request.param == "poll" and sys.platform == "darwin":
        pytest.skip("macOS's poll is not trusted")
    if not hasattr(select, request.param):
        pytest.skip(f"this system has no {request.param}")
    one = WAYS[request.param]()
    assert one is not None
    yield one
    one.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def ready(way: readiness.Poller) -> dict[int, int]:
    """Return a dictionary: descriptor -> the events that it is ready for."""
    told = dict(way.select(1))
    return {
        each: (READ if events & READABLE else 0) | (WRITE if events & WRITABLE else 0)
        for each, events in told.items()
    }


def test_only_ready_descriptors_are_reported(
    way: readiness.Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    idle, other = socket.socketpair()
    with idle, other:
        way.register(left.fileno(), READ)
        way.register(idle.fileno(), READ)
        right.send(b"x")
        assert ready(way) == {left.fileno(): READ}


def test_modify_and_unregister(
    way: readiness.Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    right.send(b"x")
    way.register(left.fileno(), READ | WRITE)
    assert ready(way) == {left.fileno(): READ | WRITE}
    way.modify(left.fileno(), WRITE)
    assert ready(way) == {left.fileno(): WRITE}
    way.unregister(left.fileno())
    assert way.select(0) == []


def test_eof_is_reported_as_readable(
    way: readiness.Poller, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    way.register(left.fileno(), READ)
    right.close()
    assert ready(way)[left.fileno()] & READ


def test_short_waits(way: readiness.Poller) -> None:
    assert way.select(0) == []
    assert way.select(0.0001) == []


def test_negative_time_does_not_block(way: readiness.Poller) -> None:
    assert way.select(-0.5) == []


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: Windows waits for sockets")
@pytest.mark.parametrize("name", ["a file", os.devnull])
def test_regular_file_is_always_ready(way: readiness.Poller, name: str, tmp_path: Path) -> None:
    """epoll_ctl(2) rejects such files."""
    path = tmp_path / "file" if name == "a file" else Path(name)
    with path.open("w+b", buffering=0) as file:
        way.register(file.fileno(), READ | WRITE)
        assert ready(way) == {file.fileno(): READ | WRITE}
        way.modify(file.fileno(), WRITE)
        assert ready(way) == {file.fileno(): WRITE}
        way.unregister(file.fileno())
        assert way.select(0) == []


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: Windows waits for sockets")
def test_ready_file_does_not_hide_a_ready_socket(
    way: readiness.Poller, pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    left, right = pair
    with (tmp_path / "file").open("w+b", buffering=0) as file:
        way.register(file.fileno(), READ)
        way.register(left.fileno(), READ)
        right.send(b"x")
        assert ready(way) == {left.fileno(): READ, file.fileno(): READ}


def test_length_of_one_wait() -> None:
    if sys.platform == "win32":
        assert one_wait(None) == one_wait(3600.0) == 0.25
    else:
        assert (one_wait(None), one_wait(3600.0)) == (None, 3600.0)
        assert one_wait(1e9) == 86400.0  # poll(2) takes 24 days at most
    assert one_wait(0.0) == 0.0


def test_wait_for_one_of_several(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = pair
    both = (left.fileno(), right.fileno())
    assert readable(both, Deadline(0.001)) == []
    right.send(b"x")
    assert readable(both, Deadline(None)) == [left.fileno()]


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: SIGUSR1")
def test_wait_continues_after_a_signal(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    left, right = pair
    before = signal.signal(signal.SIGUSR1, lambda *_: right.send(b"x"))
    try:
        with wakeup.installed():
            os.kill(os.getpid(), signal.SIGUSR1)
            assert readable([left.fileno()], Deadline(10)) == [left.fileno()]
    finally:
        signal.signal(signal.SIGUSR1, before)
