"""Lua scripts: loaded before a client connects, and run in their own Python process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pync.core.errors import UsageError
from pync.programs.lua_script import VERSIONS, main, words_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only on Linux and macOS")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "script.lua"


def run(script: Path, given: bytes = b"") -> tuple[int, bytes, bytes]:
    """Return status, stdout and stderr of a script, run in a folder without pync."""
    done = subprocess.run(
        words_for(str(script)), input=given, capture_output=True, timeout=30, cwd=script.parent
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("print('a', 1) io.write('b')", b"a\t1\nb"),
        ("print(io.read())", b"one\n"),
        ("print(io.read('a'):byte(-1))", b"255\n"),
        ("for line in io.stdin:lines() do print(#line) end", b"3\n4\n"),
        ("print(require('string').rep('x', 2))", b"xx\n"),
        ("print(python, arg, ...)", b"nil\tnil\n"),
        ("#!/usr/bin/lua\nprint(_VERSION)", b"Lua 5.4\n"),
    ],
)
def test_standard_streams_of_a_script(script: Path, text: str, shown: bytes) -> None:
    script.write_text(text)
    assert run(script, b"one\ntwo\xff") == (0, shown, b"")


def test_exit_status(script: Path) -> None:
    script.write_text("io.write('a') os.exit(7)")
    assert run(script) == (7, b"a", b"")


def test_failure_names_file_and_line(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(script.parent)
    script.write_text("local function f() error('no') end\nf()")
    status, shown, said = run(Path("script.lua"))
    assert (status, shown) == (2, b"")
    assert said.startswith(b"Ncat: Error running the Lua script: script.lua:1: no\n")
    assert said.endswith(b"script.lua:2: in main chunk. QUITTING.\n")


def test_script_cannot_be_loaded(script: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot open .*: No such file or directory"):
        words_for(str(script))
    script.write_text("print(")
    with pytest.raises(UsageError, match=r"script\.lua:1: unexpected symbol near <eof>"):
        words_for(str(script))


def test_endless_script_ends_with_its_reader(script: Path) -> None:
    script.write_text("while true do print('x') end")
    with subprocess.Popen(words_for(str(script)), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(30) == -13


def test_missing_lupa_error_says_what_to_install(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in VERSIONS:
        monkeypatch.setitem(sys.modules, f"lupa.{version}", None)
    for ask in (words_for, main):
        with pytest.raises(
            UsageError, match=r"--lua-exec needs lupa: pip install 'pync-nc\[lua\]'"
        ):
            ask(str(script))
