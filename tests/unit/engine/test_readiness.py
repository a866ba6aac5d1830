"""What is ready: the three ways tell the same of the same descriptors."""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pync.engine import readiness
from pync.engine.readiness import READ, WRITE, Readiness

WAYS: dict[str, Callable[[], Readiness]] = {
    "poll": readiness._ByPoll,
    "epoll": readiness._ByEpoll,
    "select": readiness._BySelect,
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Readiness]:
    if not hasattr(select, request.param):
        pytest.skip(f"this system has no {request.param}")
    with closing(WAYS[request.param]()) as one:
        yield one


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def ready(way: Readiness) -> dict[int, int]:
    """Descriptor -> what it is ready for; an error or a hang-up is for both."""
    told = {}
    for descriptor, events in way.wait(1):
        reads, writes = bool(events & ~WRITE), bool(events & ~READ)
        told[descriptor] = reads * READ | writes * WRITE
    return told


def test_only_what_is_ready_is_told(
    way: Readiness, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    idle, other = socket.socketpair()
    with idle, other:
        way.register(left.fileno(), READ)
        way.register(idle.fileno(), READ)
        right.send(b"x")
        assert ready(way) == {left.fileno(): READ}


def test_what_is_watched_for_changes(
    way: Readiness, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    right.send(b"x")
    way.register(left.fileno(), READ | WRITE)
    assert ready(way) == {left.fileno(): READ | WRITE}
    way.modify(left.fileno(), WRITE)
    assert ready(way) == {left.fileno(): WRITE}
    way.unregister(left.fileno())
    assert way.wait(0) == []


def test_an_end_is_heard(way: Readiness, pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = pair
    way.register(left.fileno(), READ)
    right.close()
    assert ready(way)[left.fileno()] & READ


def test_a_wait_lasts_as_long_as_was_said(way: Readiness) -> None:
    assert way.wait(0) == []
    assert way.wait(0.0001) == []


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: Windows waits for sockets")
@pytest.mark.parametrize("name", ["a file", os.devnull])
def test_a_file_is_always_ready(way: Readiness, name: str, tmp_path: Path) -> None:
    """Which epoll_ctl(2) refuses to say."""
    path = tmp_path / "file" if name == "a file" else Path(name)
    with path.open("w+b", buffering=0) as file:
        way.register(file.fileno(), READ | WRITE)
        assert ready(way) == {file.fileno(): READ | WRITE}
        way.modify(file.fileno(), WRITE)
        assert ready(way) == {file.fileno(): WRITE}
        way.unregister(file.fileno())
        assert way.wait(0) == []


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: Windows waits for sockets")
def test_a_file_keeps_no_socket_from_being_heard(
    way: Readiness, pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    left, right = pair
    with (tmp_path / "file").open("w+b", buffering=0) as file:
        way.register(file.fileno(), READ)
        way.register(left.fileno(), READ)
        right.send(b"x")
        assert ready(way) == {left.fileno(): READ, file.fileno(): READ}
