"""The user's terminal: line by line or character by character, and as it was afterwards.

Without a terminal, and where there is no termios, nothing is set and nothing is known.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from .settings import OFF

if TYPE_CHECKING:
    from typing_extensions import Self


class Mode(NamedTuple):
    """``editing``: lines are edited here, and sent whole. ``echo``: what is typed is shown."""

    editing: bool = True
    echo: bool = True


class NoTerminal:
    """Pipes and files."""

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
        """Nothing is to be set."""

    def restore(self) -> None:
        """Nothing was set."""

    def size(self) -> tuple[int, int]:
        """Columns and rows: unknown."""
        return 0, 0

    def end_of_line(self) -> bytes | None:
        """What an empty read means: None is the end of the input."""
        return None


class Terminal(NoTerminal):
    """A terminal (termios(3)).

    Arguments:
        descriptor: to read from.
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
        """Go into a mode.

        Arguments:
            mode: see Mode.
            ends: characters besides LF that make a line be read at once (VEOL, VEOL2).
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
            # The host draws the screen: its bytes mean what they say.
            oflag &= ~termios.OPOST
        self._apply([iflag, oflag, cflag, lflag, ispeed, ospeed, cc])
        self._changed = True

    def restore(self) -> None:
        """Make it as it was; idempotent."""
        if self._changed:
            self._changed = False
            self._apply(self._before)

    def size(self) -> tuple[int, int]:
        """Columns and rows, zero for unknown."""
        try:
            columns, rows = os.get_terminal_size(self._descriptor)
            return columns, rows
        except OSError:
            return 0, 0

    def end_of_line(self) -> bytes | None:
        """What an empty read means: ^D at a line's start, or None when the terminal is gone."""
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
            pass  # hung up: there is nobody to see it


def _is_speed(name: str) -> bool:
    return name[0] == "B" and name[1:].isdigit()


def terminal_of(descriptors: tuple[int, ...]) -> NoTerminal:
    """Return the terminal that the user types at, if it is one.

    Arguments:
        descriptors: of standard input; none when it has ended.
    """
    if sys.platform == "win32" or not descriptors or not os.isatty(descriptors[0]):
        return NoTerminal()
    return Terminal(descriptors[0])
