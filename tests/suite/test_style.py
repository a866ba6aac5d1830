"""The output of a run on a terminal: colours, progress, lines wrapped between words."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from pathlib import Path

import pytest

from conformance.core import output, style
from conformance.core.verdict import WrongUsage

if sys.platform == "win32":
    pytest.skip("only on POSIX: terminals", allow_module_level=True)

import pexpect

FAILURE = """FAIL echo/binary (MUST, SPEC 2.4, tcp): wrong byte at 1 of the echo of NUL
  requires  Every byte value comes back unchanged.
  hint      it stops at NUL: a C string function (strlen, printf %s)?
        0.031 A        -> "a\\x00b and more that is never broken"
  reproduce pync-conformance run './server {port}' --case echo/binary"""


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_and_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert style.chosen(Tty())
    assert not style.chosen(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not style.chosen(Tty())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not style.chosen(Tty())
    monkeypatch.setattr(style, "_when", "auto")
    style.choose("always")
    assert style.chosen(io.StringIO())
    style.choose("never")
    assert not style.chosen(Tty())
    with pytest.raises(WrongUsage, match="auto, always or never"):
        style.choose("sometimes")


def test_only_important_text_is_coloured() -> None:
    shown = style.coloured(FAILURE)
    assert shown.startswith("\x1b[1;31mFAIL\x1b[0m echo/binary")
    assert "\n  \x1b[36mhint\x1b[0m      it stops" in shown
    assert re.sub(r"\x1b\[[\d;]*m", "", shown) == FAILURE
    assert style.coloured("conformance: echo over tcp") == "conformance: echo over tcp"


def test_only_prose_is_wrapped() -> None:
    lines = style.broken(FAILURE, 50).splitlines()
    assert lines[:2] == [
        "FAIL echo/binary (MUST, SPEC 2.4, tcp): wrong byte",
        "     at 1 of the echo of NUL",
    ]
    assert "            (strlen, printf %s)?" in lines
    assert FAILURE.splitlines()[-2:] == lines[-2:]
    assert style.broken(FAILURE, 200) == FAILURE


@pytest.mark.parametrize("colour", [True, False])
def test_run_on_a_terminal(tmp_path: Path, colour: bool) -> None:
    environment = {**os.environ, "TERM": "xterm", **({} if colour else {"NO_COLOR": "1"})}
    words = ["-m", "conformance", "run", "inetd:tr a-z A-Z", "--case", "echo/simple"]
    child = pexpect.spawn(
        sys.executable,
        [*words, "--case", "echo/greeting", "--deadline", "2", "--report", str(tmp_path)],
        env=environment,
        dimensions=(24, 60),
        timeout=60,
        encoding="utf-8",
    )
    shown = child.read()
    child.close()
    assert child.exitstatus == 1
    assert re.search(r"\r\x1b\[K[12]/2 judged, 1 failed", shown)
    assert ("\x1b[1;31mFAIL\x1b[0m" in shown) == colour
    plain = re.sub(r"\x1b\[[\d;]*[mK]", "", shown)
    assert re.search(r"\rnext: .* explain echo/simple\r\n", plain)
    long = [line for line in plain.splitlines() if len(line.rpartition("\r")[2]) > 60]
    assert [line for line in long if re.match(r"(FAIL|SKIP|WARN|  (requires|hint)) ", line)] == []


def test_progress_is_animated_while_no_case_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.core.output.MOVE_INTERVAL", 0.01)
    stream, shown = Tty(), threading.Event()
    screen = output.Screen(stream)
    left = iter(range(3, 0, -1))

    def text() -> str:
        number = next(left, 0)
        if not number:
            shown.set()
        return f"about {number} s left"

    with screen.moving(text):
        assert shown.wait(30)
    for number in (3, 2, 1):
        assert f"about {number} s left" in stream.getvalue()
    before = stream.getvalue()
    screen.say("the end")
    assert stream.getvalue().startswith(before)


def test_no_progress_is_shown_without_a_terminal() -> None:
    stream = io.StringIO()
    with output.Screen(stream).moving(lambda: "never"):
        pass
    assert stream.getvalue() == ""
