"""The lingering close of a client."""

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


class ClosingClient:
    """A client whose connection is closed by the server."""

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
def closing_client() -> Iterator[ClosingClient]:
    made = ClosingClient()
    with made.loop, made.conn:
        yield made
        made.client.closes()


def test_last_data_arrives_although_input_is_unread(closing_client: ClosingClient) -> None:
    closing_client.client.says(bytes(100_000))
    closing_client.conn.send_all(b"no\n")
    closing_client.close()
    closing_client.client.hears(b"no\n")
    closing_client.client.hears_end()
    assert closing_client.over == []
    closing_client.client.half_closes()
    closing_client.run()
    assert closing_client.conn.fileno() == -1


def test_client_that_never_closes_is_closed_after_the_linger_time(
    closing_client: ClosingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER", 0.02)
    closing_client.close()
    closing_client.run()
    assert closing_client.conn.fileno() == -1


def test_client_that_has_already_reset(closing_client: ClosingClient) -> None:
    closing_client.client.resets()
    closing_client.close()
    closing_client.run()
    assert closing_client.over == [True]


def test_incomplete_data_ends_with_a_reset(closing_client: ClosingClient) -> None:
    closing_client.conn.send_all(b"some")
    closing_client.close(broken=True)
    closing_client.run()
    closing_client.client.hears(b"some")
    assert closing_client.client.is_reset()


@needs_rst
def test_reset_waits_for_sent_data_for_the_linger_time(
    closing_client: ClosingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER", 0.05)
    closing_client.conn.settimeout(0)
    _fill(closing_client.conn)
    closing_client.close(broken=True)
    assert closing_client.over == []
    closing_client.run()
    assert closing_client.client.is_reset()


def _fill(conn: TcpConn) -> None:
    try:
        while True:
            conn.send(bytes(1 << 20))
    except BlockingIOError:
        pass


def test_stop_calls_no_callback(closing_client: ClosingClient) -> None:
    closing = closing_client.close()
    closing.stop()
    closing.stop()
    closing_client.client.half_closes()
    rounds: list[int] = []
    closing_client.loop.call_later(0.01, lambda: rounds.append(1))
    closing_client.loop.run_while(lambda: not rounds)
    assert closing_client.over == []


class Decrypting(TcpConn):
    """Buffers decrypted data and the end, like TLS: no FIN follows the peer's close_notify."""

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


def test_buffered_close_notify_ends_the_linger_at_once(closing_client: ClosingClient) -> None:
    closing_client.conn = conn = Decrypting(closing_client.conn, [b"more", b"and more", b""])
    closing_client.client.says(b"x")
    closing = closing_client.close()
    closing_client.run()
    assert conn.held == []
    assert closing._timer is not None
    assert closing._timer.is_cancelled()
