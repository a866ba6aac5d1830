"""Two flows and the endings: when a connection is over, and how it ended.

The mechanics are in flow.py; here is the policy, and it is one value (Endings),
because the incumbents disagree on it.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..core.config import Endings
from ..core.deadline import Deadline
from ..core.errors import IdleTimeoutError, OutputError, OutputGone, RelayError, cause_of
from ..core.events import PeerEnded, Report, silent
from ..transports.conn import Conn
from .direction import ENDED
from .flow import Convert, Flow, Sink, Source
from .loop import Loop
from .zerocopy import fast_path

#: Seconds of silence on a file or pipe after which the peer's end is the end.
QUIET = 1.0

#: Seconds to wait for the peer's kernel to acknowledge what was sent last, and between
#: two looks at it: nothing wakes a process up for that.
ACKNOWLEDGEMENT = 5.0
ACKNOWLEDGEMENT_LOOK = 0.005


class End(Source, Sink, Protocol):
    """What can be read and written: a connection, or standard input and output."""


class Moved(NamedTuple):
    """How many bytes went each way."""

    sent: int
    received: int


class Tuning(NamedTuple):
    """What happens to the bytes on the way.

    ``convert``: a layer from the bytes read locally to the bytes sent. ``interval``:
    seconds between two lines sent. ``sends`` / ``receives``: False switches a direction
    off; what arrives although nobody receives is read and dropped, so that close never
    becomes an RST.
    """

    convert: Convert | None = None
    interval: float | None = None
    sends: bool = True
    receives: bool = True


PLAIN = Tuning()


def relay(
    local: End,
    remote: Conn,
    endings: Endings,
    tuning: Tuning = PLAIN,
    report: Report = silent,
) -> Moved:
    """Move bytes both ways until the endings say that it is over.

    Arguments:
        local: the user's side.
        remote: the connection; still open afterwards.
        endings: when to leave.
        tuning: what happens to the bytes on the way.
        report: is told of the peer's end.

    Returns what moved. Raises RelayError, OutputError or OutputGone; what had been
    received by then has been delivered.
    """
    conns = [end for end in (local, remote) if isinstance(end, Conn)]
    before = [conn.gettimeout() for conn in conns]
    for conn in conns:
        conn.settimeout(0)
    try:
        with Loop() as loop:
            return _Relay(loop, local, remote, endings, tuning, report).run()
    finally:
        for conn, timeout in zip(conns, before):
            conn.settimeout(timeout)


class _Nowhere:
    """A sink that takes everything."""

    datagram = False

    def write_fd(self) -> int:
        return -1

    def send(self, data: bytes | memoryview) -> int:
        return len(data)


class _Relay:
    def __init__(
        self,
        loop: Loop,
        local: End,
        remote: Conn,
        endings: Endings,
        tuning: Tuning,
        report: Report,
    ) -> None:
        self._loop = loop
        self._local = local
        self._remote = remote
        self._endings = endings
        self._sends = tuning.sends
        self._report = report
        self._done = False
        self._failure: Exception | None = None
        self._local_over = self._peer_over = False
        self._active_at = time.monotonic()
        self._quit_at = Deadline(None)
        self._sink: Sink = local if tuning.receives else _Nowhere()
        self._inbound = Flow(
            loop,
            remote,
            self._sink,
            self._changed,
            mover=fast_path(remote, self._sink) if tuning.receives else None,
        )
        plain = tuning.sends and tuning.convert is None and tuning.interval is None
        self._outbound = Flow(
            loop,
            local,
            remote,
            self._changed,
            convert=tuning.convert,
            interval=tuning.interval,
            mover=fast_path(local, remote) if plain else None,
        )

    def run(self) -> Moved:
        """Move until it is over."""
        try:
            if self._endings.idle is not None:
                self._loop.call_later(self._endings.idle, self._check_idle)
            self._inbound.start()
            if self._sends:
                self._outbound.start()
            else:
                self._outbound.stop()
            self._loop.run_while(lambda: not self._done)
            if self._failure is None and self._local_over and self._outbound.moved:
                self._see_acknowledged()
        finally:
            self._inbound.stop()
            self._outbound.stop()
        if self._failure is not None:
            raise self._failure
        return Moved(self._outbound.moved, self._inbound.moved)

    # The policy.

    def _changed(self) -> None:
        self._active_at = time.monotonic()
        if self._done:
            return
        if self._outbound.over and self._outbound.error is not None:
            self._outbound_failed(self._outbound.error)
        if self._inbound.over and not self._peer_over:
            self._peer_ended()
        if self._outbound.state == ENDED and not self._local_over and not self._done:
            self._local_ended()
        if self._inbound.over and self._outbound.over:
            self._finish()

    def _local_ended(self) -> None:
        """Our input has ended and is written: pass EOF on, and see whether to stay."""
        self._local_over = True
        if self._endings.shutdown:
            try:
                _send_eof(self._remote)
            except OSError as error:
                # The connection is gone; what the peer said first is still read.
                self._outbound.error, self._outbound.failed_end = error, "sink"
                self._outbound_failed(error)
        if self._endings.quit_after is not None:
            self._quit_at = Deadline(self._endings.quit_after)
            self._loop.call_later(self._endings.quit_after, self._finish)
        if self._endings.leave_when_sent:
            self._finish()

    def _peer_ended(self) -> None:
        """The peer's direction is over, and everything that came is delivered."""
        self._peer_over = True
        if self._inbound.error is not None:
            self._inbound_failed(self._inbound.error)
            return
        if self._failure is None:
            self._report(PeerEnded(self._remote.peer))
        try:
            _send_eof(self._sink)
        except OSError:
            pass  # it left first; its own direction says so
        if self._endings.on_peer_end == "leave":
            self._finish()
        elif self._endings.on_peer_end == "finish" and not self._outbound.over:
            self._leave_when_quiet(self._outbound.moved)

    def _leave_when_quiet(self, moved_before: int) -> None:
        def look() -> None:
            quiet = self._outbound.moved == moved_before and self._outbound.waits_for_source
            if quiet:
                self._outbound.end_source()
            elif not self._outbound.over:
                self._leave_when_quiet(self._outbound.moved)

        self._loop.call_later(QUIET, look)

    def _inbound_failed(self, error: OSError) -> None:
        if self._inbound.failed_end == "source":
            # It knows better than a write that failed: EPIPE is what is left of an RST.
            self._failure = self._broken(error)
            self._finish()
        elif isinstance(self._sink, Conn):
            self._fail(RelayError("relay", self._sink.peer, cause_of(error)))
        elif error.errno == errno.EPIPE:
            self._fail(OutputGone())
        else:
            self._fail(OutputError("write", "standard output", cause_of(error)))

    def _outbound_failed(self, error: OSError) -> None:
        if self._outbound.failed_end == "source":
            name = self._local.peer if isinstance(self._local, Conn) else "standard input"
            self._fail(RelayError("read", name, cause_of(error)))
        elif self._remote.datagram:
            self._fail(self._broken(error))
        elif self._failure is None:
            # Told when what the peer still had to say has been read to its end.
            self._failure = self._broken(error)

    def _check_idle(self) -> None:
        idle = self._endings.idle
        if idle is None or self._done:
            return
        left = self._active_at + idle - time.monotonic()
        if left > 0:
            self._loop.call_later(left, self._check_idle)
        else:
            cause = f"idle for {idle:g} s"
            self._fail(IdleTimeoutError("relay", self._remote.peer, cause))

    def _see_acknowledged(self) -> None:
        """Nothing that was piped in is lost in silence: see that the peer's kernel has it.

        What still comes is received meanwhile: closing with unread input would be an RST
        (RFC 1122 4.2.2.13), which can overtake the data.
        """
        unacknowledged: Callable[[], int] | None = getattr(self._remote, "unacknowledged", None)
        if unacknowledged is None:
            return
        deadlines = Deadline(ACKNOWLEDGEMENT), self._quit_at

        def is_awaited() -> bool:
            try:
                left = unacknowledged()
            except OSError as error:
                self._failure = self._broken(error)
                return False
            if self._inbound.error is not None:
                self._inbound_failed(self._inbound.error)
                return False
            return left > 0 and not any(deadline.passed for deadline in deadlines)

        def look_again() -> None:
            self._loop.call_later(ACKNOWLEDGEMENT_LOOK, look_again)

        look_again()
        self._loop.run_while(is_awaited)

    def _broken(self, error: OSError) -> RelayError:
        return RelayError("relay", self._remote.peer, cause_of(error))

    def _fail(self, failure: Exception) -> None:
        if self._failure is None or isinstance(failure, OutputGone):
            self._failure = failure
        self._finish()

    def _finish(self) -> None:
        self._done = True


def _send_eof(end: object) -> None:
    """Pass EOF on, where there is such a thing. Raises OSError."""
    send_eof: Callable[[], None] | None = getattr(end, "send_eof", None)
    if send_eof is not None:
        send_eof()
