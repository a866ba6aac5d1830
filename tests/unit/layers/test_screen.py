"""The filter between a peer and the terminal (sequences: test_control_sequences.py)."""

from __future__ import annotations

import subprocess
import sys

from pync.layers.screen import ScreenFilter, Unfiltered


def test_text_passes_and_sequences_are_filtered() -> None:
    screen = ScreenFilter()
    shown = [screen.feed(data) for data in (b"plain", b"\x1b[3", b"1mred", b"\x1b[6n", b"\x1b")]
    assert [*shown, screen.end()] == [b"plain", b"", b"\x1b[31mred", rb"\e[6n", b"", rb"\e"]


def test_plain_text_is_not_buffered() -> None:
    screen = ScreenFilter()
    assert screen.feed(b"plain") == b"plain"
    assert screen.end() == b""


def test_plain_text_loads_no_other_module() -> None:
    code = (
        "import sys\n"
        "from pync.layers.screen import ScreenFilter\n"
        "ScreenFilter().feed(b'plain text')\n"
        "sys.exit('pync.layers.control_sequences' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unfiltered() -> None:
    screen = Unfiltered()
    assert screen.feed(b"\x1b]52;c;a\x07\x9b") + screen.end() == b"\x1b]52;c;a\x07\x9b"
