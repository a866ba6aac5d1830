"""What a flow moves between, and by what: the shapes of sources, sinks and movers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..core.broken import TruncatedError, broken, unwritten
from ..core.errors import RelayError, cause_of
from ..transports.conn import Conn
from .direction import FailedEnd

Convert = Callable[[bytes], bytes]


class Source(Protocol):
    """What can be read."""

    @property
    def datagram(self) -> bool:
        """Whether each read is one datagram, and ``b""`` no EOF."""
        ...

    def read_fds(self) -> tuple[int, ...]:
        """Return the descriptors to wait on before recv; none: recv never has to wait."""
        ...

    def recv(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; ``b""`` at EOF. Raises OSError.

        A source that may hold bytes of its own has ``pending()``, which says whether
        recv gives some without the descriptor's being ready (TLS).
        """
        ...


class Sink(Protocol):
    """What can be written; it may have send_eof."""

    @property
    def datagram(self) -> bool:
        """Whether each write is one datagram."""
        ...

    def write_fd(self) -> int:
        """Return the descriptor to wait on before send."""
        ...

    def send(self, data: bytes | memoryview, /) -> int:
        """Write what fits; returns how many bytes did. Raises OSError.

        A sink that may fail after it has taken something has ``fault_fds()``, descriptors
        that can be read then; sending nothing tells. One that may answer each datagram for
        itself has ``keeps_apart``: datagrams are not gathered for it. One whose reader may leave
        has ``gone_fds()``, descriptors that can be read when it may have left, and
        ``reader_gone()``, which says whether it has.
        """
        ...


class Mover(Protocol):
    """A fast path: moves bytes inside the kernel."""

    @property
    def holds(self) -> bool:
        """Whether bytes are taken from the source that the sink has still to take."""
        ...

    @property
    def ended(self) -> bool:
        """Whether a 0 of move is EOF for certain; without it the source itself is asked."""
        ...

    def move(self) -> int | None:
        """Bytes moved, 0 at EOF, None when it cannot; BlockingIOError when it must wait.

        Any other OSError is the end of what ``fault`` says.
        """
        ...

    def fault(self, error: OSError, /) -> FailedEnd:
        """Whose fault an error of move is: ``source`` or ``sink``."""
        ...

    def leftover(self) -> bytes:
        """Bytes that were taken from the source and could not be delivered."""
        ...

    def close(self) -> None:
        """Let go of what the mover itself opened; idempotent."""
        ...


def fault_fds(end: object) -> tuple[int, ...]:
    """Descriptors that can be read when the sink has failed behind our back."""
    telling: Callable[[], tuple[int, ...]] | None = getattr(end, "fault_fds", None)
    return telling() if telling is not None else ()


def gone_fds(end: object) -> tuple[int, ...]:
    """Descriptors that can be read when the sink's reader may have left."""
    telling: Callable[[], tuple[int, ...]] | None = getattr(end, "gone_fds", None)
    return telling() if telling is not None else ()


def reader_gone(end: object) -> bool:
    """Return whether nobody can read what the sink takes; only for one that has gone_fds."""
    asking: Callable[[], bool] | None = getattr(end, "reader_gone", None)
    return asking is not None and asking()


def send_eof(end: object) -> None:
    """Pass EOF on, where there is such a thing. Raises OSError.

    A datagram end has none; it may have ``stop_sending``, which tells the kernel only.
    """
    passing: Callable[[], None] | None = getattr(end, "send_eof", None)
    if passing is None:
        passing = getattr(end, "stop_sending", None)
    if passing is not None:
        passing()


def refuse(end: object) -> None:
    """Tell a source that nothing more is read from it, where there is such a thing."""
    refusing: Callable[[], None] | None = getattr(end, "refuse", None)
    if refusing is not None:
        refusing()


def unacknowledged(end: object) -> int:
    """Bytes sent that the peer's kernel has not acknowledged; 0 where nobody can tell.

    Raises OSError when the connection has broken.
    """
    counting: Callable[[], int] | None = getattr(end, "unacknowledged", None)
    return counting() if counting is not None else 0


def break_off(conn: Conn) -> None:
    """Close by RST, where there is such a thing: the peer must not take it for the end."""
    for name in ("abort", "break_off"):
        breaking: Callable[[], None] | None = getattr(conn, name, None)
        if breaking is not None:
            breaking()
    conn.close()


def undelivered(sink: object, error: OSError) -> Exception:
    """What to report when what was received cannot be written."""
    if isinstance(sink, Conn):
        return RelayError("relay", sink.peer, cause_of(error))
    return unwritten(error)


def not_received(
    error: OSError | None, failed_end: FailedEnd, remote: Conn, sink: object
) -> Exception | None:
    """What to report of the error of what is received, if that is a failure.

    After an end without close_notify the peer may still read.
    """
    if error is None or isinstance(error, TruncatedError):
        return None
    return broken(remote.peer, error) if failed_end == "source" else undelivered(sink, error)


def unread(source: object, error: OSError) -> Exception:
    """What to report when our input cannot be read."""
    if isinstance(source, Conn):  # a proxy's client
        return broken(source.peer, error)
    return RelayError("read", "standard input", cause_of(error))
