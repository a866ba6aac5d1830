"""Two flows and the endings: when a connection is over, and how it ended.

The mechanics are in flow.py; here is the policy, and it is one value (Endings),
because the incumbents disagree on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..core.broken import TruncatedError, broken
from ..core.config import Endings
from ..core.errors import OutputGone, UnmetError
from ..core.events import PeerEnded, Report, silent
from ..transports.conn import Conn
from .clock import Clock
from .direction import ENDED, OPEN
from .flow import Flow
from .loop import Loop, Scheduler
from .peerend import end_input
from .pipeline import PLAIN, End, Moved, Nowhere, Pipeline
from .protocols import Sink, refuse, send_eof, undelivered, unread
from .waiting import Movement, when_acknowledged, when_broken, when_silent
from .zerocopy import fast_path

#: Seconds between two readings of the meter.
READING = 0.1


def relay(
    local: End,
    remote: Conn,
    endings: Endings,
    pipeline: Pipeline = PLAIN,
    report: Report = silent,
) -> Moved:
    """Move bytes both ways until the endings say that it is over.

    Arguments:
        local: the user's side.
        remote: the connection; still open afterwards.
        endings, pipeline: when to leave, and what happens to the bytes on the way.
        report: called with the event of the peer's end.

    Returns what moved. Raises RelayError, OutputError or OutputGone; what had been
    received by then has been delivered.
    """
    with Loop() as loop:
        running = Relay(loop, local, remote, endings, pipeline, report)
        running.start()
        try:
            loop.run_while(lambda: not running.over)
        finally:
            running.stop()
    if running.failure is not None:
        raise running.failure
    return running.moved


class Relay:
    """A relay in a loop that may carry others too.

    Arguments:
        loop: moves this one and the others.
        local, remote, endings, pipeline, report: as for relay().
        finished: is called once, when it is over; ``failure`` and ``moved`` say how.
    """

    def __init__(
        self,
        loop: Scheduler,
        local: End,
        remote: Conn,
        endings: Endings,
        pipeline: Pipeline = PLAIN,
        report: Report = silent,
        finished: Callable[[Relay], None] | None = None,
    ) -> None:
        #: Whether nothing more will move.
        self.over = False
        #: What it ended with, unless it ended in order.
        self.failure: Exception | None = None
        self._loop = loop
        self._local = local
        self._remote = remote
        self._endings = endings
        self._sends = pipeline.sends
        self._awaits = pipeline.until is not None
        self._report = report
        self._finished = finished
        self._meter = pipeline.meter
        self._done = self._local_over = self._peer_over = self._eof_waits = False
        #: Nobody reads our output: how much had been shown.
        self._drops = False
        self._received = 0
        self._clock = Clock(loop, remote, endings, self._expired)
        self._last = Movement(Moved(0, 0), time.monotonic())
        self._timeouts: list[tuple[Conn, float | None]] = []
        self._sink: Sink = local if pipeline.receives else Nowhere()
        inbound = fast_path(remote, self._sink) if pipeline.receives_plainly else None
        self._inbound = Flow(
            loop, remote, self._sink, self._changed, mover=inbound, **pipeline.for_received()
        )
        outbound = fast_path(local, remote) if pipeline.sends_plainly else None
        self._outbound = Flow(
            loop, local, remote, self._changed, mover=outbound, **pipeline.for_sent()
        )

    @property
    def moved(self) -> Moved:
        """How many bytes have gone each way."""
        received = self._received if self._drops else self._inbound.moved
        return Moved(self._outbound.moved, received)

    def start(self) -> None:
        """Begin to move. The connections do not block until it is over."""
        for end in (self._local, self._remote):
            if isinstance(end, Conn):
                self._timeouts.append((end, end.gettimeout()))
                end.settimeout(0)
        self._clock.start()
        if self._meter is not None:
            self._clock.call_every(READING, self._read_meter)
        self._inbound.start()
        if self._sends:
            self._outbound.start()
        else:
            self._outbound.stop()

    def end_received(self) -> None:
        """Treat what is received as ended; a peer of datagrams never says so itself."""
        self._inbound.end_source()

    def stop(self) -> None:
        """Move nothing more; the connections are as they were. Idempotent."""
        if self.over:
            return
        self._done = self.over = True
        self._read_meter()
        self._meter = None
        self._clock.stop()
        self._inbound.stop()
        self._outbound.stop()
        self._loop.watch_writer(self._remote.write_fd(), None)
        for conn, timeout in self._timeouts:
            conn.settimeout(timeout)
        self._timeouts.clear()

    def _read_meter(self) -> None:
        if self._meter is not None:
            self._meter(self.moved)

    # The policy.

    def _changed(self) -> None:
        self._clock.moved()
        if self._endings.eof_after is not None and self._last.moved != self.moved:
            self._last = Movement(self.moved, time.monotonic())
        if self._inbound.state == self._outbound.state == OPEN or self._done:
            return
        if self._outbound.over and self._outbound.error is not None:
            self._outbound_failed(self._outbound.error)
        if self._inbound.over and not self._peer_over:
            self._peer_ended()
        if self._outbound.state == ENDED and not self._local_over and not self._done:
            self._local_ended()
        if self._outbound.over and not self._done:
            if self._inbound.over and not self._eof_waits:
                self._finish()
            elif self._output_gone:
                self._fail(OutputGone())

    def _local_ended(self) -> None:
        """Our input has ended and is written: pass EOF on, and see whether to stay."""
        self._local_over = True
        if self._endings.shutdown:
            self._eof_waits = True
            if not self._hold_eof():
                self._pass_eof_on()
        self._clock.input_over()
        if self._endings.leave_when_sent and not self._eof_waits:
            self._finish()

    def _hold_eof(self) -> bool:
        """Whether EOF is held back while the peer sends."""
        seconds, idle = self._endings.eof_after, self._endings.idle
        if seconds is None or self._peer_over or self._endings.leave_when_sent:
            return False
        if self._outbound.moved or self._endings.eof_of_nothing:
            seconds = seconds if idle is None else min(seconds, idle / 2)
            since, later, send = self._last.at, self._clock.call_later, self._pass_eof_on
            when_silent(self._remote, self._inbound, seconds, since, later, send)
        return True

    def _expired(self, failure: Exception | None) -> None:
        if self._done:
            return
        if failure is None and self._awaits:
            failure = UnmetError(self._remote.peer)
        self.failure = self.failure or failure
        self._finish()

    def _pass_eof_on(self) -> None:
        try:
            send_eof(self._remote)
        except BlockingIOError:
            # A layer's EOF is bytes too (TLS's close_notify).
            self._loop.watch_writer(self._remote.write_fd(), self._pass_eof_on)
            return
        except OSError as error:
            # The connection is gone; what the peer said first is still read.
            self._outbound.error, self._outbound.failed_end = error, "sink"
            self._outbound_failed(error)
        self._eof_waits = False
        self._loop.watch_writer(self._remote.write_fd(), None)
        if self._endings.leave_when_sent or (self._inbound.over and self._outbound.over):
            self._finish()

    def _peer_ended(self) -> None:
        """The peer's direction is over, and everything that came is delivered."""
        self._peer_over = True
        if self._inbound.satisfied:
            self._finish()
            return
        if self._inbound_broke():
            return
        if self._inbound.error is not None and not isinstance(self._sink, Nowhere):
            self.failure = self.failure or broken(self._remote.peer, self._inbound.error)
        if self._local_over and self._eof_waits:
            self._pass_eof_on()
        if self._awaits:
            self.failure = self.failure or UnmetError(self._remote.peer)
        if self.failure is None or self._inbound.error is not None:
            self._report(PeerEnded(self._remote.peer))
        try:
            send_eof(self._sink)
        except OSError:
            pass  # it left first; its own direction says so
        if not self._outbound.over:
            # What is awaited cannot come any more.
            rule = "leave" if self._awaits else self._endings.on_peer_end
            end_input(rule, self._local, self._outbound, self._clock, self._finish)
            when_broken(self._remote, self._outbound, self._clock.call_later, self._broke)

    @property
    def _output_gone(self) -> bool:
        return self._drops or (self._inbound.reader_gone and self._endings.on_output_gone != "stay")

    def _drop_what_comes(self) -> None:
        """Our output has no reader, and input is left: go on sending, show nothing."""
        self._drops, self._received = True, self._inbound.moved
        self._peer_over = False
        self._sink = Nowhere()
        self._inbound = Flow(self._loop, self._remote, self._sink, self._changed)
        self._inbound.start()

    def _inbound_broke(self) -> bool:
        """Fail if receiving has; after an end without close_notify the peer may still read."""
        error = self._inbound.error
        if error is None or isinstance(error, TruncatedError):
            return False
        if self._inbound.failed_end == "source":
            # It knows better than a write that failed: EPIPE is what is left of an RST.
            self.failure = broken(self._remote.peer, error)
            self._finish()
            return True
        failure = undelivered(self._sink, error)
        goes_on = self._endings.on_output_gone == "finish" and not self._outbound.over
        if goes_on and isinstance(failure, OutputGone):
            self._drop_what_comes()
        else:
            self._fail(failure)
        return True

    def _outbound_failed(self, error: OSError) -> None:
        if self._outbound.failed_end == "source":
            self._fail(unread(self._local, error))
        elif self._remote.datagram:
            self._broke(error)
        else:
            # Told when what the peer still had to say has been read to its end.
            refuse(self._local)
            self.failure = self.failure or broken(self._remote.peer, error)

    def _broke(self, error: OSError) -> None:
        self._fail(broken(self._remote.peer, error))

    def _fail(self, failure: Exception) -> None:
        if self.failure is None or isinstance(failure, OutputGone):
            self.failure = failure
        self._finish()

    def _finish(self) -> None:
        if not self._done:
            self._done = True
            # Not at once: a flow is in the middle of telling us.
            self._clock.call_later(0, self._conclude)

    def _conclude(self) -> None:
        sent = self._outbound.moved or self._endings.leave_when_sent
        intact = self.failure is None or isinstance(self.failure, OutputGone)
        if intact and self._local_over and sent:
            over = lambda: self._clock.quit_at.passed or self._inbound.error is not None  # noqa: E731
            when_acknowledged(self._remote, self._clock.call_later, over, self._acknowledged)
        else:
            self._end()

    def _acknowledged(self, error: OSError | None) -> None:
        if self.failure is None and error is not None:
            self.failure = broken(self._remote.peer, error)
        elif self.failure is None:
            self._inbound_broke()
        self._end()

    def _end(self) -> None:
        self.stop()
        if self._finished is not None:
            self._finished(self)
