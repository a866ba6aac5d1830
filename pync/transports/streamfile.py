"""A connection as a file object (makefile), which shares the bytes read ahead with ``recv``."""

from __future__ import annotations

import io

from ..core.readahead import LimitError
from ..core.typed import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

#: What ``mode`` may be.
MODES = ("r", "w", "rw", "rb", "wb", "rwb")


class Readable(Protocol):
    """An object that is read by lines and sizes: a connection (reading.py)."""

    @property
    def peer(self) -> object:
        """Its address."""

    @property
    def recv(self) -> Callable[..., bytes]:
        """The function that returns up to so many bytes."""

    @property
    def send_all(self) -> Callable[[bytes], None]:
        """The function that sends everything."""

    def recv_line(self, *, limit: int = ...) -> bytes:
        """Return the next line."""

    def recv_all(self) -> bytes:
        """Return everything up to the end."""


def opened(
    conn: Readable, mode: str, encoding: str, errors: str, newline: str | None
) -> StreamFile | io.TextIOWrapper:
    """Return the file; see Reading.makefile."""
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} is none of {', '.join(MODES)}")
    file = StreamFile(conn, reads="r" in mode, writes="w" in mode, lines="b" not in mode)
    if "b" in mode:
        return file
    # (Writes are not buffered: the caller would have to know when to flush.)
    return io.TextIOWrapper(file, encoding, errors, newline, write_through=True)


class StreamFile(io.BufferedIOBase):
    """A binary file; its buffer is the connection's.

    Arguments:
        conn: stays open when the file is closed.
        reads, writes: whether the file can be read, and written.
        lines: whether read1, which a text file uses, reads one line at most.
    """

    def __init__(self, conn: Readable, *, reads: bool, writes: bool, lines: bool) -> None:
        self._conn = conn
        self._reads = reads
        self._writes = writes
        self._lines = lines

    @property
    def name(self) -> str:
        """The peer's address."""
        return str(self._conn.peer)

    def readable(self) -> bool:  # noqa: D102 - see io, as for the other methods
        return self._reads

    def writable(self) -> bool:  # noqa: D102
        return self._writes

    def read(self, size: int | None = -1, /) -> bytes:  # noqa: D102
        self._check(self._reads, "reading")
        if size is None or size < 0:
            return self._conn.recv_all()
        pieces = []
        while size > 0 and (piece := self._conn.recv(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def read1(self, size: int = -1, /) -> bytes:  # noqa: D102
        self._check(self._reads, "reading")
        if self._lines:
            return self._conn.recv_line()
        return self._conn.recv() if size < 0 else self._conn.recv(size) if size else b""

    def readinto(self, buffer: Buffer, /) -> int:  # noqa: D102
        return self._read_into(buffer, self.read)

    def readinto1(self, buffer: Buffer, /) -> int:  # noqa: D102
        self._check(self._reads, "reading")
        return self._read_into(buffer, lambda size: self._conn.recv(size) if size else b"")

    def readline(self, size: int | None = -1, /) -> bytes:  # noqa: D102
        self._check(self._reads, "reading")
        if size is None or size < 0:
            return self._conn.recv_line()
        try:
            return self._conn.recv_line(limit=size)
        except LimitError:
            return self._conn.recv(size) if size else b""

    def write(self, data: Buffer, /) -> int:  # noqa: D102
        self._check(self._writes, "writing")
        data = bytes(data)
        self._conn.send_all(data)
        return len(data)

    def _check(self, able: bool, what: str) -> None:
        if self.closed:
            raise ValueError("the file is closed")
        if not able:
            raise io.UnsupportedOperation(f"the file is not open for {what}")

    @staticmethod
    def _read_into(buffer: Buffer, read: Callable[[int], bytes]) -> int:
        view = memoryview(buffer).cast("B")
        data = read(len(view))
        view[: len(data)] = data
        return len(data)
