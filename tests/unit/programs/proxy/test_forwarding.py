"""Forwarding between a client and an origin: neither is read faster than the other reads."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from pync.core.address import Address
from pync.engine import turn as turn_module
from pync.engine.loop import Loop, Timer
from pync.engine.pace import Rate
from pync.engine.pipeline import PLAIN, Pipeline
from pync.engine.turn import Turn
from pync.layers.http_proxy import CLOSING, DIALLING, READING, Intermediary
from pync.programs.proxy import forwarding as module
from pync.programs.proxy.forwarding import HIGH_WATER, READ, Forwarding
from pync.transports.conn import StreamConn, TcpConn

from ....clock import Stopwatch
from ....peer import DEADLINE, Peer
from ....systems import needs_rst

HERE = Address("tcp", "127.0.0.1", "1")


#: The size of the kernel's buffers. By default they hold megabytes, and filling them takes minutes
#: on a busy machine.
BUFFER = 64 * 1024


def connection() -> tuple[TcpConn, Peer]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = Peer(socket.create_connection(server.getsockname()))
        conn = server.accept()[0]
    for sock in (peer.sock, conn):
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)
    return TcpConn(conn, HERE, HERE), peer


class Between:
    """A proxy with a client on one side, and later an origin on the other."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.conn, self.client = connection()
        self.origin_conn, self.origin = connection()
        self.turn = Turn()
        self.proxy = Intermediary(None, lambda: b"today", enough=self.turn.is_over)
        self.over: list[Forwarding] = []
        #: Bytes of a body that the client has sent.
        self.client_said = 0

    def forward(
        self,
        origin: StreamConn | None = None,
        *,
        idle: float | None = None,
        first: bool = True,
        pipeline: Pipeline = PLAIN,
    ) -> Forwarding:
        self.over.clear()
        forwarding = Forwarding(
            self.loop,
            self.conn,
            origin,
            self.proxy,
            self.turn,
            pipeline,
            first=first,
            idle=idle,
            finished=self.over.append,
        )
        forwarding.start()
        return forwarding

    def dial(self) -> None:
        """The client's request is heard, and its origin reached."""
        self.forward()
        self.until(lambda: bool(self.over))
        assert self.proxy.state == DIALLING
        self.proxy.connected()

    def until(self, condition: Callable[[], bool]) -> None:
        late: list[int] = []
        timer = self.loop.call_later(DEADLINE, lambda: late.append(1))
        self.loop.run_while(lambda: not (condition() or late))
        timer.cancel()
        assert not late, "timed out"

    def for_a_while(self) -> None:
        rounds: list[int] = []
        self.loop.call_later(0.05, lambda: rounds.append(1))
        self.until(lambda: bool(rounds))


@pytest.fixture
def between() -> Iterator[Between]:
    made = Between()
    with made.loop, made.conn, made.origin_conn:
        yield made
        made.client.closes()
        made.origin.closes()


GET = b"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n"


def test_origin_is_not_read_while_the_client_does_not_read(between: Between) -> None:
    between.client.says(GET)
    between.dial()
    forwarding = between.forward(between.origin_conn)
    much = 64 << 20
    between.origin.says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % much)
    between.origin.sock.setblocking(False)
    sent = 0
    while True:
        try:
            sent += between.origin.sock.send(bytes(1 << 20))
        except BlockingIOError:
            before = sent
            between.for_a_while()
            try:
                sent += between.origin.sock.send(bytes(1 << 20))
            except BlockingIOError:
                if sent == before:
                    break
    assert sent < much
    assert forwarding._to_client.size < HIGH_WATER + 2 * READ
    forwarding.stop()


