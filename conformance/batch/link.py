"""What a judge says to its class: the rows of its results, which nobody else can write.

The judge's stdout is one end of a socket pair. The judge keeps it under another number that no
process inherits, and a socket cannot be opened by way of /proc/PID/fd. Each line is signed
(HMAC-SHA256) with a key that came by the judge's stdin; a line that is not, is refused. On Linux
the judge is not dumpable either: another process of the same user can neither read its memory
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

#: Bytes of one line, and of all lines; a judge does not say more.
LONGEST_LINE = 64 * 1024 * 1024
MOST_BYTES = 256 * 1024 * 1024

#: Bytes of what a judge printed that are kept.
KEPT_OUTPUT = 8000

#: Seconds for what is still on its way when the judge has ended.
LAST_WORDS = 5.0

#: prctl(2): PR_SET_DUMPABLE.
_SET_DUMPABLE = 4


class Signed:
    """Signs and checks lines; each is bound to its place.

    Arguments:
        key: what only the two ends know, in hexadecimal digits.
    """

    def __init__(self, key: str) -> None:
        self._key = bytes.fromhex(key)
        self._place = 0

    def sign(self, row: dict[str, Any]) -> bytes:
        """Return the line for a row."""
        text = json.dumps(row, ensure_ascii=True).encode("ascii")
        line = self._digest(text) + b" " + text + b"\n"
        self._place += 1
        return line

    def take(self, line: bytes) -> str | None:
        """Return the row of a line as text; None for a line that was not signed for this place."""
        digest, _, text = line.rstrip(b"\n").partition(b" ")
        if not hmac.compare_digest(digest, self._digest(text)):
            return None
        self._place += 1
        return text.decode("ascii")

    def _digest(self, text: bytes) -> bytes:
        place = b"%d " % self._place
        return hmac.new(self._key, place + text, hashlib.sha256).hexdigest().encode("ascii")


class Reading:
    """The class's end: reads what a judge says and prints, so that the judge never waits.

    Arguments:
        said: the judge's rows.
        printed: what it prints, of which the end is kept.
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
        """Take what is on its way; the judge has ended."""
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
    """Return the class's end, and what Popen is given as the judge's stdout.

    On Windows, where a socket cannot be a standard stream, the pair is a pipe: no end of our own
    is returned.
    """
    if sys.platform == "win32":
        return None, subprocess.PIPE
    ours, theirs = socket.socketpair()
    with ours:
        return ours.makefile("rb"), theirs


def take_stdout() -> int:
    """In the judge, before it starts anything: keep stdout for the rows; returns its number.

    What is printed from now on goes to stderr.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


def send_rows(descriptor: int, key: str, rows: list[dict[str, Any]]) -> None:
    """Send the rows, and nothing after them."""
    signed = Signed(key)
    with open(descriptor, "wb") as stream:
        stream.writelines(signed.sign(row) for row in rows)


def become_private() -> None:
    """Let no other process of this user read our memory or trace us (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
