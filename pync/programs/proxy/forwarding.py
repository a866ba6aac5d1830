"""Moving the bytes of an HTTP proxy (layers/http_proxy.py) between a client and its origins.

It runs while requests are read and forwarded, and stops when the proxy must dial, become a tunnel,
or end. Each side is read only as fast as the other side can receive.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.broken import TruncatedError
from ...core.errors import cause_of
from ...engine.idle import IdleTimer, idle_timeout
from ...engine.loop import Scheduler, Timer
from ...engine.outbox import Outbox
from ...engine.pace import Pace
from ...engine.pipeline import Nowhere, Pipeline
from ...engine.sourcewatch import SourceWatch
from ...engine.turn import Turn
from ...layers.handshake import HandshakeError
from ...layers.http_proxy import BROKEN, FORWARDING, READING, TUNNELLING, Intermediary
from ...transports.conn import Conn

#: Bytes of one read: of a body, which is passed on, and of a head, which is kept until complete.
READ = 256 * 1024
READ_HEAD = 16 * 1024

#: High-water mark: from so many waiting bytes for one side on, the other side is not read.
HIGH_WATER = 256 * 1024

#: Seconds for a request's head to arrive, and for the client to receive an answer of ours.
HEAD_TIMEOUT = 10.0

#: Seconds for the next request on the same connection to arrive.
KEEP_ALIVE_TIMEOUT = 30.0


class Forwarding:
    """The moving of bytes until the proxy has to do something else.

    Arguments:
        loop: watches both sides.
        client, origin: set to non-blocking; there may be no origin yet.
        proxy: parses the bytes and makes those to send.
        turn: starts whenever bytes are passed to the proxy, which stops at its end.
        pipeline: the taps and the speed of the bytes to and from the origin.
        first: whether this is the client's first request.
        idle: seconds without data after which both connections end.
        finished: called once, after everything was sent; ``failure`` is set, or the proxy's state
            says what to do next.
    """

    def __init__(
        self,
        loop: Scheduler,
        client: Conn,
        origin: Conn | None,
        proxy: Intermediary,
        turn: Turn,
        pipeline: Pipeline,
        *,
        first: bool,
        idle: float | None,
        finished: Callable[[Forwarding], None],
    ) -> None:
        #: The error of the client's connection.
        self.failure: Exception | None = None
        self._loop = loop
        self._client = client
        self._origin = origin
        self._proxy = proxy
        self._turn = turn
        self._pipeline = pipeline
        self._first = first
        self._idle = idle
        self._finished = finished
        self._to_client = Outbox(loop, client, self._fail, self._go_on)
        origin_sink = Nowhere() if origin is None else origin
        self._to_origin = Outbox(loop, origin_sink, self._cannot_send_to_origin, self._go_on)
        self._state = ""
        self._from_client = SourceWatch(loop, client, self._read_client)
        self._from_origin = None if origin is None else SourceWatch(loop, origin, self._read_origin)
        self._idle_timer = IdleTimer(loop, idle, self._idle_expired)
        self._timer: Timer | None = None
        self._over = self._waits_for_turn = False
        #: The sides that are not read now, because they were faster than the rate.
        self._held: set[Conn] = set()
        for conn in filter(None, (client, origin)):
            conn.settimeout(0)

    def start(self) -> None:
        """Start to move bytes."""
        self._go_on()

    def stop(self) -> None:
        """Stop without calling a callback. Idempotent."""
        self._over = True
        self._cancel()
        self._idle_timer.cancel()
        self._from_client.stop()
        self._to_client.stop()
        self._to_origin.stop()
        if self._from_origin is not None:
            self._from_origin.stop()

    # Reading.

    def _read_client(self) -> None:
        try:
            data = self._client.recv(READ_HEAD if self._state == READING else READ)
        except (BlockingIOError, InterruptedError):
            # A layer may hold bytes although this read returned none.
            self._arrange()
            return
        except TruncatedError:
            data = b""  # HTTP's own framing shows whether bytes are missing
        except OSError as error:
            self._fail(error)
            return
        self._hold(self._client, self._pipeline.pace, len(data))
        self._turn.begin()
        self._proxy.receive(data)
        self._go_on()

    def _read_origin(self) -> None:
        assert self._origin is not None
        try:
            data = self._origin.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._proxy.lost_origin(cause_of(error))
        else:
            self._hold(self._origin, self._pipeline.received_pace, len(data))
            self._tap("received", data)
            self._turn.begin()
            self._proxy.receive_from_origin(data)
        self._go_on()

    def _resume(self) -> None:
        """Continue with bytes that were read and wait for their turn."""
        self._waits_for_turn = False
        if not self._over and self._keeps_up():
            self._turn.begin()
            self._proxy.go_on()
            self._go_on()

    def _hold(self, conn: Conn, pace: Pace | None, size: int) -> None:
        if pace is not None and size:
            self._held.add(conn)
            seconds = pace.pause(size, time.monotonic())
            self._loop.call_later(seconds, lambda: self._release(conn))

    def _release(self, conn: Conn) -> None:
        self._held.discard(conn)
        if not self._over:
            self._arrange()

    def _tap(self, direction: str, data: bytes) -> None:
        if self._pipeline.tap is not None and data:
            self._pipeline.tap(direction, data)

    # Writing, and what to do next.

    def _go_on(self) -> None:
        """Send what can be sent, and watch what to wait for."""
        if self._over:
            return
        self._idle_timer.reset()
        answers = self._proxy.for_client()
        self._to_client.put(answers)
        if self._over:
            return
        data = self._proxy.for_origin()
        if self._proxy.state != TUNNELLING:
            self._tap("sent", data)
        self._to_origin.put(data)
        state = self._proxy.state
        if state == READING and self._origin is not None:
            self._let_go_of_origin()
        waits = self._to_client.size or (state in (TUNNELLING, BROKEN) and self._to_origin.size)
        if state not in (READING, FORWARDING) and not waits:
            self._end()
            return
        answered = state == READING and bool(answers)
        if answered:
            self._first = False
        if answered or state != self._state:
            self._state = state
            self._set_timer()
        self._arrange()

    def _cannot_send_to_origin(self, _error: OSError) -> None:
        # The origin may have answered before it had received the whole request. Its answer must
        # still be read; the rest of the request is dropped.
        self._loop.call_later(0, self._go_on)

    def _let_go_of_origin(self) -> None:
        """Close the origin after its one request."""
        assert self._origin is not None
        assert self._from_origin is not None
        self._from_origin.stop()
        self._to_origin.stop()
        self._origin.close()
        self._origin = self._from_origin = None
        self._first = False

    def _keeps_up(self) -> bool:
        """Return whether the client receives the proxy's own answers fast enough."""
        return self._state == FORWARDING or self._to_client.size < HIGH_WATER

    def _arrange(self) -> None:
        waits = self._proxy.unfinished
        if waits and not self._waits_for_turn and self._keeps_up():
            self._waits_for_turn = True
            self._loop.call_in_turn(self._resume)
        hears = self._proxy.hears_client and not waits and self._to_origin.size < HIGH_WATER
        hears = hears and self._keeps_up() and self._client not in self._held
        self._from_client.watch(hears)
        if self._from_origin is not None:
            hears = self._state == FORWARDING and self._to_client.size < HIGH_WATER and not waits
            hears = hears and self._origin not in self._held
            self._from_origin.watch(hears)

    # Time.

    def _set_timer(self) -> None:
        self._cancel()
        if self._state == READING:
            seconds = HEAD_TIMEOUT if self._first else KEEP_ALIVE_TIMEOUT
            self._timer = self._loop.call_later(seconds, self._late)
        elif self._state != FORWARDING:
            self._timer = self._loop.call_later(HEAD_TIMEOUT, self._give_up)
        else:
            self._idle_timer.start()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._proxy.time_out()
        self._go_on()

    def _give_up(self) -> None:
        self._fail(HandshakeError("the client does not take its answer"))

    def _idle_expired(self) -> None:
        # Between two requests, there are other time limits: see _set_timer.
        if self._state == FORWARDING and self._idle is not None:
            self._fail(idle_timeout(self._client.peer, self._idle))

    # Ends.

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self._end()

    def _end(self) -> None:
        if not self._over:
            self.stop()
            self._finished(self)
