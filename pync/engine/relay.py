"""A relay: two flows, and what it does when one of them ends or fails.

flow.py moves the bytes of one direction. relaystate.py is the table of states; this module has the
events and the actions. nc, ncat and telnet differ in some of them: Endings chooses.
"""

from __future__ import annotations

import time

from ..core.endings import Endings
from ..core.errors import OutputGone, UnmetError
from ..core.events import PeerEnded, Report, silent
from ..core.typed import TYPE_CHECKING, Callable
from ..transports.conn import Conn
from . import direction
from . import relaystate as states
from .clock import Clock
from .flow import Flow
from .loop import Loop, Scheduler
from .movers import receiving, sending
from .peerend import end_input
from .pipeline import PLAIN, End, Moved, Nowhere, Pipeline
from .protocols import Sink, broken, not_received, refuse, send_eof, unread
from .waiting import RESET_LOOK, SILENCE_LOOK, Movement, hold_back, when_acknowledged, when_broken

if TYPE_CHECKING:
    from .ends import Ends


def relay(
    local: End,
    remote: Conn,
    endings: Endings,
    pipeline: Pipeline = PLAIN,
    report: Report = silent,
) -> Moved:
    """Move bytes both ways until the endings end the relay.

    Arguments:
        local: the user's side.
        remote: the connection; it stays open.
        endings, pipeline: when to end, and the steps that the bytes pass through.
        report: called with the event of the peer's end.

    Returns how much moved. Raises RelayError, OutputError or OutputGone; the bytes
    received before the error have been delivered.
    """
    timeouts = [(end, end.gettimeout()) for end in (local, remote) if isinstance(end, Conn)]
    with Loop() as loop:
        running = Relay(loop, local, remote, endings, pipeline, report)
        running.start()
        try:
            loop.run_while(lambda: not running.over)
        finally:
            running.stop()
            for conn, timeout in timeouts:
                conn.settimeout(timeout)
    if running.failure is not None:
        raise running.failure
    return running.moved


