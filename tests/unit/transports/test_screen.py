"""A terminal as standard output: filtered, even if it accepts few bytes at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from pync.layers.screen import ScreenFilter
from pync.transports.screen import PIECE, ScreenStdio, is_utf8
from pync.transports.stdio import Stdio


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Yield a pipe, in place of a terminal that accepts few bytes at a time."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: pipes that poll")
def test_full_output_is_retried(pipe: tuple[int, int]) -> None:
    r"""Each ENQ becomes four bytes (\x05), so the pipe gets full."""
    reading, writing = pipe
    sent, came = b"\x05" * 40000 + b"end", b""
    with ScreenStdio(None, writing, ScreenFilter()) as stdio:
        at = 0
        while at < len(sent):
            try:
                count = stdio.send(memoryview(sent)[at:])
                assert 0 < count <= PIECE
                at += count
            except BlockingIOError:
                came += os.read(reading, 1 << 16)
        came += os.read(reading, 1 << 16)
    assert came == rb"\x05" * 40000 + b"end"


def test_incomplete_sequence_is_shown_at_the_end(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with ScreenStdio(None, writing, ScreenFilter()) as stdio:
        stdio.show(b"a\x1b[3")
    assert os.read(reading, 100) == b"a\\e[3"


def test_without_input_keeps_the_state_of_the_filter(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with ScreenStdio(None, writing, ScreenFilter()) as stdio:
        stdio.show(b"\x1b[3")
        with stdio.without_input() as other:
            other.show(b"1mred\x1b[6n")
    assert os.read(reading, 100) == b"\x1b[31mred\\e[6n"


def test_plain_output_is_not_filtered(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with Stdio(None, writing).without_input() as stdio:
        stdio.show(b"\x1b[6n")
    assert os.read(reading, 100) == b"\x1b[6n"


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: locales in the environment")
@pytest.mark.parametrize(
    ("environment", "utf8"),
    [
        ({}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, False),
        ({"LC_ALL": "ru_RU.KOI8-R", "LANG": "C.UTF-8"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "de_DE.ISO-8859-1"}, True),
    ],
)
def test_encoding_of_the_locale(environment: dict[str, str], utf8: bool) -> None:
    assert is_utf8(environment) is utf8