def test_head_timeout(between: Between, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_TIMEOUT", 0.02)
    between.client.says(GET[:20])
    between.forward()
    between.until(lambda: bool(between.over))
    assert between.proxy.state == CLOSING
    assert between.client._read(12) == b"HTTP/1.1 408"


def test_keep_alive_timeout_between_requests(
    between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD_TIMEOUT", 0.001)
    monkeypatch.setattr(module, "KEEP_ALIVE_TIMEOUT", 0.1)
    stopwatch = Stopwatch()
    between.forward(first=False)
    between.until(lambda: bool(between.over))
    assert stopwatch.reached(0.1)
    assert (between.proxy.state, between.proxy.failure) == (CLOSING, "")


def test_request_timer_restarts_after_an_answer_of_the_proxy(
    between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser keeps the connection while its user types the password for the 407."""
    monkeypatch.setattr(module, "HEAD_TIMEOUT", 1000.0)
    monkeypatch.setattr(module, "KEEP_ALIVE_TIMEOUT", 2000.0)
    begun: list[float] = []
    call_later = between.loop.call_later

    def note(seconds: float, callback: Callable[[], None]) -> Timer:
        begun.append(seconds)
        return call_later(seconds, callback)

    monkeypatch.setattr(between.loop, "call_later", note)
    forwarding = between.forward()
    assert begun == [1000.0]
    between.client.says(ANSWERED_HERE[:20])
    between.for_a_while()
    assert 2000.0 not in begun
    between.client.says(ANSWERED_HERE[20:])
    between.until(lambda: 2000.0 in begun and not forwarding._to_client.size)
    assert between.client._read(12) == b"HTTP/1.1 200"
    assert begun.count(1000.0) == 1
    forwarding.stop()


def test_client_does_not_read_the_answer(between: Between, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_TIMEOUT", 0.05)
    between.conn.settimeout(0)
    while _fill(between.conn):
        between.for_a_while()  # the kernel may enlarge its buffers
    between.client.says(b"garbage\r\n\r\n")
    between.forward()
    between.until(lambda: bool(between.over))
    assert str(between.over[0].failure) == "the client does not take its answer"


def _fill(conn: TcpConn) -> int:
    sent = 0
    try:
        while True:
            sent += conn.send(bytes(1 << 20))
    except BlockingIOError:
        return sent


def test_idle_timeout_closes_a_silent_origin(between: Between) -> None:
    between.client.says(GET)
    between.dial()
    between.forward(between.origin_conn, idle=0.05)
    between.until(lambda: bool(between.over))
    assert "idle for 0.05 s" in str(between.over[0].failure)


@needs_rst
def test_client_resets(between: Between) -> None:
    between.client.resets()
    between.forward()
    between.until(lambda: bool(between.over))
    assert isinstance(between.over[0].failure, OSError)


def test_answer_of_an_origin_that_does_not_read_is_forwarded(between: Between) -> None:
    body = 8 << 20
    between.client.says(b"PUT http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % body)
    between.dial()
    between.forward(between.origin_conn)
    between.origin.says(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    between.origin.half_closes()
    between.client.sock.setblocking(False)
    while not between.over:
        try:
            between.client.sock.send(bytes(1 << 16))
        except BlockingIOError:
            pass
        between.loop.call_later(0, lambda: None)
        rounds = iter([True])
        between.loop.run_while(lambda: next(rounds, False))  # noqa: B023 - used at once
    assert between.over[0].failure is None
    assert between.proxy.state == CLOSING
    between.client.sock.settimeout(10)
    assert between.client._read(12) == b"HTTP/1.1 413"


def test_client_is_read_again_when_the_origin_has_failed(between: Between) -> None:
    body = 64 << 20
    between.client.says(b"PUT http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % body)
    between.dial()
    forwarding = between.forward(between.origin_conn)
    between.client.sock.setblocking(False)
    _send_until_stalled(between)
    forwarding._to_origin.fail(BrokenPipeError())
    before = between.client_said
    _send_until_stalled(between, before + (4 << 20))
    assert between.client_said >= before + (4 << 20)
    between.origin.says(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    between.until(lambda: bool(between.over))
    between.client.sock.settimeout(10)
    assert between.client._read(12) == b"HTTP/1.1 413"


def _send_until_stalled(between: Between, at_most: int = 1 << 30) -> None:
    """Send a body until the proxy stops reading, or ``at_most`` bytes are sent."""
    stalled = 0
    while stalled < 10 and between.client_said < at_most:
        try:
            between.client_said += between.client.sock.send(bytes(1 << 16))
            stalled = 0
        except BlockingIOError:
            between.loop.call_later(0.001, lambda: None)
            between.loop.run_while(iter([True, False]).__next__)
            stalled += 1


def test_tap_and_rate_limit(between: Between) -> None:
    seen: list[tuple[str, bytes]] = []
    pipeline = Pipeline(
        received_pace=Rate(20_000), pace=Rate(1_000_000), tap=lambda *one: seen.append(one)
    )
    between.client.says(GET)
    between.dial()
    forwarding = between.forward(between.origin_conn, pipeline=pipeline)
    body = bytes(10_000)
    between.origin.says(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + body)
    stopwatch = Stopwatch()
    between.until(lambda: len(seen) >= 2)
    between.origin.says(body)
    between.until(lambda: between.proxy.state == READING)
    assert stopwatch.reached(0.2)
    sent = b"".join(data for direction, data in seen if direction == "sent")
    received = b"".join(data for direction, data in seen if direction == "received")
    assert sent.startswith(b"GET / HTTP/1.1\r\n")
    assert received.endswith(body * 2)
    forwarding.stop()


def test_stop_calls_no_callback(between: Between) -> None:
    forwarding = between.forward()
    forwarding.stop()
    forwarding.stop()
    between.client.says(GET)
    between.for_a_while()
    assert between.over == []
    assert between.proxy.state == READING


ANSWERED_HERE = b"OPTIONS http://h/ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n"


def test_many_requests_are_handled_in_several_turns(
    between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_module, "TURN", -1.0)  # over at once: one event each
    rounds: list[int] = []
    between.loop.call_every(0, lambda: rounds.append(1))
    between.client.says(ANSWERED_HERE * 50)
    forwarding = between.forward()
    heard = b""
    between.client.sock.setblocking(False)

    def all_answered() -> bool:
        nonlocal heard
        try:
            heard += between.client.sock.recv(65536)
        except BlockingIOError:
            pass
        return heard.count(b"HTTP/1.1 200 OK") == 50

    between.until(all_answered)
    assert len(rounds) >= 49
    forwarding.stop()


def test_chunks_handled_in_several_turns_are_complete(
    between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_module, "TURN", -1.0)
    head = b"POST http://h/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    between.client.says(head)
    between.dial()
    forwarding = between.forward(between.origin_conn)
    body = b"1\r\nx\r\n" * 200 + b"0\r\n\r\n"
    between.client.says(body)
    heard = b""
    between.origin.sock.setblocking(False)

    def all_there() -> bool:
        nonlocal heard
        try:
            heard += between.origin.sock.recv(65536)
        except BlockingIOError:
            pass
        return heard.endswith(body)

    between.until(all_there)
    forwarding.stop()


def test_client_that_does_not_read_answers_is_not_read(between: Between) -> None:
    forwarding = between.forward()
    between.client.sock.setblocking(False)
    # Small buffers, because data in the buffers of the kernel is not counted here.
    between.client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    between.conn.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    unsent = b""

    def enough_waits() -> bool:
        nonlocal unsent
        unsent = unsent or ANSWERED_HERE * 1000
        try:
            # The next send continues a request that was cut.
            unsent = unsent[between.client.sock.send(unsent) :]
        except BlockingIOError:
            pass
        return forwarding._to_client.size >= HIGH_WATER

    between.until(enough_waits)
    assert HIGH_WATER <= forwarding._to_client.size < HIGH_WATER + READ
    between.for_a_while()
    assert forwarding._to_client.size < HIGH_WATER + READ
    forwarding.stop()
