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
from ..core.errors import IdleTimeout, OutputError, OutputGone, RelayError, cause_of
from ..core.events import PeerEnded, Report, silent
from ..transports.conn import Conn
from .direction import ENDED
from .flow import Convert, Flow, Sink, Source
from .loop import Loop
from .zerocopy import fast_path

#: Seconds of silence on a file or pipe after which the peer's end is the end.
QUIET = 1.0

#: Seconds to wait for the peer's kernel to acknowledge what was sent last.
ACKNOWLEDGEMENT = 5.0


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


def relay(local: End, remote: Conn, endings: Endings, tuning: Tuning = Tuning(), report: Report = silent) -> Moved:
    """Move bytes both ways until the endings say that it is over.

    Arguments:
        local: the user's side.
        remote: the connection.
    Returns what moved. Raises RelayError, OutputError or OutputGone; what had been
    received by then has been delivered.
    """
    remote.settimeout(0)
    if isinstance(local, Conn):
        local.settimeout(0)
    with Loop() as loop:
        return _Relay(loop, local, remote, endings, tuning, report).run()


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
        self._report = report
        self._done = False
        self._failure: Exception | None = None
        self._eof_sent = self._peer_ended = False
        self._active_at = time.monotonic()
        self._sink: Sink = local if tuning.receives else _Nowhere()
        self._inbound = Flow(
            loop,
            remote,
            self._sink,
            self._changed,
            mover=fast_path(remote, self._sink) if tuning.receives else None,
        )
        plain = tuning.convert is None and tuning.interval is None
        self._outbound = Flow(
            loop,
            local,
            remote,
            self._changed,
            convert=tuning.convert,
            interval=tuning.interval,
            mover=fast_path(local, remote) if plain and tuning.sends else None,
        )
        self._sends = tuning.sends

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
            if self._failure is None:
                self._await_acknowledgement()
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
        if self._outbound.error is not None:
            self._outbound_failed(self._outbound.error)
        if self._inbound.over and not self._peer_ended:
            self._inbound_over()
        if self._outbound.state == ENDED and not self._eof_sent and not self._done:
            self._local_ended()
        if self._inbound.over and (self._outbound.over or not self._sends):
            self._finish()

    def _local_ended(self) -> None:
        """Our input has ended and is written: pass EOF on, and see whether to stay."""
        self._eof_sent = True
        endings = self._endings
        send_eof: Callable[[], None] | None = getattr(self._remote, "send_eof", None)
        if endings.shutdown and send_eof is not None:
            try:
                send_eof()
            except OSError as error:
                # The connection is gone; what the peer said first is still read.
                self._outbound.error, self._outbound.failed_end = error, "sink"
        if endings.quit_after is not None:
            self._loop.call_later(endings.quit_after, self._finish)
        if endings.leave_when_sent:
            self._finish()

    def _inbound_over(self) -> None:
        """The peer's direction is over, and everything that came is delivered."""
        self._peer_ended = True
        error, endings = self._inbound.error, self._endings
        if error is not None:
            self._inbound_failed(error)
            return
        if self._failure is None:
            self._report(PeerEnded(self._remote.peer))
        send_eof: Callable[[], None] | None = getattr(self._sink, "send_eof", None)
        if send_eof is not None:
            try:
                send_eof()
            except OSError:
                pass  # it left first; its own direction says so
        if endings.on_peer_end == "leave":
            self._finish()
        elif endings.on_peer_end == "finish" and not self._outbound.over:
            self._watch_quiet(self._outbound.moved)

    def _inbound_failed(self, error: OSError) -> None:
        if self._inbound.failed_end == "source":
            # It knows better than a write that failed: EPIPE is what is left of an RST.
            self._failure = RelayError("relay", self._remote.peer, cause_of(error))
            self._finish()
        elif error.errno == errno.EPIPE:
            self._fail(OutputGone())
        else:
            self._fail(OutputError("write", "standard output", cause_of(error)))

    def _outbound_failed(self, error: OSError) -> None:
        if self._outbound.failed_end == "source":
            self._fail(RelayError("read", "standard input", cause_of(error)))
        elif self._remote.datagram:
            self._fail(RelayError("relay", self._remote.peer, cause_of(error)))
        elif self._failure is None:
            # Told when what the peer still had to say has been read to its end.
            self._failure = RelayError("relay", self._remote.peer, cause_of(error))

    def _watch_quiet(self, moved_before: int) -> None:
        def look() -> None:
            if self._outbound.moved == moved_before:
                self._finish()
            else:
                self._watch_quiet(self._outbound.moved)

        self._loop.call_later(QUIET, look)

    def _check_idle(self) -> None:
        idle = self._endings.idle
        assert idle is not None
        left = self._active_at + idle - time.monotonic()
        if left > 0:
            self._loop.call_later(left, self._check_idle)
        else:
            self._fail(IdleTimeout("relay", self._remote.peer, f"idle for {idle:g} s"))

    def _await_acknowledgement(self) -> None:
        """Nothing that was piped in is lost in silence: see that the peer's kernel has it."""
        unacknowledged = getattr(self._remote, "unacknowledged", None)
        if unacknowledged is None or not self._eof_sent or not self._outbound.moved:
            return
        until = time.monotonic() + ACKNOWLEDGEMENT
        waiting = [True]

        def look() -> None:
            try:
                left = unacknowledged()
            except OSError as error:
                self._failure = RelayError("relay", self._remote.peer, cause_of(error))
                left = 0
            if left and time.monotonic() < until:
                self._loop.call_later(0.005, look)
            else:
                waiting.clear()

        look()
        self._inbound.stop()
        self._loop.run_while(lambda: bool(waiting))

    def _fail(self, failure: Exception) -> None:
        if self._failure is None or isinstance(failure, OutputGone):
            self._failure = failure
        self._finish()

    def _finish(self) -> None:
        self._done = True
