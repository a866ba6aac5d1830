"""A relay between two plain streams, as long as nothing unusual happens.

Most connections through a relay or a proxy are short: a few bytes in each direction, and the end
of each. A DirectRelay passes them on with few calls. It hands the connection over to a Relay
(relay.py), which continues where it was, as soon as

- a read or a write fails: relaystate.py decides what an error means, and what is still delivered;
- there is so much to read that splice(2) is faster (zerocopy.py).
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.endings import Endings
from ..core.typed import TYPE_CHECKING
from ..transports.conn import Conn, StreamConn
from .loop import Scheduler, Timer
from .pipeline import PLAIN, Moved, Pipeline
from .protocols import broken, unacknowledged, unread
from .relay import Relay
from .waiting import RESET_LOOK, when_acknowledged, when_broken
from .zerocopy import SHORT

if TYPE_CHECKING:
    from .direction import FailedEnd
    from .ends import Ends

    Ended = Callable[["DirectRelay | Relay"], None]


def relay_between(
    loop: Scheduler,
    local: Conn,
    remote: Conn,
    endings: Endings,
    pipeline: Pipeline,
    finished: Ended,
    *,
    first: bool = False,
) -> DirectRelay | Relay:
    """Return the relay for two connections; see Relay. The caller closes both when it is over.

    Arguments:
        first: whether the local side is new, so that its first bytes have probably come with it.
    """
    if (
        isinstance(local, StreamConn)
        and isinstance(remote, StreamConn)
        and local.is_plain
        and remote.is_plain
        and pipeline == PLAIN
        and endings.passes_eof_on
    ):
        return DirectRelay(loop, local, remote, endings, finished, first=first)
    return Relay(loop, local, remote, endings, pipeline, finished=finished)


class _Direction:
    """One direction.

    Arguments:
        relay: what it is a part of.
        source, sink: not blocking.
    """

    __slots__ = ("failed_end", "failure", "moved", "over", "relay", "rest", "sink", "source")

    def __init__(self, relay: DirectRelay, source: StreamConn, sink: StreamConn) -> None:
        self.relay = relay
        self.source = source
        self.sink = sink
        #: Bytes delivered.
        self.moved = 0
        #: Bytes that were read and wait for the sink. The source is not read meanwhile.
        self.rest = b""
        #: Whether the source has ended; then all its bytes are delivered.
        self.over = False
        self.failure: OSError | None = None
        self.failed_end: FailedEnd = ""

    def read(self) -> None:
        """Pass on what has arrived."""
        try:
            data = self.source.socket.recv(SHORT)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error, "source")
            return
        if not data:
            self.relay.source_ended(self)
            return
        if self._write(data) and len(data) == SHORT:
            self.relay.streams()

    def write_rest(self) -> None:
        """Pass on bytes that the sink did not take before."""
        self.relay.watch_sink(self, wanted=False)
        rest, self.rest = self.rest, b""
        self._write(rest)

    def _write(self, data: bytes) -> bool:
        """Return whether the sink has taken all of it."""
        try:
            sent = self.sink.socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._fail(error, "sink")
            return False
        self.moved += sent
        if sent < len(data):
            self.rest = data[sent:]
            self.relay.watch_sink(self, wanted=True)
        return not self.rest

    def _fail(self, error: OSError, end: FailedEnd) -> None:
        self.failure, self.failed_end = error, end
        self.relay.hand_over()


class DirectRelay:
    """A relay between two plain streams.

    Arguments:
        loop, local, remote, endings: as for Relay.
        finished: called once at the end; ``failure`` and ``moved`` have the result.
        first: read the local side at once, before the loop says that it is readable.
    """

    def __init__(
        self,
        loop: Scheduler,
        local: StreamConn,
        remote: StreamConn,
        endings: Endings,
        finished: Ended,
        *,
        first: bool = False,
    ) -> None:
        self._loop = loop
        self._local = local
        self._remote = remote
        self._endings = endings
        self._finished = finished
        self._first = first
        self._over = False
        self._outbound = _Direction(self, local, remote)
        self._inbound = _Direction(self, remote, local)
        #: For a reset of the side that has ended first, then for the last acknowledgement.
        self._timer: Timer | None = None
        #: What continues.
        self._relay: _Continued | None = None

    @property
    def failure(self) -> Exception | None:
        """The error that ended the relay; None without one."""
        return None if self._relay is None else self._relay.failure

    @property
    def moved(self) -> Moved:
        """The number of bytes moved in each direction."""
        if self._relay is not None:
            return self._relay.moved
        return Moved(self._outbound.moved, self._inbound.moved)

    @property
    def ends(self) -> Ends:
        """How each side has ended."""
        from .ends import END, OPEN, Ends

        if self._relay is not None:
            return self._relay.ends
        ended = (END if direction.over else OPEN for direction in (self._outbound, self._inbound))
        return Ends(*ended)

    def start(self) -> None:
        """Start to move bytes. The connections are set to non-blocking."""
        self._local.settimeout(0)
        self._remote.settimeout(0)
        self._loop.watch_reader(self._remote.fileno(), self._inbound.read)
        self._loop.watch_reader(self._local.fileno(), self._outbound.read)
        if self._first:
            self._outbound.read()

    def stop(self) -> None:
        """Move nothing more. Idempotent."""
        if self._relay is not None:
            self._relay.stop()
        if not self._over:
            self._over = True
            self._unwatch()
            # Break the reference cycles now, not in the garbage collector.
            self._finished = _tell_nobody
            del self._outbound.relay, self._inbound.relay

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for direction in (self._outbound, self._inbound):
            if direction.rest:
                self._loop.watch_writer(direction.sink.fileno(), None)
            elif not direction.over:
                self._loop.watch_reader(direction.source.fileno(), None)

    # For a _Direction.

    def watch_sink(self, direction: _Direction, *, wanted: bool) -> None:
        """Wait for the sink of a direction instead of its source, or for the source again."""
        self._loop.watch_reader(direction.source.fileno(), None if wanted else direction.read)
        self._loop.watch_writer(direction.sink.fileno(), direction.write_rest if wanted else None)

    def streams(self) -> None:
        """Leave a stream of many bytes to the Relay."""
        if not (self._outbound.rest or self._inbound.rest):
            self.hand_over()

    def source_ended(self, direction: _Direction) -> None:
        """Pass on the end of a source; all its bytes are delivered."""
        self._loop.watch_reader(direction.source.fileno(), None)
        direction.over = True
        if self._outbound.over and self._inbound.over:
            self._conclude(direction)
            return
        try:
            direction.sink.send_eof()
        except OSError:
            self.hand_over()
            return
        # (The peer of an idle connection may reset it: that ends the relay.)
        if direction is self._inbound:
            when_broken(self._remote, self._outbound, self._call_later, self._remote_broke)
        else:
            self._call_later(RESET_LOOK, self._look_at_local)

    def hand_over(self, failure: Exception | None = None) -> None:
        """Let a Relay continue.

        Arguments:
            failure: ends it at once.
        """
        self._unwatch()
        given = (self._loop, self._local, self._remote, self._endings)
        self._relay = _Continued(*given, finished=self._relayed)
        self._relay.go_on(self._outbound, self._inbound, failure)

    # Ends.

    def _call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._timer = self._loop.call_later(seconds, callback)

    def _look_at_local(self) -> None:
        when_broken(self._local, self._inbound, self._call_later, self._local_broke)

    def _local_broke(self, error: OSError) -> None:
        self.hand_over(unread(self._local, error))

    def _remote_broke(self, error: OSError) -> None:
        self.hand_over(broken(self._remote, error))

    def _conclude(self, last: _Direction) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            waits = self._outbound.moved and unacknowledged(self._remote)
        except OSError as error:
            self._remote_broke(error)
            return
        if not waits:
            self._end()
            return
        # The remote side takes its time. Pass the end on to the other now. (Closing does it too.)
        try:
            last.sink.send_eof()
        except OSError:
            pass  # it has reset, after all its bytes were passed on
        when_acknowledged(self._remote, self._call_later, lambda: False, self._acknowledged)

    def _acknowledged(self, error: OSError | None) -> None:
        if error is None:
            self._end()
        else:
            self._remote_broke(error)

    def _relayed(self, _relay: Relay) -> None:
        self._end()

    def _end(self) -> None:
        finished = self._finished
        self.stop()
        finished(self)


class _Continued(Relay):
    """A relay that a DirectRelay has begun."""

    def go_on(self, sent: _Direction, received: _Direction, failure: Exception | None) -> None:
        """Start where these two directions are; fail at once if there is a failure."""
        directions = ((self._outbound, sent), (self._inbound, received))
        for flow, direction in directions:
            flow.moved = direction.moved
            if direction.rest:
                flow.take(direction.rest)
        self.start()
        for flow, direction in directions:
            if direction.over:
                flow.end_source()
            if direction.failure is not None:
                flow.fail(direction.failure, direction.failed_end)
        if failure is not None:
            self._fail(failure)

    def _end(self) -> None:
        super()._end()
        self._finished = None


def _tell_nobody(_relay: DirectRelay | Relay) -> None:
    """Ignore calls after the end."""
