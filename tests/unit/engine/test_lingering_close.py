"""The end of a client."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pync.core.address import Address
from pync.engine import lingering_close as module
from pync.engine.lingering_close import Parting
from pync.engine.loop import Loop
from pync.transports.conn import TcpConn

from ...peer import Peer
from ...systems import needs_rst

HERE = Address("tcp", "127.0.0.1", "1")


class Door:
    """A client that has to go."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.client = Peer(socket.create_connection(server.getsockname()))
            self.conn = TcpConn(server.accept()[0], HERE, HERE)
        self.loop = Loop()
        self.over: list[bool] = []

    def part(self, *, broken: bool = False) -> Parting:
        parting = Parting(self.loop, self.conn, lambda: self.over.append(True), broken=broken)
        parting.start()
        return parting

    def run(self) -> None:
        self.loop.run_while(lambda: not self.over)


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    with made.loop, made.conn:
        yield made
        made.client.closes()


def test_what_was_said_last_arrives_though_input_is_unread(door: Door) -> None:
    door.client.says(bytes(100_000))
    door.conn.send_all(b"no\n")
    door.part()
    door.client.hears(b"no\n")
    door.client.hears_end()
    assert door.over == []
    door.client.half_closes()
    door.run()
    assert door.conn.fileno() == -1


def test_one_that_does_not_end_is_not_waited_for(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER", 0.02)
    door.part()
    door.run()
    assert door.conn.fileno() == -1


def test_one_that_is_gone_already(door: Door) -> None:
    door.client.resets()
    door.part()
    door.run()
    assert door.over == [True]


def test_what_is_not_all_ends_by_a_reset(door: Door) -> None:
    door.conn.send_all(b"some")
    door.part(broken=True)
    door.run()
    door.client.hears(b"some")
    assert door.client.is_reset()


@needs_rst
def test_a_reset_waits_for_what_was_sent_but_not_for_ever(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER", 0.05)
    door.conn.settimeout(0)
    _fill(door.conn)
    door.part(broken=True)
    assert door.over == []
    door.run()
    assert door.client.is_reset()


def _fill(conn: TcpConn) -> None:
    try:
        while True:
            conn.send(bytes(1 << 20))
    except BlockingIOError:
        pass


def test_one_that_is_stopped_tells_nobody(door: Door) -> None:
    parting = door.part()
    parting.stop()
    parting.stop()
    door.client.half_closes()
    rounds: list[int] = []
    door.loop.call_later(0.01, lambda: rounds.append(1))
    door.loop.run_while(lambda: not rounds)
    assert door.over == []
