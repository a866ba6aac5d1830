"""The user's terminal: line mode or character mode, and restoring it at the end.

Without a terminal or without termios, nothing is set, and size and speed are unknown.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType

from ...core.typed import TYPE_CHECKING, NamedTuple
from .settings import OFF

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self


class Mode(NamedTuple):
    """``editing``: lines are edited locally, and sent whole. ``echo``: typed text is shown."""

    editing: bool = True
    echo: bool = True


class NoTerminal:
    """An input that is not a terminal: pipes and files."""

    is_one = False
    speed = 38400

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.restore()

    def set(self, mode: Mode, ends: tuple[int, ...]) -> None:
        """Do nothing."""

    def restore(self) -> None:
        """Do nothing."""

    def size(self) -> tuple[int, int]:
        """Return 0, 0: columns and rows are unknown."""
        return 0, 0

    def end_of_line(self) -> bytes | None:
        """Return what an empty read means: None, the end of the input."""
        return None


class Terminal(NoTerminal):
    """A terminal (termios(3)).

    Arguments:
        descriptor: the descriptor to read from.
    """

    is_one = True

    def __init__(self, descriptor: int) -> None:
        import termios

        self._termios = termios
        self._descriptor = descriptor
        self._before = termios.tcgetattr(descriptor)
        self._changed = False
        names = {getattr(termios, name): int(name[1:]) for name in dir(termios) if _is_speed(name)}
        self.speed = names.get(self._before[5], 38400)

    def set(self, mode: Mode, ends: tuple[int, ...]) -> None:
        """Set a mode.

        Arguments:
            mode: see Mode.
            ends: characters that, like LF, end a line at once (VEOL, VEOL2).
        """
        termios = self._termios
        iflag, oflag, cflag, lflag, ispeed, ospeed, _ = self._before
        cc = list(self._before[6])
        if mode.editing:
            lflag |= termios.ICANON | termios.ISIG
            for slot, number in zip((termios.VEOL, termios.VEOL2), (*ends, OFF, OFF)):
                cc[slot] = b"\0" if number == OFF else bytes((number,))
        else:
            lflag &= ~(termios.ICANON | termios.ISIG | termios.IEXTEN)
            iflag &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
            cc[termios.VMIN], cc[termios.VTIME] = 1, 0
        lflag = lflag | termios.ECHO if mode.echo else lflag & ~termios.ECHO
        if not mode.editing and not mode.echo:
            # The host draws the screen: do not convert its bytes.
            oflag &= ~termios.OPOST
        self._apply([iflag, oflag, cflag, lflag, ispeed, ospeed, cc])
        self._changed = True

    def restore(self) -> None:
        """Restore the original mode; idempotent."""
        if self._changed:
            self._changed = False
            self._apply(self._before)

    def size(self) -> tuple[int, int]:
        """Return columns and rows, zero for unknown."""
        try:
            columns, rows = os.get_terminal_size(self._descriptor)
            return columns, rows
        except OSError:
            return 0, 0

    def end_of_line(self) -> bytes | None:
        """Return what an empty read means: ^D at a line's start; None if the terminal is gone."""
        try:
            self._termios.tcgetattr(self._descriptor)
        except self._termios.error:
            return None
        end = self._before[6][self._termios.VEOF]
        return end if isinstance(end, bytes) else b"\x04"

    def _apply(self, attributes: list[Any]) -> None:
        try:
            self._termios.tcsetattr(self._descriptor, self._termios.TCSADRAIN, attributes)
        except self._termios.error:
            pass  # the terminal has hung up


def _is_speed(name: str) -> bool:
    return name[0] == "B" and name[1:].isdigit()


def terminal_of(descriptors: tuple[int, ...]) -> NoTerminal:
    """Return the user's terminal, or a NoTerminal if the input is not one.

    Arguments:
        descriptors: those of standard input; empty when it has ended.
    """
    if sys.platform == "win32" or not descriptors or not os.isatty(descriptors[0]):
        return NoTerminal()
    return Terminal(descriptors[0])
