"""The fast paths of a relay, and the one that passes messages on between two WebSockets.

Between two WebSockets, a message keeps its kind (text or binary) and its end, and a Close frame its
code and reason. A long message is passed on in fragments, as its parts arrive.
"""

from __future__ import annotations

from ..core.typed import TYPE_CHECKING, Callable
from .pipeline import Pipeline, towards
from .protocols import Mover, Sink, Source
from .zerocopy import fast_path

if TYPE_CHECKING:
    from ..transports.websocket import WebSocketConn
    from .direction import FailedEnd


def sending(pipeline: Pipeline, local: Source, remote: Sink) -> Mover | None:
    """Return the mover for the bytes sent, or None."""
    if _are_passed_on(local, remote) and pipeline._replace(tap=None).sends_plainly:
        return MessageMover(local, remote, towards(pipeline.tap, "sent"))  # type: ignore[arg-type]
    return fast_path(local, remote) if pipeline.sends_plainly else None


def receiving(pipeline: Pipeline, remote: Source, sink: Sink) -> Mover | None:
    """Return the mover for the bytes received, or None."""
    if _are_passed_on(remote, sink) and pipeline._replace(tap=None).receives_plainly:
        return MessageMover(remote, sink, towards(pipeline.tap, "received"))  # type: ignore[arg-type]
    return fast_path(remote, sink) if pipeline.receives_plainly else None


def _are_passed_on(source: Source, sink: Sink) -> bool:
    return bool(getattr(source, "passes_on", False) and getattr(sink, "passes_on", False))


class MessageMover:
    """A mover from one WebSocket to another.

    Arguments:
        source, sink: not blocking.
        tap: called with the bytes of the messages.
    """

    #: Whether the source may buffer bytes for which no descriptor becomes ready.
    layered = True

    def __init__(
        self, source: WebSocketConn, sink: WebSocketConn, tap: Callable[[bytes], None] | None
    ) -> None:
        #: Whether a 0 from move is certainly EOF.
        self.ended = False
        self._source = source
        self._sink = sink
        self._tap = tap
        self._using: FailedEnd = "source"

    @property
    def holds(self) -> bool:
        """Whether the sink has bytes that are not sent yet."""
        return self._sink.holds

    def move(self) -> int | None:
        """Return the bytes moved, 0 at the end. Raises OSError."""
        moved = 0
        while not moved:  # a message may be empty
            self._using = "sink"
            self._sink.flush()
            self._using = "source"
            fragments = self._source.recv_fragments()
            if not fragments:
                self.ended = True
                self._sink.codec.close_as(self._source.codec)
                return 0
            self._using = "sink"
            for data, finished in fragments:
                moved += len(data)
                if self._tap is not None and data:
                    self._tap(data.encode() if isinstance(data, str) else data)
                self._sink.put_fragment(data, finished=finished)
        try:
            self._sink.flush()
        except BlockingIOError:
            pass  # it holds them
        return moved

    def fault(self, _error: OSError) -> FailedEnd:
        """Return the end that an error of move is from."""
        return self._using

    def leftover(self) -> bytes:
        """Return nothing: the sink has everything that was read."""
        return b""

    def close(self) -> None:
        """Do nothing: the mover has opened nothing itself."""
