"""The protocols of a flow's parts: it moves bytes from a Source to a Sink, perhaps by a Mover."""

from __future__ import annotations

from ..core.errors import RelayError, cause_of
from ..core.typed import TYPE_CHECKING, Callable, Protocol
from ..transports.conn import Conn

if TYPE_CHECKING:
    from ..core.errors import PyncError
    from .direction import FailedEnd

Convert = Callable[[bytes], bytes]


class Source(Protocol):
    """An end that is read."""

    @property
    def datagram(self) -> bool:
        """Whether each read is one datagram, so that ``b""`` is not EOF."""

    def read_fds(self) -> tuple[int, ...]:
        """Return the descriptors to wait on before recv; empty if recv never has to wait."""

    def recv(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; ``b""`` at EOF. Raises OSError.

        A source that may buffer bytes itself has ``pending()``, which returns whether recv
        returns some although the descriptor is not ready (TLS).
        """


class Sink(Protocol):
    """An end that is written; it may have send_eof."""

    @property
    def datagram(self) -> bool:
        """Whether each write is one datagram."""

    def write_fd(self) -> int:
        """Return the descriptor to wait on before send."""

    def send(self, data: bytes | memoryview, /) -> int:
        """Write what fits; return how many bytes did. Raises OSError.

        A sink that may fail after it has accepted bytes has ``fault_fds()``, descriptors that
        are readable then; ``send(b"")`` raises the error. A sink that may answer each datagram
        separately has ``keeps_apart``: datagrams are not joined for it. A sink whose reader may
        close has ``gone_fds()``, descriptors that are readable when it may have closed, and
        ``reader_gone()``, which returns whether it has.
        """


class Mover(Protocol):
    """A fast path: moves bytes inside the kernel."""

    @property
    def layered(self) -> bool:
        """Whether the source may buffer bytes for which no descriptor becomes ready."""

    @property
    def holds(self) -> bool:
        """Whether it has bytes of the source that are not written to the sink yet."""

    @property
    def ended(self) -> bool:
        """Whether a 0 from move is certainly EOF; if not, the source is read to find out."""

    def move(self) -> int | None:
        """Return the bytes moved, 0 at EOF, or None when it cannot move these bytes.

        Raises BlockingIOError when it must wait. Any other OSError is a failure of the end that
        ``fault`` returns.
        """

    def fault(self, error: OSError, /) -> FailedEnd:
        """Return the end that an error of move is from: ``source`` or ``sink``."""

    def leftover(self) -> bytes:
        """Return the bytes that were read from the source and could not be written."""

    def close(self) -> None:
        """Close what the mover itself has opened; idempotent."""


def fault_fds(end: object) -> tuple[int, ...]:
    """Return the descriptors that are readable when the sink has failed between two writes."""
    telling: Callable[[], tuple[int, ...]] | None = getattr(end, "fault_fds", None)
    return telling() if telling is not None else ()


def gone_fds(end: object) -> tuple[int, ...]:
    """Return the descriptors that are readable when the sink's reader may have closed."""
    telling: Callable[[], tuple[int, ...]] | None = getattr(end, "gone_fds", None)
    return telling() if telling is not None else ()


def reader_gone(end: object) -> bool:
    """Return whether the sink's reader has closed; only for a sink that has gone_fds."""
    asking: Callable[[], bool] | None = getattr(end, "reader_gone", None)
    return asking is not None and asking()


def send_eof(end: object) -> None:
    """Pass EOF on, where the end has one. Raises OSError.

    A datagram end has none; it may have ``stop_sending``, which affects the kernel only.
    """
    passing: Callable[[], None] | None = getattr(end, "send_eof", None)
    if passing is None:
        passing = getattr(end, "stop_sending", None)
    if passing is not None:
        passing()


def refuse(end: object) -> None:
    """Tell a source that it is not read any more, where it has a way to do so."""
    refusing: Callable[[], None] | None = getattr(end, "refuse", None)
    if refusing is not None:
        refusing()


def unacknowledged(end: object) -> int:
    """Return the sent bytes that the peer's kernel has not acknowledged; 0 where it is unknown.

    Raises OSError when the connection has broken.
    """
    counting: Callable[[], int] | None = getattr(end, "unacknowledged", None)
    return counting() if counting is not None else 0


def has_ended(source: Source) -> bool:
    """Return whether ``b""`` from a datagram source was EOF; only DTLS has one."""
    return getattr(source, "ended", False)


def break_off(conn: Conn) -> None:
    """Close by RST, where the protocol has one, so that the peer does not take it for EOF."""
    for name in ("abort", "break_off"):
        breaking: Callable[[], None] | None = getattr(conn, name, None)
        if breaking is not None:
            breaking()
    conn.close()


def broken(conn: Conn, error: OSError) -> PyncError:
    """Return the error to report when a connection in use has failed."""
    # Import late: most connections do not break.
    from ..core.broken import broken as broken_at

    return broken_at(conn.peer, error)


def undelivered(sink: object, error: OSError) -> Exception:
    """Return the error to report when received bytes cannot be written."""
    if isinstance(sink, Conn):
        return RelayError("relay", sink.peer, cause_of(error))
    from ..core.broken import unwritten

    return unwritten(error)


def not_received(
    error: OSError | None, failed_end: FailedEnd, remote: Conn, sink: object
) -> Exception | None:
    """Return the error to report when the receiving direction has failed; None: report none.

    EOF without close_notify is not reported, because the peer may still read.
    """
    if error is None:
        return None
    from ..core.broken import TruncatedError

    if isinstance(error, TruncatedError):
        return None
    return broken(remote, error) if failed_end == "source" else undelivered(sink, error)


def unread(source: object, error: OSError) -> Exception:
    """Return the error to report when our input cannot be read."""
    if isinstance(source, Conn):  # a proxy's client
        return broken(source, error)
    return RelayError("read", "standard input", cause_of(error))
