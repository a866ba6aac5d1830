"""How a relay ends. It runs in a thread; the test acts as the user and as the peer."""

from __future__ import annotations

import gc
import select
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pync.core.address import Address
from pync.core.endings import Endings
from pync.core.errors import IdleTimeoutError, OutputError, QuitTimeoutError, RelayError
from pync.core.events import Event, PeerEnded
from pync.engine import peerend, waiting
from pync.engine import relay as module
from pync.engine.loop import Loop, Timer
from pync.engine.pace import LineByLine
from pync.engine.pipeline import PLAIN, Moved, Pipeline
from pync.engine.relay import Relay, relay
from pync.layers.newline import CrlfEncoder
from pync.transports.conn import Conn, StreamConn, TcpConn
from pync.transports.memory import pair

from ...systems import needs_rst

if TYPE_CHECKING:
    from pync.core.endings import WhenPeerEnds

PATIENCE = 10.0
LOOPBACK = Address("tcp", "127.0.0.1", "0")


class Session:
    """A relay between ``user`` and ``peer``, and its result."""

    def __init__(self, endings: Endings, pipeline: Pipeline) -> None:
        self.user, self._local = pair()
        with socket.create_server(("127.0.0.1", 0)) as server:
            near = socket.create_connection(server.getsockname())
            far = server.accept()[0]
        self.peer = TcpConn(far, LOOPBACK, LOOPBACK)
        self._remote = TcpConn(near, LOOPBACK, LOOPBACK)
        self.user.settimeout(PATIENCE)
        self.peer.settimeout(PATIENCE)
        self.events: list[Event] = []
        self._result: Moved | Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(endings, pipeline))
        self._thread.start()

    def _run(self, endings: Endings, pipeline: Pipeline) -> None:
        try:
            self._result = relay(self._local, self._remote, endings, pipeline, self.events.append)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self._result = error
        finally:
            self._local.close()
            self._remote.close()

    def result(self) -> Moved | Exception | None:
        """Wait for the end of the relay; return its result."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "still running"
        return self._result

    @property
    def runs(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self.user.close()
        self.peer.close()
        self._thread.join(PATIENCE)


Start = Callable[..., Session]


@pytest.fixture
def start() -> Iterator[Start]:
    sessions: list[Session] = []

    def begin(endings: Endings = Endings(), pipeline: Pipeline = PLAIN) -> Session:  # noqa: B008
        sessions.append(Session(endings, pipeline))
        return sessions[-1]

    yield begin
    for session in sessions:
        session.close()


def read_all(conn: StreamConn) -> bytes:
    data = b""
    while piece := conn.recv(65536):
        data += piece
    return data


def jam(conn: StreamConn) -> int:
    """Send until all buffers are full; return the number of bytes sent."""
    sent = 0
    conn.settimeout(0)
    while select.select([], [conn], [], 0.2)[1]:
        try:
            sent += conn.send(bytes(65536))
        except BlockingIOError:
            continue
    conn.settimeout(PATIENCE)
    return sent


def test_both_directions_until_both_have_ended(start: Start) -> None:
    session = start(Endings(on_peer_end="stay"))
    session.user.send_all(b"question")
    session.user.send_eof()
    assert read_all(session.peer) == b"question"
    session.peer.send_all(b"the answer")
    session.peer.send_eof()
    assert read_all(session.user) == b"the answer"
    assert session.result() == Moved(8, 10)


def test_answer_arrives_after_our_eof(start: Start) -> None:
    session = start()
    session.user.send_eof()
    assert session.peer.recv(1) == b""
    session.peer.send_all(b"late")
    session.peer.close()
    assert read_all(session.user) == b"late"
    assert session.result() == Moved(0, 4)


def test_no_shutdown_sends_no_fin(start: Start) -> None:
    session = start(Endings(shutdown=False, quit_after=0.05))
    session.user.send_all(b"x")
    session.user.send_eof()
    assert session.peer.recv(1) == b"x"
    # The next thing the peer sees is the end of the whole connection.
    assert session.peer.recv(1) == b""
    assert session.result() == Moved(1, 0)


def test_leave_at_peer_eof(start: Start) -> None:
    session = start(Endings(on_peer_end="leave"))
    session.peer.send_all(b"bye")
    session.peer.send_eof()
    assert read_all(session.user) == b"bye"
    assert session.result() == Moved(0, 3)
    assert session.events == [PeerEnded(LOOPBACK)]


def test_leave_at_peer_eof_sends_data_already_read(start: Start) -> None:
    session = start(Endings(on_peer_end="leave"))
    # More is read than the buffers of the peer hold, so data waits when the peer ends.
    sent = jam(session.user)
    session.peer.send_eof()
    assert session.user.recv(1) == b""
    received = len(read_all(session.peer))
    assert session.result() == Moved(received, 0)
    assert 0 < received <= sent


def test_stay_sends_the_whole_input_despite_pauses(start: Start) -> None:
    session = start(Endings(on_peer_end="stay"))
    session.user.send_all(b"part 1, ")
    session.peer.send_eof()
    assert session.user.recv(1) == b""
    session.user.send_all(b"part 2")
    session.user.send_eof()
    assert read_all(session.peer) == b"part 1, part 2"
    assert session.result() == Moved(14, 0)


def test_begun_ends_an_input_without_data(start: Start) -> None:
    session = start(Endings(on_peer_end="begun"))
    session.peer.send_eof()
    assert session.result() == Moved(0, 0)


@pytest.mark.parametrize("rule", ["begun", "waiting"])
def test_input_that_has_begun_is_sent_completely(start: Start, rule: WhenPeerEnds) -> None:
    session = start(Endings(on_peer_end=rule))
    session.user.send_all(b"x")
    assert session.peer.recv(1) == b"x"
    session.peer.send_eof()
    assert session.user.recv(1) == b""
    session.user.send_all(bytes(3_000_000))
    session.user.send_eof()
    assert len(read_all(session.peer)) == 3_000_000
    assert session.result() == Moved(3_000_001, 0)


def test_waiting_ends_at_a_pause_of_the_input(start: Start) -> None:
    session = start(Endings(on_peer_end="waiting"))
    session.user.send_all(b"x")
    assert session.peer.recv(1) == b"x"
    session.peer.send_eof()
    assert read_all(session.peer) == b""
    assert session.result() == Moved(1, 0)


def test_slow_peer_is_not_a_pause_of_the_input(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Semaphore(0)

    class Counting(Loop):
        def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
            looked.release()
            return super().call_later(seconds, callback)

    monkeypatch.setattr(peerend, "INPUT_PAUSE", 0.002)
    monkeypatch.setattr(module, "Loop", Counting)
    session = start(Endings(on_peer_end="waiting"))
    sent = jam(session.user)
    session.peer.send_eof()
    # Many times INPUT_PAUSE, in which nothing moves because the peer does not read.
    for _ in range(50):
        assert looked.acquire(timeout=PATIENCE)
    assert session.runs
    # (From here on it may be silent for 2 ms, because Windows can take that long to deliver.)
    monkeypatch.setattr(peerend, "INPUT_PAUSE", PATIENCE)
    session.user.send_eof()
    assert len(read_all(session.peer)) == sent
    assert session.result() == Moved(sent, 0)


@needs_rst
def test_reset_is_reported_while_the_input_is_silent(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "RESET_LOOK", 0.01)
    session = start(Endings(on_peer_end="stay"))
    session.peer.send_eof()
    assert session.user.recv(1) == b""
    session.peer.abort()
    error = session.result()
    assert isinstance(error, RelayError)
    assert error.cause == "connection reset by peer"


def test_quit_after_our_eof(start: Start) -> None:
    session = start(Endings(quit_after=0.02))
    session.user.send_eof()
    assert session.peer.recv(1) == b""
    assert session.result() == Moved(0, 0)


def test_quit_after_our_eof_can_be_an_error(start: Start) -> None:
    session = start(Endings(quit_after=0.02, quit_fails=True))
    session.user.send_eof()
    assert session.peer.recv(1) == b""
    assert isinstance(session.result(), QuitTimeoutError)


def test_peer_eof_before_the_quit_time_is_not_an_error(start: Start) -> None:
    session = start(Endings(quit_after=10, quit_fails=True))
    session.user.send_eof()
    session.peer.send_eof()
    assert session.result() == Moved(0, 0)


def test_leave_when_sent(start: Start) -> None:
    session = start(Endings(leave_when_sent=True), Pipeline(receives=False))
    session.peer.send_all(bytes(100_000))
    session.user.send_all(b"sent")
    session.user.send_eof()
    assert read_all(session.peer) == b"sent"
    assert isinstance(session.result(), Moved)


def test_receive_only_leaves_at_peer_eof(start: Start) -> None:
    session = start(Endings(on_peer_end="stay"), Pipeline(sends=False))
    session.peer.send_all(b"x")
    session.peer.send_eof()
    assert read_all(session.user) == b"x"
    assert session.result() == Moved(0, 1)


def test_idle_timeout(start: Start) -> None:
    session = start(Endings(idle=0.05))
    session.peer.send_all(b"x")
    assert session.user.recv(1) == b"x"
    error = session.result()
    assert isinstance(error, IdleTimeoutError)
    assert error.cause == "idle for 0.05 s"


@needs_rst
def test_reset_is_reported_after_received_data(start: Start) -> None:
    session = start(Endings(on_peer_end="leave"))
    session.peer.send_all(b"last words")
    assert session.user.recv(100) == b"last words"
    session.peer.abort()
    error = session.result()
    assert isinstance(error, RelayError)
    assert error.cause == "connection reset by peer"
    assert session.events == []


@needs_rst
def test_reset_by_a_peer_that_discards_our_data_is_reported(start: Start) -> None:
    session = start(Endings())
    session.user.send_all(b"never read")
    session.user.send_eof()
    # Closing with unread input is an RST (RFC 1122 4.2.2.13).
    session.peer._sock.recv(1, socket.MSG_PEEK)
    session.peer.close()
    error = session.result()
    assert isinstance(error, RelayError)
    assert error.cause == "connection reset by peer"


def test_write_to_a_closed_peer_is_an_error(start: Start) -> None:
    session = start(Endings(on_peer_end="stay"))
    session.peer.close()
    assert session.user.recv(1) == b""
    session.user.send_all(b"x")
    error = None
    while error is None and session.runs:
        try:
            session.user.send_all(b"more")
        except OSError:
            break
    error = session.result()
    assert isinstance(error, RelayError)
    assert error.cause in ("connection reset by peer", "connection closed by the peer")


@needs_rst
def test_failing_output_is_an_error(start: Start) -> None:
    session = start(Endings())
    session.user.close()
    session.peer.send_all(b"x")
    error = session.result()
    assert isinstance(error, (RelayError, OutputError))


def test_conversion_and_pace(start: Start) -> None:
    session = start(Endings(), Pipeline(convert=CrlfEncoder().encode, pace=LineByLine(0.001)))
    session.user.send_all(b"a\nb\n")
    session.user.send_eof()
    assert read_all(session.peer) == b"a\r\nb\r\n"
    session.peer.close()
    assert session.result() == Moved(6, 0)


def test_timeouts_of_the_connections_are_restored() -> None:
    left, a = pair()
    b, right = pair()
    with left, a, b, right:
        a.settimeout(3)
        left.send_eof()
        right.send_eof()
        relay(a, b, Endings(on_peer_end="stay"))
        assert (a.gettimeout(), b.gettimeout()) == (3, None)


def test_tap_sees_both_directions(start: Start) -> None:
    seen: list[tuple[str, bytes]] = []
    tap = Pipeline(tap=lambda direction, data: seen.append((direction, data)))
    session = start(Endings(), tap)
    session.user.send_all(b"question")
    assert session.peer.recv(100) == b"question"
    session.peer.send_all(b"answer")
    assert session.user.recv(100) == b"answer"
    session.peer.close()
    assert session.result() == Moved(8, 6)
    assert seen == [("sent", b"question"), ("received", b"answer")]


def test_many_relays_in_one_loop() -> None:
    ended: list[Moved] = []
    with Loop() as loop, ExitStack() as stack:
        relays = []
        for number in range(20):
            user, local, remote, peer = (stack.enter_context(one) for one in (*pair(), *pair()))
            user.send_all(b"x" * number)
            user.send_eof()
            peer.send_all(b"yes")
            peer.send_eof()
            stay = Endings(on_peer_end="stay")
            relays.append(
                Relay(loop, local, remote, stay, finished=lambda one: ended.append(one.moved))
            )
            relays[-1].start()
        loop.run_while(lambda: len(ended) < len(relays))
    assert sorted(ended) == [Moved(number, 3) for number in range(20)]
    assert all(relay.over and relay.failure is None for relay in relays)


def test_finished_relay_is_freed_without_garbage_collection() -> None:
    """A server has thousands of clients, so reference cycles would use up memory."""

    def finished_relay() -> weakref.ref[Relay]:
        (user, local), (remote, peer) = pair(), pair()
        with user, local, remote, peer, Loop() as loop:
            running = Relay(loop, local, remote, Endings())
            running.start()
            user.send_eof()
            peer.close()
            loop.run_while(lambda: not running.over)
            return weakref.ref(running)

    gc.disable()
    try:
        gone = finished_relay()
        assert gone() is None
    finally:
        gc.enable()


class DelayedEof(StreamConn):
    """The first attempt to send EOF would block, as with TLS."""

    waited = sent = False

    def send_eof(self) -> None:
        if not self.waited:
            self.waited = True
            raise BlockingIOError
        super().send_eof()
        self.sent = True


def test_eof_to_the_peer_is_retried() -> None:
    (user, local), (left, right) = pair(), socket.socketpair()
    remote, peer = DelayedEof(left, LOOPBACK, LOOPBACK), StreamConn(right, LOOPBACK, LOOPBACK)
    with user, local, remote, peer, Loop() as loop:
        running = Relay(loop, local, remote, Endings(on_peer_end="stay"))
        running.start()
        user.send_eof()
        peer.send_eof()
        loop.run_while(lambda: not running.over)
        assert peer.recv(1) == b""
        assert remote.waited


def test_eof_to_the_output_is_retried() -> None:
    (left, right), (remote, peer) = socket.socketpair(), pair()
    local, user = DelayedEof(left, LOOPBACK, LOOPBACK), StreamConn(right, LOOPBACK, LOOPBACK)
    with user, local, remote, peer, Loop() as loop:
        running = Relay(loop, local, remote, Endings(on_peer_end="stay"))
        running.start()
        peer.send_eof()
        loop.run_while(lambda: not running.over and not local.sent)
        assert user.recv(1) == b""
        running.stop()


class WithoutHalfClose(Conn):
    """A stream without half-close, like a named pipe of bytes."""


@pytest.mark.parametrize("whole", [True, False])
def test_relay_without_half_close_ends_after_our_eof_if_whole(whole: bool) -> None:
    (user, local), (left, right) = pair(), socket.socketpair()
    remote, peer = WithoutHalfClose(left, LOOPBACK, LOOPBACK), StreamConn(right, LOOPBACK, LOOPBACK)
    endings = Endings(on_peer_end="stay", eof_after=0.05, whole=whole)
    with user, local, remote, peer, Loop() as loop:
        running = Relay(loop, local, remote, endings)
        running.start()
        user.send_all(b"question")
        user.send_eof()
        loop.run_while(lambda: running.moved.sent < 8)
        peer.send_all(b"answer")
        late: list[bool] = []
        loop.call_later(5 if whole else 0.3, lambda: late.append(True))
        loop.run_while(lambda: not (running.over or late))
        assert running.over == whole
        assert running.failure is None
        assert user.recv(10) == b"answer"
        running.stop()


def test_stop_calls_no_callback() -> None:
    (user, local), (remote, peer) = pair(), pair()
    with user, local, remote, peer, Loop() as loop:
        running = Relay(loop, local, remote, Endings(idle=0.001), finished=_never)
        running.start()
        running.stop()
        running.stop()
        done: list[bool] = []
        loop.call_later(0.01, lambda: done.append(True))
        loop.run_while(lambda: not done)


def _never(_relay: Relay) -> None:
    raise AssertionError("it was stopped")
