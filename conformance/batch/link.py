"""The link from a judge to its class: it carries the rows of results, protected from targets.

The judge's stdout is one end of a socket pair. The judge moves it to another descriptor that no
process inherits, and a socket cannot be opened through /proc/PID/fd. Each line is signed
(HMAC-SHA256) with a key that the judge has read from stdin; an unsigned line is refused. On Linux
the judge is also not dumpable: another process of the same user can neither read its memory
nor trace it (prctl(2), ptrace(2)).
"""

from __future__ import annotations

import ctypes
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any

#: The maximum of bytes in one line, and in all lines; a judge does not send more.
LONGEST_LINE = 64 * 1024 * 1024
MOST_BYTES = 256 * 1024 * 1024

#: The bytes that are kept from the end of a judge's output.
KEPT_OUTPUT = 8000

#: Seconds to wait for remaining data after the judge has ended.
LAST_WORDS = 5.0

#: prctl(2): PR_SET_DUMPABLE.
_SET_DUMPABLE = 4


class Signed:
    """The signatures of lines; each depends on the line's number.

    Arguments:
        key: the key, which only the two ends know, in hexadecimal digits.
    """

    def __init__(self, key: str) -> None:
        self._key = bytes.fromhex(key)
        self._place = 0

    def sign(self, row: dict[str, Any]) -> bytes:
        """Return the signed line for a row."""
        text = json.dumps(row, ensure_ascii=True).encode("ascii")
        line = self._digest(text) + b" " + text + b"\n"
        self._place += 1
        return line

    def take(self, line: bytes) -> str | None:
        """Return the row of a line as text; None if the line was not signed for this position."""
        digest, _, text = line.rstrip(b"\n").partition(b" ")
        if not hmac.compare_digest(digest, self._digest(text)):
            return None
        self._place += 1
        return text.decode("ascii")

    def _digest(self, text: bytes) -> bytes:
        place = b"%d " % self._place
        return hmac.new(self._key, place + text, hashlib.sha256).hexdigest().encode("ascii")


class Reading:
    """The class's end of the link: it reads all output of a judge, so that the judge never blocks.

    Arguments:
        said: the stream of the judge's rows.
        printed: the stream of its other output; only the end of it is kept.
    """

    def __init__(self, said: IO[bytes], printed: IO[bytes], key: str) -> None:
        self.rows: list[str] = []
        self.refused = 0
        self._printed = b""
        self._signed = Signed(key)
        self._threads = [
            threading.Thread(target=self._read_rows, args=(said,), daemon=True),
            threading.Thread(target=self._read_printed, args=(printed,), daemon=True),
        ]
        for one in self._threads:
            one.start()

    def end(self) -> None:
        """Read the remaining data after the judge has ended."""
        for one in self._threads:
            one.join(LAST_WORDS)

    @property
    def printed(self) -> str:
        """The end of what the judge printed."""
        return self._printed.decode("utf-8", "backslashreplace")

    def _read_rows(self, said: IO[bytes]) -> None:
        total = 0
        with suppress(OSError, ValueError), said:
            while line := said.readline(LONGEST_LINE):
                total += len(line)
                row = self._signed.take(line) if total <= MOST_BYTES else None
                if row is None:
                    self.refused += 1
                else:
                    self.rows.append(row)

    def _read_printed(self, printed: IO[bytes]) -> None:
        with suppress(OSError, ValueError), printed:
            while data := printed.read1(65536):  # type: ignore[attr-defined]
                self._printed = (self._printed + data)[-KEPT_OUTPUT:]


def socket_for_stdout() -> tuple[IO[bytes] | None, Any]:
    """Return the class's end, and the argument of Popen for the judge's stdout.

    On Windows a socket cannot be a standard stream, so that Popen makes a pipe: then the class's
    end is None.
    """
    if sys.platform == "win32":
        return None, subprocess.PIPE
    ours, theirs = socket.socketpair()
    with ours:
        return ours.makefile("rb"), theirs


def take_stdout() -> int:
    """Reserve stdout for the rows, and return its new descriptor.

    The judge calls this before it starts anything. All later output goes to stderr.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


def send_rows(descriptor: int, key: str, rows: list[dict[str, Any]]) -> None:
    """Send the rows, and close the link."""
    signed = Signed(key)
    with open(descriptor, "wb") as stream:
        stream.writelines(signed.sign(row) for row in rows)


def become_private() -> None:
    """Forbid other processes of this user to read this one's memory or to trace it (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
