"""The human's view: a client program on a terminal (PTY), driven by pexpect.

What a person types and sees, as on the slides' telnet screens. By default the client
is pync; ``--client`` puts another program in its place. Byte-exact work belongs to
peer.py: a terminal echoes, maps line ends and holds lines back.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pexpect

from ..core.conduct import LF, Conduct, Pattern, Text
from ..core.load import note
from ..core.transcript import RECEIVED, SENT, Transcript, first_difference
from ..core.verdict import NotJudged, Violation
from ..targets.usage import waiting_time
from .patterns import line_ends

#: What a person reads when the server ends the connection.
CLOSED = b"Connection closed by foreign host."

#: Bytes that a person's screen may hold and that nobody awaited.
LARGEST_SCREEN = 1024 * 1024


class Manners(NamedTuple):
    """What a client program does of its own accord.

    ``leaves``: at the server's end, although its own input is open (ncat before 7.96
    and every nc stay); ``closing``: what it says then; ``half_closes``: ^D becomes FIN
    and the answer is still shown; ``resets``: what it says on RST; ``exact``: nothing
    but the connection's bytes is on the screen.
    """

    leaves: bool
    closing: bytes | None
    half_closes: bool
    resets: bytes | None
    exact: bool


class Terminal:
    """A terminal of 24 lines and 80 columns with a client program on it.

    Arguments:
        argv: the client program, pointed at the server.
        manners: what the program does of its own accord.
        deadline: seconds that one awaited event may take.
    """

    def __init__(
        self,
        argv: list[str],
        manners: Manners,
        transcript: Transcript,
        deadline: float,
        conduct: Conduct | None = None,
    ) -> None:
        self.manners = manners
        self._conduct = conduct or Conduct()
        self._transcript = transcript
        self.deadline = deadline
        self._screen = bytearray()
        self._ended = False
        transcript.note("person", "$ " + shlex.join([Path(argv[0]).name, *argv[1:]]))
        self._child = pexpect.spawn(
            argv[0], argv[1:], timeout=deadline, dimensions=(24, 80), maxread=65536
        )
        self._child.delaybeforesend = None
        # ptyprocess has these too, and its own are the ones in force.
        for one in (self._child, self._child.ptyproc):
            one.delayafterclose = one.delayafterterminate = 0.005

    def type_line(self, line: bytes) -> None:
        """Type a line and Enter; the terminal itself echoes it."""
        line = self._conduct.sent(line + LF).rstrip(b"\r\n")
        self._transcript.sent("person", line + LF)
        self._child.send(line + b"\r")
        self.see(Text(line + LF), "the typed line on the screen")

    def end_input(self) -> None:
        """Press ^D.

        Raises NotJudged with a client that does not turn it into FIN.
        """
        if not self.manners.half_closes:
            raise NotJudged("this client does not send FIN at ^D and then wait for the answer")
        self._transcript.note("person", "^D", SENT)
        self._child.send(b"\x04")

    def see(self, text: bytes, awaited: str) -> None:
        """Await text on the screen.

        A terminal shows LF as CR LF and CR LF as CR CR LF (ONLCR), a client may turn CR LF into
        LF before: to a person they are the same.

        Raises Violation.
        """
        if isinstance(text, Pattern):
            self._see_pattern(text.without_cr(), awaited)
            return
        shown = line_ends(self._conduct.expected(text))
        while not self._found(shown, awaited):
            if not self._read():
                self._missing(shown, awaited)

    def see_the_end(self) -> None:
        """The server has ended the connection: the client says so and leaves by itself."""
        if self.manners.closing:
            self.see(Text(self.manners.closing), "the client's notice of the end")
        if self.manners.leaves:
            self._leave_by_itself()

    def see_the_reset(self) -> None:
        """The server has reset the connection: the client says so and leaves by itself."""
        if self.manners.resets:
            lenient = self.manners
            self.manners = lenient._replace(exact=False)
            self.see(Text(lenient.resets or b""), "the client's notice of the reset")
            self.manners = lenient
        if self.manners.leaves:
            self._leave_by_itself()

    def close(self) -> None:
        """Hang up; idempotent."""
        if not self._child.closed:
            note(waiting_time(self._child.pid))
        hang_up(self._child)

    def _leave_by_itself(self) -> None:
        while self._read():
            pass
        if not self._ended:
            raise Violation(
                "terminal-stays",
                f"the client did not end within {self.deadline:g} s: "
                "the server did not end the connection",
                client="person",
            )

    def _see_pattern(self, pattern: Pattern, awaited: str) -> None:
        while True:
            screen = bytes(self._screen)
            if self.manners.closing:
                # The client's own notice does not belong to a text that may be anything.
                screen = screen.partition(self.manners.closing)[0]
            starts = [0] if self.manners.exact else range(len(screen) + 1)
            for start in starts:
                length = pattern.at_start(screen[start:])
                if length is not None:
                    del self._screen[: start + length]
                    return
            if not self._read():
                self._missing(bytes(pattern), awaited)

    def _found(self, shown: bytes, awaited: str) -> bool:
        screen = bytes(self._screen)
        if not self.manners.exact:
            at = screen.find(shown)
            if at >= 0:
                del self._screen[: at + len(shown)]
            return at >= 0
        if screen.startswith(shown):
            del self._screen[: len(shown)]
            return True
        # A CR at the end may be half of a line's end.
        if not shown.startswith((screen, screen.rstrip(b"\r"))):
            raise Violation(
                "wrong-bytes",
                f"the person does not see {awaited}",
                expected=shown,
                received=screen,
                offset=first_difference(shown, screen),
                client="person",
            )
        return False

    def _read(self) -> bool:
        """Take what the terminal shows; False at the end or when nothing comes."""
        try:
            data = self._child.read_nonblocking(65536, self.deadline)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            self._ended = True
            self._transcript.note("person", "the client program ended", RECEIVED)
            return False
        self._screen[:] = line_ends(bytes(self._screen) + data)
        if len(self._screen) > LARGEST_SCREEN:
            raise Violation("floods", "the terminal overflows", client="person")
        self._transcript.received("person", data)
        return True

    def _missing(self, shown: bytes, awaited: str) -> None:
        screen = bytes(self._screen)
        raise Violation(
            "missing-bytes",
            f"the person does not see {awaited}",
            expected=shown,
            received=screen,
            offset=first_difference(shown, screen),
            instead="the client's end" if self._ended else f"nothing for {self.deadline:g} s",
            client="person",
        )


def hang_up(child: pexpect.spawn[bytes]) -> None:
    """Close the terminal of a program and see its end, by SIGKILL if need be; idempotent."""
    with suppress(pexpect.ExceptionPexpect):
        child.close(force=True)
    if not child.closed:
        # pexpect looks once after SIGKILL; on a busy machine that is too early.
        child.wait()
        child.close()
