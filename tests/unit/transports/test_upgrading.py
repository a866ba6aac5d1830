"""WebSocket handshakes: errors of a client, and the steps of a listener."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.broken import WebSocketError
from pync.transports.memory import pair as memory_pair

pytest.importorskip("wsproto", reason="wsproto is not installed")

from pync.layers.websocket import Framing
from pync.layers.websocket_handshake import Offer, Wish
from pync.transports.upgrading import Upgrading, upgrade_now
from pync.transports.websocket import Upgrade

WHERE = Address("ws", "host", "80", "/x")


def error_for(head: bytes) -> str:
    """Return the error message of a client for this answer."""
    ours, theirs = memory_pair()
    with theirs:
        theirs.send_all(head)
        theirs.send_eof()
        with pytest.raises(WebSocketError) as caught:
            upgrade_now(ours, Upgrade(Wish("host"), Framing()), WHERE)
    assert ours.fileno() == -1
    return str(caught.value)


def test_handshake_errors() -> None:
    assert error_for(b"HTTP/1.1 404 Not Found\r\n\r\n") == (
        "dial ws://host:80/x: the server answered 404 Not Found"
    )
    assert error_for(b"") == "dial ws://host:80/x: the connection ended in the handshake"


def test_handshake_timeout() -> None:
    ours, theirs = memory_pair()
    with theirs, pytest.raises(WebSocketError, match="timed out"):
        upgrade_now(ours, Upgrade(Wish("host"), Framing(), timeout=0.01), WHERE)


def test_handshake_of_a_listener_in_steps() -> None:
    ours, theirs = memory_pair()
    theirs.settimeout(0)
    upgrading = Upgrading(theirs, Upgrade(Offer(), Framing()), None)
    with ours:
        with pytest.raises(BlockingIOError):
            upgrading.step()
        assert not upgrading.writes
        assert "timed out" in str(upgrading.late())
        ours.send_all(b"GET / HTTP/1.1\r\nHost: host\r\n\r\n")
        with pytest.raises(WebSocketError, match="Upgrade"):
            upgrading.step()
        assert ours.recv_line().startswith(b"HTTP/1.1 426 ")
    assert theirs.fileno() == -1
