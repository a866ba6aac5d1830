"""The crowd's selector: epoll, and what epoll refuses."""

from __future__ import annotations

import os
import selectors
import socket
from pathlib import Path

import pytest

from pync.engine.crowd import CrowdSelector

pytestmark = pytest.mark.skipif(
    not hasattr(selectors, "EpollSelector"), reason="only on Linux: epoll"
)

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


def ready(crowd: CrowdSelector) -> dict[int, int]:
    """Descriptor -> events, without waiting longer than for what is ready."""
    return {key.fd: events for key, events in crowd.select(1)}


def test_only_what_is_ready_is_told() -> None:
    left, right = socket.socketpair()
    idle, other = socket.socketpair()
    with left, right, idle, other, CrowdSelector() as crowd:
        crowd.register(left.fileno(), READ)
        crowd.register(idle.fileno(), READ)
        right.send(b"x")
        assert ready(crowd) == {left.fileno(): READ}


@pytest.mark.parametrize("name", ["a file", os.devnull])
def test_what_epoll_refuses_is_always_ready_as_poll_says(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file" if name == "a file" else Path(name)
    with path.open("w+b", buffering=0) as file, CrowdSelector() as crowd:
        with selectors.PollSelector() as poll:
            poll.register(file.fileno(), READ | WRITE)
            told = {key.fd: events for key, events in poll.select(1)}
        crowd.register(file.fileno(), READ | WRITE)
        assert ready(crowd) == told == {file.fileno(): READ | WRITE}
        crowd.modify(file.fileno(), WRITE)
        assert ready(crowd) == {file.fileno(): WRITE}
        crowd.unregister(file.fileno())
        assert crowd.select(0) == []


def test_a_file_keeps_no_socket_from_being_heard(tmp_path: Path) -> None:
    left, right = socket.socketpair()
    with (tmp_path / "file").open("w+b", buffering=0) as file, left, right:
        with CrowdSelector() as crowd:
            crowd.register(file.fileno(), READ)
            crowd.register(left.fileno(), READ)
            right.send(b"x")
            assert ready(crowd) == {left.fileno(): READ, file.fileno(): READ}
