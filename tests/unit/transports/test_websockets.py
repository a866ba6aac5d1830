"""WebSockets in the library: messages, addresses, and rejected clients."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import pync
from pync.core.errors import ListenError, UsageError

pytest.importorskip("wsproto", reason="wsproto is not installed")

PATIENCE = 10.0


@contextmanager
def serving(address: str, handler: Callable[[Any], object]) -> Iterator[str]:
    """Run a listener whose clients are handled in threads; yield its URL."""
    with pync.listen(address) as listener:
        thread = threading.Thread(target=listener.serve, args=(handler,))
        thread.start()
        yield f"ws://127.0.0.1:{listener.address.port}"
    thread.join(PATIENCE)


def _dialled(address: str) -> pync.WebSocketConn:
    return pync.dial(address, pync.WebSocketConn, timeout=PATIENCE)


def echo(conn: pync.WebSocketConn) -> None:
    while (message := conn.recv_message(PATIENCE)) is not None:
        conn.send_message(message)


def test_text_and_binary_messages() -> None:
    with serving("ws://127.0.0.1:0", echo) as where:
        with pync.dial(where, pync.WebSocketConn, timeout=PATIENCE) as conn:
            for message in ("text", b"\xffbinary", "", b"", "ü" * 100_000):
                conn.send_message(message)
                assert conn.recv_message(PATIENCE) == message
            conn.send_all(b"one")
            conn.send_all(b"two")
            conn.send_message("")
            conn.send_message("three")
            assert [conn.recv(100) for _ in range(3)] == [b"one", b"two", b"three"]
            conn.send_all(b"rest")
            assert conn.recv(1) == b"r"
            assert conn.recv_message() == b"est"
            conn.send_eof()
            assert conn.recv_message() is None
            assert conn.recv() == b""


def test_path_login_and_origin() -> None:
    def send_target(conn: pync.WebSocketConn) -> None:
        conn.send_message(conn.agreed.target)

    with serving("ws://me:secret@127.0.0.1:0/a", send_target) as where:
        with _dialled(f"{where.replace('//', '//me:secret@')}/a?b") as conn:
            assert conn.recv_message() == "/a?b"
            assert str(conn.peer).startswith("ws://127.0.0.1:")
        for wrong, why in ((f"{where}/a", "401"), (f"{where}/b", "404")):
            with pytest.raises(pync.WebSocketError, match=why):
                pync.dial(wrong, timeout=PATIENCE)
        cross = {"Origin": "http://other"}
        with pytest.raises(pync.WebSocketError, match="403"):
            pync.dial(f"{where}/a", headers=cross, subprotocols=("x",), timeout=PATIENCE)


def test_send_after_the_close_of_the_peer_is_an_error() -> None:
    def closes(conn: pync.WebSocketConn) -> None:
        conn.send_message("bye")
        conn.drop()

    with serving("ws://127.0.0.1:0", closes) as where, _dialled(where) as conn:
        assert conn.recv_message() == "bye"
        assert conn.recv_message() is None
        with pytest.raises(pync.WebSocketFailure, match="not everything was sent"):
            conn.send_message("too late")


def test_timeouts() -> None:
    with pync.listen("ws://127.0.0.1:0/x") as listener:
        assert "ws://127.0.0.1:" in repr(listener)
        assert listener.address.path == "/x"
        with pytest.raises(ListenError, match="timed out"):
            listener.accept(0.01)
        where = f"ws://127.0.0.1:{listener.address.port}/x"
        with pytest.raises(pync.WebSocketError, match="timed out"):
            pync.dial(where, timeout=0.05)
    with serving("ws://127.0.0.1:0", echo) as where, _dialled(where) as conn:
        with pytest.raises(TimeoutError):
            conn.recv_message(0.01)


def test_headers_need_a_websocket() -> None:
    with pytest.raises(UsageError, match="are a WebSocket's"):
        pync.dial("localhost:1", headers={"a": "b"})
