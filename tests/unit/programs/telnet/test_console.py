"""The user's terminal: output in order, never blocking, and the end when it disappears."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pync.core.errors import OutputError, OutputGone
from pync.core.events import Event, Told
from pync.engine.loop import Loop
from pync.programs.telnet.console import HIGH_WATER, Console
from pync.programs.telnet.terminal import NoTerminal
from pync.transports.stdio import Stdio

from ....systems import only_posix


class Ends:
    def __init__(self, loop: Loop) -> None:
        self.typing, self.showing = os.pipe(), os.pipe()
        self.stdio = Stdio(self.typing[0], self.showing[1])
        self.typed: list[bytes] = []
        self.said: list[Event] = []
        self.console = Console(
            loop, self.stdio, NoTerminal(), self.said.append, self.typed.append, lambda: None
        )
        # (Windows: a read that waits holds its end open.)
        self.open = [self.typing[1], self.showing[0], self.typing[0], self.showing[1]]

    def close(self, descriptor: int) -> None:
        self.open.remove(descriptor)
        os.close(descriptor)


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as loop:
        yield loop


@pytest.fixture
def ends(loop: Loop) -> Iterator[Ends]:
    ends = Ends(loop)
    yield ends
    ends.stdio.close()
    for descriptor in ends.open:
        os.close(descriptor)


def test_input_and_its_end(loop: Loop, ends: Ends) -> None:
    ends.console.listen(True)
    os.write(ends.typing[1], b"hello")
    loop.run_while(lambda: not ends.typed)
    ends.close(ends.typing[1])
    loop.run_while(lambda: not ends.console.ended)
    assert ends.typed == [b"hello", b""]


@only_posix
def test_output_waits_for_a_slow_reader(loop: Loop, ends: Ends) -> None:
    ends.console.show(b"x" * (HIGH_WATER * 2))
    assert ends.console.is_behind
    read = bytearray()

    def read_some() -> bool:
        read.extend(os.read(ends.showing[0], 1 << 16))
        return len(read) < HIGH_WATER * 2

    loop.run_while(read_some)
    assert not ends.console.is_behind
    assert bytes(read) == b"x" * (HIGH_WATER * 2)


def test_messages_follow_earlier_output(ends: Ends) -> None:
    ends.console.show(b"first")
    ends.console.say("one\ntwo", is_error=True)
    assert os.read(ends.showing[0], 99) == b"first"
    assert ends.said == [Told("one", True), Told("two", True)]


def test_closed_reader(loop: Loop, ends: Ends) -> None:
    ends.close(ends.showing[0])
    with pytest.raises(OutputGone):
        show_and_run(loop, ends)


def show_and_run(loop: Loop, ends: Ends) -> None:
    """Show a byte and run the loop: on Windows, a pump reports the error in the next round."""
    ends.console.show(b"x")
    loop.run_while(lambda: True)


def test_output_cannot_be_written(loop: Loop, tmp_path: Path) -> None:
    (tmp_path / "shown").touch()
    with open(tmp_path / "shown", "rb") as file, Stdio(None, file.fileno()) as stdio:
        console = Console(loop, stdio, NoTerminal(), print, print, lambda: None)
        with pytest.raises(OutputError, match="standard output"):
            console.show(b"x")
