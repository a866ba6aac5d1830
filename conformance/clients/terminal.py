"""A person's view: a client program on a terminal (PTY), driven by pexpect.

It shows what a person types and sees, as on the slides' telnet screens. By default the client
is pync; ``--client`` replaces it by another program. Byte-exact checks are in peer.py, because
a terminal echoes, converts line ends and buffers lines.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pexpect

from ..core.conduct import LF, Conduct, Pattern, Text
from ..core.load import note
from ..core.system import start_process
from ..core.transcript import RECEIVED, SENT, Transcript, first_difference
from ..core.verdict import NotJudged, Violation
from ..targets.usage import waiting_time
from .patterns import line_ends

#: The message that a person reads when the server ends the connection.
CLOSED = b"Connection closed by foreign host."

#: The most bytes on a person's screen that no scenario has awaited.
LARGEST_SCREEN = 1024 * 1024


class Manners(NamedTuple):
    """The behaviour of a client program.

    ``leaves``: it ends after the server's end, although its own input is open (ncat before 7.96
    and every nc do not); ``closing``: its message in that case; ``half_closes``: ^D becomes FIN
    and the answer is still shown; ``resets``: its message after RST; ``exact``: the screen shows
    only the bytes of the connection.
    """

    leaves: bool
    closing: bytes | None
    half_closes: bool
    resets: bytes | None
    exact: bool


class Terminal:
    """A terminal of 24 lines and 80 columns with a client program on it.

    Arguments:
        argv: the client program, with the server's address.
        manners: the behaviour of the program.
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
        self._child = start_process(
            lambda: pexpect.spawn(
                argv[0], argv[1:], timeout=deadline, dimensions=(24, 80), maxread=65536
            ),
            argv[0],
        )
        self._child.delaybeforesend = None
        # ptyprocess has these attributes too, and uses its own.
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

        Raises NotJudged for a client that does not send FIN after it.
        """
        if not self.manners.half_closes:
            raise NotJudged("this client does not send FIN at ^D and then wait for the answer")
        self._transcript.note("person", "^D", SENT)
        self._child.send(b"\x04")

    def see(self, text: bytes, awaited: str) -> None:
        """Await text on the screen.

        A terminal shows LF as CR LF and CR LF as CR CR LF (ONLCR), and a client may convert CR LF
        to LF before: a person sees no difference.

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
        """Await that the client reports the server's end of the connection, and ends."""
        if self.manners.closing:
            self.see(Text(self.manners.closing), "the client's notice of the end")
        if self.manners.leaves:
            self._leave_by_itself()

    def see_the_reset(self) -> None:
        """Await that the client reports the server's reset of the connection, and ends."""
        if self.manners.resets:
            lenient = self.manners
            self.manners = lenient._replace(exact=False)
            self.see(Text(lenient.resets or b""), "the client's notice of the reset")
            self.manners = lenient
        if self.manners.leaves:
            self._leave_by_itself()

    def close(self) -> None:
        """Close the terminal and end the program; idempotent."""
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
                # A pattern may match anything, but must not match the client's own message.
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
        # A CR at the end may be the first half of a line end.
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
        """Read what the terminal shows; return False at the end or if nothing comes."""
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
    """Close the terminal of a program and await its end, by SIGKILL if necessary; idempotent."""
    with suppress(pexpect.ExceptionPexpect):
        child.close(force=True)
    if not child.closed:
        # pexpect checks once after SIGKILL, which is too early on a busy machine.
        child.wait()
        child.close()
