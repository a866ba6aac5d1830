"""The end of a client."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pync.core.address import Address
from pync.engine import lingering_close as module
from pync.engine.lingering_close import LingeringClose
from pync.engine.loop import Loop
from pync.transports.conn import TcpConn

from ...peer import Peer
from ...systems import needs_rst

HERE = Address("tcp", "127.0.0.1", "1")


class Leaving:
    """A client that has to go."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.client = Peer(socket.create_connection(server.getsockname()))
            self.conn = TcpConn(server.accept()[0], HERE, HERE)
        self.loop = Loop()
        self.over: list[bool] = []

    def close(self, *, broken: bool = False) -> LingeringClose:
        closing = LingeringClose(
            self.loop, self.conn, lambda: self.over.append(True), broken=broken
        )
        closing.start()
        return closing

    def run(self) -> None:
        self.loop.run_while(lambda: not self.over)


@pytest.fixture
def leaving() -> Iterator[Leaving]:
    made = Leaving()
    with made.loop, made.conn:
        yield made
        made.client.closes()


def test_what_was_said_last_arrives_though_input_is_unread(leaving: Leaving) -> None:
    leaving.client.says(bytes(100_000))
    leaving.conn.send_all(b"no\n")
    leaving.close()
    leaving.client.hears(b"no\n")
    leaving.client.hears_end()
    assert leaving.over == []
    leaving.client.half_closes()
    leaving.run()
    assert leaving.conn.fileno() == -1


def test_one_that_does_not_end_is_not_waited_for(
    leaving: Leaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER", 0.02)
    leaving.close()
    leaving.run()
    assert leaving.conn.fileno() == -1


def test_one_that_is_gone_already(leaving: Leaving) -> None:
    leaving.client.resets()
    leaving.close()
    leaving.run()
    assert leaving.over == [True]


def test_what_is_not_all_ends_by_a_reset(leaving: Leaving) -> None:
    leaving.conn.send_all(b"some")
    leaving.close(broken=True)
    leaving.run()
    leaving.client.hears(b"some")
    assert leaving.client.is_reset()


@needs_rst
def test_a_reset_waits_for_what_was_sent_but_not_for_ever(
    leaving: Leaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER", 0.05)
    leaving.conn.settimeout(0)
    _fill(leaving.conn)
    leaving.close(broken=True)
    assert leaving.over == []
    leaving.run()
    assert leaving.client.is_reset()


def _fill(conn: TcpConn) -> None:
    try:
        while True:
            conn.send(bytes(1 << 20))
    except BlockingIOError:
        pass


def test_one_that_is_stopped_tells_nobody(leaving: Leaving) -> None:
    closing = leaving.close()
    closing.stop()
    closing.stop()
    leaving.client.half_closes()
    rounds: list[int] = []
    leaving.loop.call_later(0.01, lambda: rounds.append(1))
    leaving.loop.run_while(lambda: not rounds)
    assert leaving.over == []


class Decrypting(TcpConn):
    """Holds what came, then the end, as TLS does: no FIN follows the peer's close_notify."""

    def __init__(self, conn: TcpConn, held: list[bytes]) -> None:
        super().__init__(conn.socket, conn.local, conn.peer)
        self.held = held
        self._decrypted = False

    def pending(self) -> bool:
        return self._decrypted

    def _recv(self, size: int) -> bytes:
        if not self._decrypted:
            self._decrypted = bool(super()._recv(size))
        return self.held.pop(0)


def test_one_whose_last_words_are_decrypted_already_is_let_go_at_once(leaving: Leaving) -> None:
    leaving.conn = conn = Decrypting(leaving.conn, [b"more", b"and more", b""])
    leaving.client.says(b"x")
    closing = leaving.close()
    leaving.run()
    assert conn.held == []
    assert closing._timer is not None
    assert closing._timer.is_cancelled()