class Relay:
    """A relay in a loop that may serve others too.

    Arguments:
        loop: runs this relay and the others.
        local, remote, endings, pipeline, report: as for relay().
        finished: called once at the end; ``failure`` and ``moved`` have the result.
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
        #: The error that ended the relay; None without one.
        self.failure: Exception | None = None
        self._loop = loop
        self._local = local
        self._remote = remote
        self._endings = endings
        self._awaits = pipeline.until is not None
        self._report = report
        self._finished = finished
        self._meter = pipeline.meter
        self._state = states.OPEN if pipeline.sends else states.HALF_CLOSED_LOCAL
        #: Bytes that were delivered before the relay began to drop what it receives.
        self._delivered: int | None = None
        self._clock = Clock(loop, remote, endings, self._expired)
        self._last = None if endings.eof_after is None else Movement(Moved(0, 0), time.monotonic())
        self._sink: Sink = local if pipeline.receives else Nowhere()
        mover = receiving(pipeline, remote, self._sink)
        given = pipeline.for_received()
        self._inbound = Flow(loop, remote, self._sink, self._changed, mover=mover, **given)
        mover = sending(pipeline, local, remote)
        given = pipeline.for_sent()
        self._outbound = Flow(loop, local, remote, self._changed, mover=mover, **given)

    @property
    def ends(self) -> Ends:
        """How each side has ended."""
        from .ends import ends_of

        return ends_of(self._outbound, self._inbound, self.failure, self._remote.peer)

    @property
    def moved(self) -> Moved:
        """The number of bytes moved in each direction."""
        received = self._inbound.moved if self._delivered is None else self._delivered
        return Moved(self._outbound.moved, received)

    def start(self) -> None:
        """Start to move bytes. The connections are set to non-blocking."""
        for end in (self._local, self._remote):
            if isinstance(end, Conn):
                end.settimeout(0)
        self._clock.start(self._meter and self._read_meter)
        self._inbound.start()
        (self._outbound.start if self._state == states.OPEN else self._outbound.stop)()

    def end_received(self) -> None:
        """Treat the peer's bytes as ended; a datagram peer cannot send EOF itself."""
        self._inbound.end_source()

    def stop(self) -> None:
        """Move nothing more. Idempotent."""
        if self.over:
            return
        self.over = True
        self._state = states.CLOSED
        self._read_meter()
        self._meter = None
        self._clock.stop()
        self._inbound.stop()
        self._outbound.stop()
        self._loop.watch_writer(self._remote.write_fd(), None)

    def _read_meter(self) -> None:
        if self._meter is not None:
            self._meter(self.moved)

    # Events.

    def _changed(self) -> None:
        self._clock.moved()
        if self._last is not None and self._last.moved != self.moved:
            self._last = Movement(self.moved, time.monotonic())
        outbound = self._outbound
        if self._inbound.state == outbound.state == direction.OPEN or self._state == states.CLOSED:
            return
        if outbound.over and outbound.error is not None and self._state in states.SENDS:
            self._outbound_failed(outbound.error)
        if self._inbound.over and self._state in states.RECEIVES:
            self._inbound_over()
        if outbound.state == direction.ENDED and self._state in states.SENDS:
            self._handle(states.INPUT_ENDED)
        if self._inbound.reader_gone and self._state not in states.SENDS:
            self._handle(states.READER_LEFT)

    def _outbound_failed(self, error: OSError) -> None:
        if self._outbound.failed_end == "source":
            self._fail(unread(self._local, error))
        else:
            self._cannot_send(error)
            self._handle(states.SEND_FAILED)

    def _inbound_over(self) -> None:
        """Handle the end of the receiving direction: all bytes are delivered, or cannot be."""
        failure = self._inbound_failure()
        if self._inbound.satisfied:
            self._handle(states.OVER)
        elif failure is None:
            truncated = self._inbound.error
            if truncated is not None and not isinstance(self._sink, Nowhere):
                self.failure = self.failure or broken(self._remote, truncated)
            self._handle(states.PEER_ENDED if truncated is None else states.TRUNCATED)
        elif isinstance(failure, OutputGone):
            self._handle(states.OUTPUT_GONE)
        else:
            if self._inbound.failed_end == "source":
                # It is more exact than the error of a write, which is only EPIPE after an RST.
                self.failure = failure
            self._fail(failure)

    def _inbound_failure(self) -> Exception | None:
        inbound = self._inbound
        return not_received(inbound.error, inbound.failed_end, self._remote, self._sink)

    def _fail(self, failure: Exception) -> None:
        if self.failure is None:
            self.failure = failure
        self._handle(states.OVER)

    def _expired(self, failure: Exception | None) -> None:
        if self._state != states.CLOSED:
            if failure is None and self._awaits:
                failure = UnmetError(self._remote.peer)
            self.failure = self.failure or failure
            self._handle(states.OVER)

    def _handle(self, event: str) -> None:
        before = self._state
        self._state, actions = states.step(before, event, self._endings)
        if self._state == states.CLOSED != before:
            self._clock.call_later(0, self._conclude)  # not now: a flow is calling this method
        for action in actions:
            _ACTIONS[action](self)

    # Actions.

    def _send_eof(self) -> None:
        if self._endings.whole and not hasattr(self._remote, "send_eof"):
            self._handle(states.OVER)
            return
        try:
            send_eof(self._remote)
        except BlockingIOError:
            # A layer's EOF is bytes too (TLS's close_notify).
            self._loop.watch_writer(self._remote.write_fd(), self._send_eof)
            return
        except OSError as error:
            self._cannot_send(error)
        self._loop.watch_writer(self._remote.write_fd(), None)
        self._handle(states.EOF_OVER)

    def _await_silence(self) -> None:
        flows, later = (self._outbound, self._inbound), self._clock.call_later
        silent = lambda: self._handle(states.SILENCE)  # noqa: E731
        hold_back(self._endings, self._last, flows, self._remote, later, silent)

    def _input_over(self) -> None:
        self._clock.input_over()
        local = self._local
        if isinstance(local, Conn):
            broke = lambda error: self._fail(unread(local, error))  # noqa: E731
            later = self._clock.call_later
            later(RESET_LOOK, lambda: when_broken(local, self._inbound, later, broke))

    def _end_input(self) -> None:
        if not self._outbound.over:
            rule = "leave" if self._awaits else self._endings.on_peer_end
            leave = lambda: self._handle(states.OVER)  # noqa: E731
            end_input(rule, self._local, self._outbound, self._clock, leave)
            broke = lambda error: self._fail(broken(self._remote, error))  # noqa: E731
            when_broken(self._remote, self._outbound, self._clock.call_later, broke)

    def _report_end(self) -> None:
        if self._awaits:
            self.failure = self.failure or UnmetError(self._remote.peer)
        if self.failure is None or self._inbound.error is not None:
            self._report(PeerEnded(self._remote.peer))

    def _close_output(self) -> None:
        try:
            send_eof(self._sink)
        except BlockingIOError:
            self._clock.call_later(SILENCE_LOOK, self._close_output)
        except OSError:
            pass  # the reader closed first; the error of the flow reports that

    def _drop_received(self) -> None:
        self._delivered = self._inbound.moved
        self._sink = Nowhere()
        self._inbound = Flow(self._loop, self._remote, self._sink, self._changed)
        self._inbound.start()

    def _fail_output_gone(self) -> None:
        self.failure = OutputGone()  # instead of any other: the output's reader has closed

    def _cannot_send(self, error: OSError) -> None:
        failure = broken(self._remote, error)
        if self._remote.datagram:
            self._fail(failure)
        else:
            self.failure = self.failure or failure

    def _conclude(self) -> None:
        sent = self._outbound.moved or self._endings.leave_when_sent
        intact = self.failure is None or isinstance(self.failure, OutputGone)
        if intact and self._clock.input_is_over and sent:
            over = lambda: self._clock.quit_at.passed or self._inbound.error is not None  # noqa: E731
            when_acknowledged(self._remote, self._clock.call_later, over, self._acknowledged)
        else:
            self._end()

    def _acknowledged(self, error: OSError | None) -> None:
        came = broken(self._remote, error) if error is not None else self._inbound_failure()
        self.failure = self.failure or came
        self._end()

    def _end(self) -> None:
        self.stop()
        if self._finished is not None:
            self._finished(self)


#: The method for each action of the table.
_ACTIONS: dict[str, Callable[[Relay], None]] = {
    states.SEND_EOF: Relay._send_eof,
    states.AWAIT_SILENCE: Relay._await_silence,
    states.INPUT_OVER: Relay._input_over,
    states.REFUSE_INPUT: lambda relay: refuse(relay._local),
    states.END_INPUT: Relay._end_input,
    states.REPORT_END: Relay._report_end,
    states.CLOSE_OUTPUT: Relay._close_output,
    states.DROP_RECEIVED: Relay._drop_received,
    states.FAIL_OUTPUT_GONE: Relay._fail_output_gone,
}
