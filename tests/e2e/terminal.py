"""A simulated user at a terminal: types, reads the screen, presses ^C and ^D."""

from __future__ import annotations

import os
import signal
import termios
import warnings

import pexpect

from conformance.clients.terminal import hang_up

from ..peer import DEADLINE


class Terminal:
    """A program on its own pseudo-terminal.

    Arguments:
        argv: the program and its arguments.
    """

    def __init__(self, argv: list[str]) -> None:
        with warnings.catch_warnings():
            # forkpty() is safe in a process with threads (those of xdist): the child only execs.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = pexpect.spawn(argv[0], argv[1:], timeout=DEADLINE)
        self._child.delaybeforesend = None
        self._child.delayafterclose = self._child.delayafterterminate = 0.01

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *details: object) -> None:
        hang_up(self._child)

    def types(self, text: bytes) -> None:
        """Type text; the Enter key sends CR."""
        self._child.send(text)

    def presses_control(self, letter: str) -> None:
        """Press a control key, such as ^C or ^D."""
        self._child.sendcontrol(letter)

    def sees(self, text: bytes) -> bytes:
        """Wait until a text appears; return, and remove, the output up to and including it."""
        self._child.expect_exact(text)
        return bytes(self._child.before) + text

    def reads_line(self) -> bytes:
        """Return the rest of the current line."""
        self._child.expect_exact(b"\r\n")
        return bytes(self._child.before)

    def sees_to_the_end(self) -> bytes:
        """Wait until the program has exited; return the remaining output."""
        self._child.expect(pexpect.EOF)
        return bytes(self._child.before)

    def signals(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self._child.kill(number)

    def hangs_up(self) -> None:
        """Close the terminal, as when its window is closed or a login connection ends."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, self._child.child_fd)  # pexpect closes this number at the end
        os.close(nowhere)

    def resizes(self, rows: int, columns: int) -> None:
        """Change the size of the terminal window."""
        self._child.setwinsize(rows, columns)

    def modes(self) -> list[object]:
        """Return the terminal's settings."""
        return list(termios.tcgetattr(self._child.child_fd))

    def ends(self) -> int:
        """Wait for the exit; return the status, negative if a signal ended the program."""
        self._child.expect(pexpect.EOF)
        self._child.wait()
        if self._child.signalstatus is not None:
            return -int(self._child.signalstatus)
        return int(self._child.exitstatus)
