"""A connection over a WebSocket, and how it ends."""

from __future__ import annotations

import socket
import threading

import pytest

from pync.core.address import Address
from pync.core.broken import WebSocketFailure
from pync.transports.conn import StreamConn
from pync.transports.memory import pair as memory_pair

pytest.importorskip("wsproto", reason="wsproto is not installed")

from pync.layers.websocket import Framing
from pync.layers.websocket_handshake import Offer, Wish
from pync.transports.upgrading import Upgrading, upgrade_now
from pync.transports.websocket import MOST_ANSWERS, Upgrade, WebSocketConn

PATIENCE = 10.0
WHERE = Address("ws", "host", "80", "/x")


ASKS, TAKES, LINES = Wish("host"), Offer(), Framing()


def pair(
    wish: Wish = ASKS, offer: Offer = TAKES, framing: Framing = LINES
) -> tuple[WebSocketConn, WebSocketConn]:
    """Return both ends of a WebSocket."""
    ours, theirs = memory_pair()
    theirs.settimeout(PATIENCE)
    upgrading = Upgrading(theirs, Upgrade(offer, framing), None)
    accepted: list[WebSocketConn] = []
    accepting = threading.Thread(target=lambda: accepted.append(upgrading.step()))
    accepting.start()
    client = upgrade_now(ours, Upgrade(wish, framing), WHERE)
    accepting.join()
    for conn in (client, *accepted):
        conn.settimeout(PATIENCE)
    return client, accepted[0]


def test_text_is_sent_line_by_line() -> None:
    client, server = pair()
    with client, server:
        client.send_all(b"one\nt")
        client.send_all(b"wo\nthree")
        assert server.recv_line() == b"one\n"
        assert server.recv_line() == b"two\n"
        client.send_eof()
        assert server.recv_line() == b"three\n"
        assert server.recv() == b""
        assert client.recv() == b""
        with pytest.raises(WebSocketFailure, match="not everything was sent"):
            server.send(b"more\n")


def test_large_binary_write() -> None:
    client, server = pair(framing=Framing(None, "binary"))
    with client, server:
        sent = bytes(300_000)
        sending = threading.Thread(target=client.send_all, args=(sent,))
        sending.start()
        assert server.recv_exactly(len(sent)) == sent
        sending.join()


def test_compression_in_both_directions() -> None:
    client, server = pair(Wish("host", deflate=True))
    with client, server:
        assert client.agreed.deflate
        assert server.agreed.deflate
        for one, other in ((client, server), (server, client)):
            one.send_all(b"x" * 1000 + b"\n")
            assert other.recv_line() == b"x" * 1000 + b"\n"


def test_drop_sends_going_away() -> None:
    client, server = pair()
    codes: list[int] = []
    server.told = lambda code, _reason: codes.append(code)
    with server:
        client.drop()
        client.drop()
        assert server.recv() == b""
    assert codes == [1001]


def test_connection_lost_without_a_close_frame_is_an_error() -> None:
    client, server = pair()
    with server:
        client.break_off()
        with pytest.raises((WebSocketFailure, ConnectionResetError)):
            server.recv()


def test_unanswered_ping_is_an_error() -> None:
    client, server = pair()
    with client, server:
        client.ping()
        client.ping(answered=True)
        client.ping()
        assert client.pending()
        with pytest.raises(WebSocketFailure, match="does not answer a ping"):
            client.recv()


def test_answered_ping_has_no_effect() -> None:
    client, server = pair()
    with client, server:
        client.ping()
        server.settimeout(0)
        # (recv answers the ping, but has no data to return.)
        with pytest.raises(BlockingIOError):
            server.recv()
        server.settimeout(PATIENCE)
        server.send_all(b"after the pong\n")
        assert client.recv_line() == b"after the pong\n"
        client.ping()
        assert not client.pending()


def test_pongs_for_a_peer_that_does_not_read_are_bounded() -> None:
    ours, theirs = memory_pair()
    theirs.settimeout(PATIENCE)
    upgrading = Upgrading(theirs, Upgrade(TAKES, LINES), None)
    ours.send_all(
        b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with ours, upgrading.step() as server:
        server.settimeout(0)
        ours.settimeout(0)
        ping = b"\x89\xfd" + bytes(4 + 125)
        for _ in range(200):
            ours.send(ping * 500)
            with pytest.raises(BlockingIOError):
                server.recv()
        assert len(server._unsent) < 2 * MOST_ANSWERS + 500 * len(ping)


def test_stop_waiting_for_the_close_of_the_peer() -> None:
    client, server = pair()
    said: list[str] = []
    client.said_close = lambda: said.append("close")
    with client, server:
        client.send_eof()
        assert said == ["close"]
        client.stop_waiting()
        assert client.recv() == b""


def test_class_and_attributes() -> None:
    client, server = pair()
    with client, server:
        assert isinstance(client, StreamConn)
        assert isinstance(client.inner, StreamConn)
        assert client.layered
        assert isinstance(client.socket, socket.socket)


def test_fragments_keep_their_message_type() -> None:
    client, server = pair()
    with client, server:
        assert not client.passes_on
        client.put_fragment("te", finished=False)
        client.put_fragment("xt", finished=True)
        client.put_fragment(b"", finished=True)
        assert client.holds
        client.flush()
        assert not client.holds
        parts: list[tuple[str | bytes, bool]] = []
        while len(parts) < 3:
            parts += server.recv_fragments()
        assert parts == [("te", False), ("xt", True), (b"", True)]
        client.send_eof()
        assert server.recv_fragments() == []
