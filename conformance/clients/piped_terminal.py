"""A person's view on Windows, where pexpect has no terminal: a client program on pipes.

Typed text reaches the client line by line and is not echoed, and the client cannot distinguish
it from a file. This module sees what a person would see: the server's bytes, and the client's
messages about an end.
"""

from __future__ import annotations

import re
import signal
from contextlib import suppress

import pexpect
from pexpect.popen_spawn import PopenSpawn

from ..core.conduct import LF, Conduct, Pattern
from ..core.transcript import RECEIVED, SENT, Transcript
from ..core.verdict import NotJudged, Violation
from .terminal import LARGEST_SCREEN, Manners, Terminal

_ANYTHING = re.compile(rb".+", re.DOTALL)


class PipedTerminal(Terminal):
    """A client program on pipes.

    Arguments:
        argv, manners, deadline: see Terminal.
        half_closes: whether the end of the input can reach the server.
    """

    def __init__(
        self,
        argv: list[str],
        manners: Manners,
        transcript: Transcript,
        deadline: float,
        conduct: Conduct,
        *,
        half_closes: bool,
    ) -> None:
        # If its input is not a terminal, the client prints no message about an end.
        self.manners = manners._replace(closing=None, half_closes=half_closes)
        self._transcript = transcript
        self.deadline = deadline
        self._conduct = conduct
        self._screen = bytearray()
        self._ended = False
        transcript.note("person", "$ pync " + " ".join(argv[3:]))
        self._child = PopenSpawn(argv, timeout=deadline, maxread=65536)
        self._child.delaybeforesend = None

    def type_line(self, line: bytes) -> None:
        """Type a line and Enter; it is not echoed."""
        line = self._conduct.sent(line + LF).rstrip(b"\r\n") + LF
        self._transcript.sent("person", line)
        self._child.send(line)

    def end_input(self) -> None:
        """End the input. Raises NotJudged if that cannot reach the server."""
        if not self.manners.half_closes:
            raise NotJudged("a named pipe has no half-close")
        self._transcript.note("person", "^D", SENT)
        self._child.sendeof()

    def see(self, text: bytes, awaited: str) -> None:
        """Await text unchanged: there is no terminal that converts LF. Raises Violation."""
        if isinstance(text, Pattern):
            self._see_pattern(text, awaited)
            return
        while not self._found(text, awaited):
            if not self._read():
                self._missing(text, awaited)

    def see_the_end(self) -> None:
        """Await the client's end after the server's, without more output. Raises Violation."""
        super().see_the_end()
        if self.manners.exact and self._screen:
            raise Violation(
                "extra-bytes",
                "the person sees more than was awaited",
                expected=b"",
                received=bytes(self._screen),
                offset=0,
                client="person",
            )

    def close(self) -> None:
        """End the client; idempotent."""
        if self._child.proc.poll() is None:
            with suppress(OSError):
                self._child.kill(signal.SIGTERM)
        self._child.proc.wait()
        for stream in (self._child.proc.stdin, self._child.proc.stdout):
            with suppress(OSError):
                stream.close()

    def _read(self) -> bool:
        try:
            self._child.expect([_ANYTHING], timeout=self.deadline)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            self._ended = True
            self._transcript.note("person", "the client program ended", RECEIVED)
            return False
        data: bytes = self._child.after
        self._screen += data
        if len(self._screen) > LARGEST_SCREEN:
            raise Violation("floods", "the output overflows", client="person")
        self._transcript.received("person", data)
        return True
