"""The modes of a terminal, and its restored settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from pync.programs.telnet.terminal import Mode, NoTerminal, terminal_of

termios = pytest.importorskip("termios")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")


@pytest.fixture
def pty() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    yield master, slave
    for descriptor in (master, slave):
        try:
            os.close(descriptor)
        except OSError:
            continue


def flags(descriptor: int) -> tuple[bool, bool, bool]:
    """Return the flags ICANON, ECHO and ISIG."""
    local = termios.tcgetattr(descriptor)[3]
    return bool(local & termios.ICANON), bool(local & termios.ECHO), bool(local & termios.ISIG)


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        (Mode(), (True, True, True)),
        (Mode(echo=False), (True, False, True)),
        (Mode(editing=False), (False, True, False)),
        (Mode(editing=False, echo=False), (False, False, False)),
    ],
)
def test_modes(pty: tuple[int, int], mode: Mode, found: tuple[bool, bool, bool]) -> None:
    before = termios.tcgetattr(pty[1])
    with terminal_of((pty[1],)) as terminal:
        terminal.set(mode, (0x1D,))
        assert flags(pty[1]) == found
        output = termios.tcgetattr(pty[1])[1] & termios.OPOST
        assert bool(output) == (mode != Mode(editing=False, echo=False))
    assert termios.tcgetattr(pty[1]) == before


def test_escape_character_ends_a_line(pty: tuple[int, int]) -> None:
    with terminal_of((pty[1],)) as terminal:
        terminal.set(Mode(), (0x1D,))
        os.write(pty[0], b"ab\x1d")
        assert os.read(pty[1], 99) == b"ab\x1d"


def test_size_and_empty_line(pty: tuple[int, int]) -> None:
    termios.tcsetwinsize(pty[1], (30, 100)) if hasattr(termios, "tcsetwinsize") else None
    terminal = terminal_of((pty[1],))
    assert terminal.size() == tuple(os.get_terminal_size(pty[1]))
    assert terminal.end_of_line() == b"\x04"
    os.close(pty[0])
    assert terminal.end_of_line() in (b"\x04", None)


def test_closed_terminal_is_not_an_error(pty: tuple[int, int]) -> None:
    terminal = terminal_of((pty[1],))
    terminal.set(Mode(editing=False), ())
    os.close(pty[1])
    terminal.restore()
    assert terminal.end_of_line() is None
    assert terminal.size() == (0, 0)


def test_input_that_is_not_a_terminal() -> None:
    reader, writer = os.pipe()
    for descriptors in ((), (reader,)):
        with terminal_of(descriptors) as terminal:
            assert type(terminal) is NoTerminal
            terminal.set(Mode(), ())
            assert terminal.size() == (0, 0)
            assert terminal.end_of_line() is None
    os.close(reader)
    os.close(writer)
