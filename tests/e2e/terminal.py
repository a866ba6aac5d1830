"""A person at a terminal: types, reads the screen, presses ^C and ^D."""

from __future__ import annotations

import os
import signal
import termios
import warnings

import pexpect

from conformance.clients.terminal import hang_up

from ..peer import DEADLINE


class Terminal:
    """A program on a terminal of its own.

    Arguments:
        argv: the program and its words.
    """

    def __init__(self, argv: list[str]) -> None:
        with warnings.catch_warnings():
            # forkpty in a process with threads (xdist's): the child only execs.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = pexpect.spawn(argv[0], argv[1:], timeout=DEADLINE)
        self._child.delaybeforesend = None
        self._child.delayafterclose = self._child.delayafterterminate = 0.01

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *details: object) -> None:
        hang_up(self._child)

    def types(self, text: bytes) -> None:
        """Type; a line ends with CR, as the key does."""
        self._child.send(text)

    def presses_control(self, letter: str) -> None:
        """^C, ^D and their kin."""
        self._child.sendcontrol(letter)

    def sees(self, text: bytes) -> bytes:
        """This appears on the screen; what stood before it, and it, is consumed and returned."""
        self._child.expect_exact(text)
        return bytes(self._child.before) + text

    def reads_line(self) -> bytes:
        """The rest of the line on the screen."""
        self._child.expect_exact(b"\r\n")
        return bytes(self._child.before)

    def sees_to_the_end(self) -> bytes:
        """What is on the screen when the program has ended."""
        self._child.expect(pexpect.EOF)
        return bytes(self._child.before)

    def signals(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self._child.kill(number)

    def hangs_up(self) -> None:
        """Close the terminal, as the end of a window or of a connection does."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, self._child.child_fd)  # whose number pexpect closes at the end
        os.close(nowhere)

    def resizes(self, rows: int, columns: int) -> None:
        """Give the terminal's window another size."""
        self._child.setwinsize(rows, columns)

    def modes(self) -> list[object]:
        """The terminal's settings."""
        return list(termios.tcgetattr(self._child.child_fd))

    def ends(self) -> int:
        """The exit status, negative for a death by signal."""
        self._child.expect(pexpect.EOF)
        self._child.wait()
        if self._child.signalstatus is not None:
            return -int(self._child.signalstatus)
        return int(self._child.exitstatus)
