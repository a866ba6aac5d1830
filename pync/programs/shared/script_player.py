"""Playing a script against a peer (``--expect``). What comes is shown as it comes."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...core.broken import broken, unwritten
from ...core.deadline import Deadline
from ...core.errors import ScriptError, UsageError, cause_of
from ...core.script import Eof, Expect, Interact, Script, Send, parse
from ...engine.pipeline import Tap
from ...engine.protocols import send_eof
from ...transports.conn import Conn
from ...transports.stdio import write

#: Bytes of what came that an awaited text may begin in.
WINDOW = 1024 * 1024

#: Bytes of what came instead that a message shows.
SHOWN = 120

#: Bytes of one read.
READ = 64 * 1024


def load(path: str) -> Script:
    """Read a script. Raises UsageError."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return parse(file.read(), path)
    except OSError as error:
        raise UsageError(f"--expect: {path}: {cause_of(error)}") from None


class Played(NamedTuple):
    """How things stand after a script: who goes on, and which directions have ended."""

    interact: bool = False
    sent_eof: bool = False
    peer_ended: bool = False


def play(script: Script, conn: Conn, stdout: int, tap: Tap | None = None) -> Played:
    """Go through the steps.

    Raises ScriptError when something else came than was awaited; RelayError, OutputGone.
    """
    return _Play(script, conn, stdout, tap).run()


class _Play:
    def __init__(self, script: Script, conn: Conn, stdout: int, tap: Tap | None) -> None:
        self._script = script
        self._conn = conn
        self._stdout = stdout
        self._tap = tap
        self._came = b""
        self._sent_eof = self._ended = False

    def run(self) -> Played:
        timeout = self._conn.gettimeout()
        try:
            for step in self._script.steps:
                if isinstance(step, Interact):
                    return Played(True, self._sent_eof, self._ended)
                if isinstance(step, Send):
                    self._send(step)
                elif isinstance(step, Expect):
                    self._expect(step)
                elif isinstance(step, Eof):
                    self._send_eof()
                else:
                    self._end(step.line, step.seconds)
        finally:
            self._conn.settimeout(timeout)
        return Played(False, self._sent_eof, self._ended)

    def _send(self, step: Send) -> None:
        try:
            self._conn.settimeout(None)
            self._conn.send_all(step.data)
            self._note("sent", step.data)
        except OSError as error:
            raise broken(self._conn.peer, error) from None

    def _send_eof(self) -> None:
        try:
            send_eof(self._conn)
            self._sent_eof = True
        except OSError as error:
            raise broken(self._conn.peer, error) from None

    def _expect(self, step: Expect) -> None:
        deadline = Deadline(step.seconds)
        while not (found := step.pattern.search(self._came)):
            if self._ended:
                raise self._wrong(step.line, f"expected {step.shown}, and the peer ended")
            if not self._receive(deadline):
                waited = f"expected {step.shown} within {step.seconds:g} s"
                raise self._wrong(step.line, waited)
        self._came = self._came[found.end() :]

    def _end(self, line: int, seconds: float) -> None:
        deadline = Deadline(seconds)
        while not self._ended:
            if not self._receive(deadline):
                raise self._wrong(line, f"expected the peer's end within {seconds:g} s")

    def _receive(self, deadline: Deadline) -> bool:
        """Take what comes and show it; False when the time is over."""
        if deadline.passed:
            return False
        self._conn.settimeout(deadline.remaining)
        try:
            data = self._conn.recv(READ)
        except TimeoutError:
            return False
        except OSError as error:
            raise broken(self._conn.peer, error) from None
        self._ended = not data
        self._note("received", data)
        self._show(data)
        self._came = (self._came + data)[-WINDOW:]
        return True

    def _note(self, direction: str, data: bytes) -> None:
        if self._tap is not None and data:
            self._tap(direction, data)

    def _show(self, data: bytes) -> None:
        try:
            while data:
                data = data[write(self._stdout, data) :]
        except OSError as error:
            raise unwritten(error) from None

    def _wrong(self, line: int, expected: str) -> ScriptError:
        came = repr(self._came[-SHOWN:])[1:]
        # Whatever quotes repr chose, ours are double.
        shown = re.sub(r"^'|'$", '"', came)
        cut = "..." if len(self._came) > SHOWN else ""
        what = f"; what came is {cut}{shown}" if self._came else "; nothing came"
        return ScriptError("expect", f"{self._script.name}:{line}", expected + what)
