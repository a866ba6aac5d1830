"""A relay between two plain streams does the same as a Relay, also where it hands over to one."""

from __future__ import annotations

import gc
import os
import socket
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pync.core.address import Address
from pync.core.endings import Endings
from pync.core.errors import RelayError
from pync.engine import direct, waiting
from pync.engine.direct import DirectRelay, relay_between
from pync.engine.ends import END, OPEN, RESET, Ends
from pync.engine.loop import Loop
from pync.engine.pipeline import PLAIN, Moved, Pipeline
from pync.engine.relay import Relay
from pync.transports.conn import StreamConn, TcpConn

from ...systems import needs_rst

LOOPBACK, THERE = Address("tcp", "127.0.0.1", "0"), Address("tcp", "127.0.0.1", "1")
STAY = Endings(on_peer_end="stay", truncated_ends=False, whole=True)

#: More than all buffers of a connection over loopback hold.
MUCH = 16 << 20


def tcp(address: Address) -> tuple[TcpConn, TcpConn]:
    """Return the two ends of a connection; the second one is called ``address``."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far = server.accept()[0]
    return TcpConn(near, LOOPBACK, address), TcpConn(far, LOOPBACK, address)


class Sides:
    """A user, a relay in a loop, and a peer. The test runs the loop."""

    def __init__(self, stack: ExitStack, make: str) -> None:
        (self.user, self.local), (self.remote, self.peer) = tcp(LOOPBACK), tcp(THERE)
        self.loop = stack.enter_context(Loop())
        for conn in (self.user, self.local, self.remote, self.peer):
            stack.callback(conn.close)
        self.user.settimeout(0)
        self.peer.settimeout(0)
        self.ended: list[object] = []
        given = (self.loop, self.local, self.remote, STAY)
        self.relay: DirectRelay | Relay = (
            Relay(*given, finished=self.ended.append)
            if make == "relay"
            else relay_between(*given, PLAIN, self.ended.append, first=make == "first")
        )
        assert isinstance(self.relay, Relay if make == "relay" else DirectRelay)
        stack.callback(self.relay.stop)
        self.relay.start()

    def until(self, condition: Callable[[], object]) -> None:
        """Run the loop until something is true."""
        late: list[bool] = []
        timer = self.loop.call_later(30, lambda: late.append(True))
        look = self.loop.call_every(0.001, lambda: None)
        self.loop.run_while(lambda: not (late or condition()))
        timer.cancel()
        look.cancel()
        assert not late, "it takes too long"

    def heard(self, conn: StreamConn, size: int) -> bytes:
        """Return ``size`` bytes that have come, or those before the end."""
        data = bytearray()

        def came() -> bool:
            try:
                piece = conn.recv(min(1 << 20, size - len(data)))
            except BlockingIOError:
                return False
            data.extend(piece)
            return not piece or len(data) == size

        self.until(came)
        return bytes(data)

    def finish(self) -> None:
        """Run the loop until the relay is over; close its connections, as its owner does."""
        self.until(lambda: self.ended)
        self.local.close()
        self.remote.close()


@pytest.fixture(params=["direct", "first", "relay"])
def sides(request: pytest.FixtureRequest) -> Iterator[Sides]:
    with ExitStack() as stack:
        yield Sides(stack, request.param)


def test_data_and_eof_in_both_directions(sides: Sides) -> None:
    sides.user.send_all(b"question")
    assert sides.heard(sides.peer, 8) == b"question"
    sides.user.send_eof()
    assert sides.heard(sides.peer, 1) == b""
    sides.peer.send_all(b"answer")
    assert sides.heard(sides.user, 6) == b"answer"
    assert sides.relay.moved == Moved(8, 6)
    assert sides.relay.ends == Ends(END, OPEN)
    sides.peer.send_eof()
    sides.finish()
    assert sides.heard(sides.user, 1) == b""
    assert sides.relay.failure is None
    assert sides.relay.ends == Ends(END, END)


def test_peer_ends_first(sides: Sides) -> None:
    sides.peer.send_all(b"answer")
    sides.peer.send_eof()
    assert sides.heard(sides.user, 7) == b"answer"
    sides.user.send_all(b"question")
    sides.user.send_eof()
    assert sides.heard(sides.peer, 8) == b"question"
    sides.finish()
    assert sides.heard(sides.peer, 1) == b""
    assert sides.relay.moved == Moved(8, 6)
    assert sides.relay.failure is None


def test_bulk_data_with_slow_readers(sides: Sides) -> None:
    there, back = os.urandom(MUCH), os.urandom(MUCH)
    left: dict[StreamConn, memoryview] = {
        sides.user: memoryview(there),
        sides.peer: memoryview(back),
    }

    def send() -> bool:
        """Return whether neither side takes more."""
        sent = 0
        for conn, data in left.items():
            try:
                count = conn.send(data[: 1 << 20]) if data else 0
            except BlockingIOError:
                continue
            left[conn] = data[count:]
            sent += count
            if count and not left[conn]:
                conn.send_eof()
        return not sent

    got: dict[StreamConn, bytearray] = {conn: bytearray() for conn in left}
    over: set[StreamConn] = set()

    def hear() -> bool:
        send()
        for conn, data in got.items():
            try:
                piece = conn.recv(1 << 20)
            except BlockingIOError:
                continue
            data.extend(piece)
            if not piece:
                over.add(conn)
        return len(over) == 2

    sides.until(send)
    sides.until(hear)
    sides.finish()
    assert got[sides.peer] == there
    assert got[sides.user] == back
    assert sides.relay.moved == Moved(MUCH, MUCH)
    assert sides.relay.failure is None


@needs_rst
def test_user_resets(sides: Sides) -> None:
    sides.user.send_all(b"question")
    assert sides.heard(sides.peer, 8) == b"question"
    sides.user.abort()
    sides.finish()
    assert isinstance(sides.relay.failure, RelayError)
    assert sides.relay.ends == Ends(RESET, OPEN)
    assert sides.relay.moved == Moved(8, 0)


@needs_rst
def test_peer_resets_after_user_eof(sides: Sides) -> None:
    sides.user.send_eof()
    assert sides.heard(sides.peer, 1) == b""
    sides.peer.send_all(b"ans")
    assert sides.heard(sides.user, 3) == b"ans"
    sides.peer.abort()
    sides.finish()
    assert isinstance(sides.relay.failure, RelayError)
    assert sides.relay.failure.address == THERE
    assert sides.relay.ends == Ends(END, RESET)


@needs_rst
@pytest.mark.parametrize("side", ["user", "peer"])
def test_side_resets_after_its_own_eof(
    sides: Sides, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (direct, waiting):
        monkeypatch.setattr(module, "RESET_LOOK", 0.01)
    ends, other = (sides.user, sides.peer) if side == "user" else (sides.peer, sides.user)
    ends.send_eof()
    assert sides.heard(other, 1) == b""
    ends.abort()
    sides.finish()
    assert isinstance(sides.relay.failure, RelayError)
    assert RESET in sides.relay.ends


@needs_rst
def test_read_bytes_arrive_after_a_failed_write(sides: Sides) -> None:
    filled = 0
    try:
        while True:
            filled += sides.local.send(bytes(1 << 16))
    except BlockingIOError:
        pass
    sides.peer.send_all(b"last words")

    def has_read() -> bool:
        """Return whether the relay has read them; the user, who is slow, keeps it from more."""
        try:
            sides.remote.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not sides.peer.unacknowledged()
        return False

    sides.until(has_read)
    sides.peer.abort()
    sides.user.send_all(b"more")
    assert sides.heard(sides.user, filled + 10).endswith(b"last words")
    sides.finish()
    assert isinstance(sides.relay.failure, RelayError)
    assert sides.relay.moved.received == 10


@pytest.mark.parametrize("ends", [False, True])
def test_bytes_received_before_start(ends: bool) -> None:
    (user, local), (remote, peer) = tcp(LOOPBACK), tcp(THERE)
    with user, local, remote, peer, Loop() as loop:
        user.send_all(b"question")
        if ends:
            user.send_eof()
        ended: list[object] = []
        relay = relay_between(loop, local, remote, STAY, PLAIN, ended.append, first=True)
        relay.start()
        assert relay.moved == Moved(8, 0)
        assert peer.recv(100) == b"question"
        peer.close()
        if not ends:
            user.send_eof()
        loop.run_while(lambda: not ended)
        assert relay.failure is None


@pytest.mark.parametrize(
    ("endings", "pipeline"),
    [
        (STAY._replace(idle=9.0), PLAIN),
        (STAY._replace(quit_after=9.0), PLAIN),
        (STAY._replace(eof_after=0.1), PLAIN),
        (STAY._replace(on_peer_end="leave"), PLAIN),
        (STAY._replace(leave_when_sent=True), PLAIN),
        (STAY._replace(shutdown=False), PLAIN),
        (STAY, Pipeline(tap=lambda _direction, _data: None)),
        (STAY, Pipeline(meter=lambda _moved: None)),
    ],
)
def test_full_relay_is_used(endings: Endings, pipeline: Pipeline) -> None:
    (user, local), (remote, peer) = tcp(LOOPBACK), tcp(THERE)
    with user, local, remote, peer, Loop() as loop:
        made = relay_between(loop, local, remote, endings, pipeline, lambda _: None)
        assert isinstance(made, Relay)


def test_full_relay_for_bytes_read_ahead() -> None:
    (user, local), (remote, peer) = tcp(LOOPBACK), tcp(THERE)
    with user, local, remote, peer, Loop() as loop:
        user.send_all(b"line\nrest")
        assert local.recv_line() == b"line\n"
        made = relay_between(loop, local, remote, STAY, PLAIN, lambda _: None)
        assert isinstance(made, Relay)


def test_no_reference_cycle_is_left() -> None:
    def one_that_is_over() -> weakref.ref[DirectRelay | Relay]:
        with ExitStack() as stack:
            sides = Sides(stack, "direct")
            sides.user.send_all(b"question")
            assert sides.heard(sides.peer, 8) == b"question"
            sides.user.send_eof()
            sides.peer.send_eof()
            sides.finish()
            relay = weakref.ref(sides.relay)
            sides.ended.clear()
            return relay

    gc.disable()
    try:
        assert one_that_is_over()() is None
    finally:
        gc.enable()
