"""Start programs under test on Windows, wait for them, stop them, and leave none behind.

Windows cannot select pipes, so a thread reads each of their streams.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import pytest

#: Seconds that any step may take; a passing test never waits that long.
DEADLINE = 40.0

PYNC = (sys.executable, "-m", "pync")


class Program:
    """A running program.

    Arguments:
        argv: the command.
        stdin: a file, or None for a pipe.
        stdout: a file, or None for a pipe.
    """

    def __init__(
        self, *argv: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
    ) -> None:
        self.argv = argv
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if stdin is None else stdin,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self._news = threading.Condition()
        self._came = {"stdout": bytearray(), "stderr": bytearray()}
        self._ended: set[str] = set()
        self._threads = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("stdout", self.process.stdout), ("stderr", self.process.stderr))
            if stream is not None
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        for thread in self._threads:
            thread.join(DEADLINE)

    def write(self, data: bytes) -> None:
        """Write all of it to the standard input."""
        assert self.process.stdin is not None
        view = memoryview(data)
        while view:
            view = view[self.process.stdin.write(view) or 0 :]

    def end_input(self) -> None:
        """End its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def shows(self, data: bytes) -> None:
        """Check that exactly this comes next on its output."""
        self._await("stdout", lambda came: len(came) >= len(data), f"{data[:60]!r}")
        with self._news:
            came = self._came["stdout"]
            assert bytes(came[: len(data)]) == data, f"{self.argv} showed {bytes(came[:200])!r}"
            del came[: len(data)]

    def rest(self, within: float = DEADLINE) -> bytes:
        """Return the output to its end, which must come within so many seconds."""
        self._await("stdout", lambda _: "stdout" in self._ended, "the end of its output", within)
        return bytes(self._came["stdout"])

    def hears(self, pattern: bytes) -> re.Match[bytes]:
        """Wait until a pattern is on its standard error."""
        self._await("stderr", lambda came: re.search(pattern, came), repr(pattern))
        found = re.search(pattern, bytes(self._came["stderr"]))
        assert found is not None
        return found

    def ends(self, status: int | None = 0) -> bytes:
        """Wait for its exit with this status; return all of its stderr."""
        try:
            got = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.argv} does not end; it said {bytes(self._came['stderr'])!r}")
        for thread in self._threads:
            thread.join(DEADLINE)
        said = bytes(self._came["stderr"]).replace(b"\r\n", b"\n")
        if status is not None:
            assert got == status, f"{self.argv}: status {got}, said {said!r}"
        return said

    def _read(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            while piece := os.read(stream.fileno(), 65536):
                with self._news:
                    self._came[name] += piece
                    self._news.notify_all()
        with self._news:
            self._ended.add(name)
            self._news.notify_all()

    def _await(self, name: str, condition: object, what: str, within: float = DEADLINE) -> None:
        assert callable(condition)
        with self._news:
            come = self._news.wait_for(
                lambda: condition(self._came[name]) or name in self._ended, within
            )
            assert come, f"{self.argv}: {what} did not come, but {bytes(self._came[name][-300:])!r}"
            assert condition(self._came[name]), (
                f"{self.argv} ended, and {what} did not come, but {dict(self._came)!r}"
            )


def pync(
    *arguments: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
) -> Program:
    """Start pync."""
    return Program(*PYNC, *arguments, stdin=stdin, stdout=stdout)


def node(script: str, *arguments: str) -> Program:
    """Start a Node program of this folder; skips the test when Node is missing."""
    command = os.environ.get("PYNC_NODE") or ""
    if not command:
        pytest.skip("node for Windows is missing (npm fetches it)")
    return Program(command, str(Path(__file__).parent / script), *arguments)


def python(code: str, *arguments: str) -> Sequence[str]:
    """Return the arguments of a command that runs this code."""
    return (sys.executable, "-c", code, *arguments)
