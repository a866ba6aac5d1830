"""The handshakes of a WebSocket: what a client is told, and a listener's step by step."""

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


def refused(head: bytes) -> str:
    """Return the text of a client's error for this answer."""
    ours, theirs = memory_pair()
    with theirs:
        theirs.send_all(head)
        theirs.send_eof()
        with pytest.raises(WebSocketError) as caught:
            upgrade_now(ours, Upgrade(Wish("host"), Framing()), WHERE)
    assert ours.fileno() == -1
    return str(caught.value)


def test_what_is_reported_of_a_handshake() -> None:
    assert refused(b"HTTP/1.1 404 Not Found\r\n\r\n") == (
        "dial ws://host:80/x: the server answered 404 Not Found"
    )
    assert refused(b"") == "dial ws://host:80/x: the connection ended in the handshake"


def test_a_handshake_that_takes_too_long() -> None:
    ours, theirs = memory_pair()
    with theirs, pytest.raises(WebSocketError, match="timed out"):
        upgrade_now(ours, Upgrade(Wish("host"), Framing(), timeout=0.01), WHERE)


def test_a_listener_goes_on_step_by_step() -> None:
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
