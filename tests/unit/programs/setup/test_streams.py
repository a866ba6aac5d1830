"""Standard input and output, derived from the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from pync.dialects.pync import parse
from pync.programs.setup.streams import stdio_of, time_of_day
from pync.transports.screen import ScreenStdio


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("--show=escape", b"\\x1b[6n\\n\n"),
        ("--show=text --marks", b"< \x1b[6n\n"),
        ("--marks --colour=always", b"\x1b[32m< \x1b[39m\x1b[6n\n"),
        ("--raw", b"\x1b[6n\n"),
    ],
)
def test_output_to_a_pipe(pipe: tuple[int, int], words: str, shown: bytes) -> None:
    config = parse([*words.split(), "host", "1"])
    with stdio_of(config, None, pipe[1], lambda _: None, owns_stdout=False) as stdio:
        assert isinstance(stdio, ScreenStdio)
        assert (stdio.shows_sent is not None) == config.marks
        stdio.show(b"\x1b[6n\n")
    assert os.read(pipe[0], 100) == shown


@pytest.mark.parametrize(
    ("words", "times"),
    [
        ("--timestamps", True),
        ("--timestamps --output=x", False),
        ("--timestamps --output=x --marks", True),
        ("--timestamps --hex-dump=x --show=text", True),
    ],
)
def test_timestamps_are_shown_or_recorded(pipe: tuple[int, int], words: str, times: bool) -> None:
    config = parse([*words.split(), "host", "1"])
    with stdio_of(config, None, pipe[1], lambda _: None, owns_stdout=False) as stdio:
        stdio.show(b"x\n")
    assert (b":" in os.read(pipe[0], 100)) == times


def test_time_of_day() -> None:
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", time_of_day())
