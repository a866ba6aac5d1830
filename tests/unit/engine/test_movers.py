"""The choice of the fast path of a relay, and passing messages between two WebSockets."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

pytest.importorskip("wsproto", reason="wsproto is not installed")

from pync.core.address import Address
from pync.core.broken import WebSocketFailure
from pync.core.deadline import Deadline
from pync.engine.movers import MessageMover, receiving, sending
from pync.engine.pace import Rate
from pync.engine.pipeline import PLAIN
from pync.layers.websocket import Framing
from pync.layers.websocket_handshake import Offer, Wish
from pync.transports.memory import pair as memory_pair
from pync.transports.upgrading import Upgrading, upgrade_now
from pync.transports.websocket import Upgrade, WebSocketConn
from pync.waiting.readiness import readable

WHERE = Address("ws", "host", "80", "/")
PASSED = Framing(None, "binary", passes_on=True)
STREAM = Framing(None, "binary")


def pair(framing: Framing) -> tuple[WebSocketConn, WebSocketConn]:
    """Return a peer and the relay's end of its connection, which is non-blocking."""
    ours, theirs = memory_pair()
    theirs.settimeout(10)
    upgrading = Upgrading(theirs, Upgrade(Offer(), framing), None)
    accepted: list[WebSocketConn] = []
    accepting = threading.Thread(target=lambda: accepted.append(upgrading.step()))
    accepting.start()
    peer = upgrade_now(ours, Upgrade(Wish("host"), Framing(None, "", 1 << 20)), WHERE)
    accepting.join()
    peer.settimeout(10)
    accepted[0].settimeout(0)
    return peer, accepted[0]


def test_messages_are_passed_on_unless_the_pipeline_changes_bytes() -> None:
    one, near = pair(PASSED)
    two, far = pair(PASSED)
    three, stream = pair(STREAM)
    with one, near, two, far, three, stream:
        tapped = PLAIN._replace(tap=lambda *_: None)
        for pipeline in (PLAIN, tapped):
            assert isinstance(sending(pipeline, near, far), MessageMover)
            assert isinstance(receiving(pipeline, far, near), MessageMover)
        paced = PLAIN._replace(pace=Rate(10), received_pace=Rate(10))
        assert sending(paced, near, far) is None
        assert receiving(paced, far, near) is None
        assert sending(PLAIN, near, stream) is None


def test_message_types_boundaries_and_close_are_passed_on() -> None:
    one, near = pair(PASSED)
    two, far = pair(PASSED)
    seen: list[bytes] = []
    with one, near, two, far:
        mover = MessageMover(near, far, seen.append)
        with pytest.raises(BlockingIOError):
            mover.move()
        for message in ("text", "", b"", b"\0binary"):
            one.send_message(message)
        moved = 0
        while moved < 11:
            readable([near.fileno()], Deadline(10))
            moved += mover.move() or 0
        for message in ("text", "", b"", b"\0binary"):
            assert two.recv_message() == message
        assert b"".join(seen) == b"text\0binary"
        one.codec.close_as(near.codec)
        one.send_eof()
        readable([near.fileno()], Deadline(10))
        assert mover.move() == 0
        assert mover.ended
        assert mover.leftover() == b""
        far.send_eof()
        assert two.recv_message() is None
        mover.close()


def test_failure_of_the_source() -> None:
    one, near = pair(PASSED)
    two, far = pair(PASSED)
    with two, far, near:
        one.break_off()
        mover = MessageMover(near, far, None)
        readable([near.fileno()], Deadline(10))
        with pytest.raises((WebSocketFailure, ConnectionResetError)) as caught:
            mover.move()
        assert mover.fault(caught.value) == "source"


def test_mover_holds_the_rest_for_a_full_sink() -> None:
    one, near = pair(PASSED)
    two, far = pair(PASSED)
    much = bytes(8 << 20)
    with one, near, two, far:

        def send() -> None:
            with suppress(OSError):  # the message is not read completely
                one.send_message(much)

        sending_much = threading.Thread(target=send)
        sending_much.start()
        mover = MessageMover(near, far, None)
        while not mover.holds:
            try:
                mover.move()
            except BlockingIOError:
                continue
        with pytest.raises(BlockingIOError):
            mover.move()
        assert mover.fault(BlockingIOError()) == "sink"
        near.close()
        sending_much.join()
