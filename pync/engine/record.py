"""Recording the bytes that move: raw (``--output``), or as a dump (``--hex-dump``).

A recorder is a tap: it is called with every piece that is sent or received. It writes the pieces
of both directions in the order in which they moved.
"""

from __future__ import annotations

import os
import re
import time

from ..core.address import Address
from ..core.closing import Closing
from ..core.errors import OutputError, cause_of
from ..core.hexdump import hexdump, netcat_dump
from ..core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.config import DumpForm

#: How a direction is marked in a heading.
MARKS = {"sent": ">", "received": "<"}


class Recorder(Closing):
    """A writer of the bytes that move to files.

    Arguments:
        output: a file for the raw bytes, or None.
        hex_dump: a file for the dump, or None.
        append: keep what the files contain.
        timestamps: put a heading with time, direction and size over every piece.
        form: the program whose format the dump has.

    Raises OutputError.
    """

    def __init__(
        self,
        output: str | None = None,
        hex_dump: str | None = None,
        *,
        append: bool = False,
        timestamps: bool = False,
        form: DumpForm = "ncat",
    ) -> None:
        self._timestamps = timestamps
        self._form = form
        self._moved = dict.fromkeys(MARKS, 0)
        self._open: dict[str, tuple[str, int]] = {}
        try:
            for kind, path in (("raw", output), ("hex", hex_dump)):
                if path is not None:
                    self._open[kind] = (path, _opened(path, append))
        except BaseException:
            self.close()
            raise

    def tap(self, direction: str, data: bytes) -> None:
        """Record that these bytes were ``sent`` or ``received``. Raises OutputError."""
        heading = _heading(direction, len(data)) if self._timestamps else ""
        for kind, (path, descriptor) in self._open.items():
            body = self._dump(direction, data).encode() if kind == "hex" else data
            # A heading starts a new line, even if the bytes before it do not end one.
            end = b"\n" if heading and not body.endswith(b"\n") else b""
            _write(path, descriptor, heading.encode() + body + end)

    def _dump(self, direction: str, data: bytes) -> str:
        if self._form == "ncat":
            return hexdump(data)
        at = self._moved[direction]
        self._moved[direction] += len(data)
        return netcat_dump(data, MARKS[direction], at)

    def close(self) -> None:
        """Close the files; idempotent."""
        for _, descriptor in self._open.values():
            os.close(descriptor)
        self._open = {}


class Recorders:
    """A maker of recorders for many connections; file names may contain their number and peer.

    Several connections may write to one file: each appends whole pieces.

    Arguments:
        output, hex_dump, append, timestamps: see Recorder.
    """

    def __init__(
        self,
        output: str | None = None,
        hex_dump: str | None = None,
        *,
        append: bool = False,
        timestamps: bool = False,
    ) -> None:
        self._paths = output, hex_dump
        self._append = append
        self._timestamps = timestamps
        #: The files opened so far: only the first connection that opens a file may empty it.
        self._begun: set[str] = set()

    def __call__(self, number: int, peer: Address) -> Recorder:
        """Return the recorder of a connection. Raises OutputError."""
        paths = [None if path is None else _named(path, number, peer) for path in self._paths]
        for path in paths:
            if path is not None and not self._append and path not in self._begun:
                os.close(_opened(path, append=False))
                self._begun.add(path)
        return Recorder(*paths, append=True, timestamps=self._timestamps)


def _named(path: str, number: int, peer: Address) -> str:
    where = f"{peer.host}-{peer.service}" if peer.host else peer.path
    named = re.sub(r"[^\w.@-]", "_", where) or "unnamed"
    return path.replace("{n}", str(number)).replace("{peer}", named)


def _opened(path: str, append: bool) -> int:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    try:
        return os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise OutputError("open", path, cause_of(error)) from None


def _write(path: str, descriptor: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError as error:
        raise OutputError("write", path, cause_of(error)) from None


def _heading(direction: str, size: int) -> str:
    """Return a heading: ``2026-11-20T12:00:00.123456+0100 > 5 bytes``."""
    now = time.time_ns()
    moment = time.localtime(now // 1_000_000_000)
    fraction = now % 1_000_000_000 // 1000
    date, zone = time.strftime("%Y-%m-%dT%H:%M:%S", moment), time.strftime("%z", moment)
    return f"{date}.{fraction:06}{zone} {MARKS[direction]} {size} bytes\n"
