"""Commands that the suite prints for pasting begin with the words that started the suite."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from conformance.commands import COMMANDS
from conformance.core import invocation
from conformance.core.invocation import command, command_line, remember, run_command

from .judging import conformance

posix = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows")


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset the state, as if the process had just started."""
    monkeypatch.setattr(invocation, "_words", ())
    monkeypatch.setattr(invocation, "_by_make", False)


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@posix
@pytest.mark.parametrize(
    ("name", "subcommand", "shown"),
    [
        ("pync-conformance", (), ("pync-conformance",)),
        ("pync", ("conformance",), ("pync", "conformance")),
    ],
)
def test_command_on_the_path_is_shown_by_its_name(
    name: str,
    subcommand: tuple[str, ...],
    shown: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = program(tmp_path, name)
    monkeypatch.setattr(sys, "argv", [str(path), *subcommand, "list"])
    monkeypatch.setenv("PATH", str(tmp_path))
    remember(*subcommand)
    assert command() == shown
    # A shell would find another command, or none.
    monkeypatch.setenv("PATH", os.devnull)
    remember(*subcommand)
    assert command() == (str(path), *shown[1:])
    monkeypatch.chdir(tmp_path)
    remember(*subcommand)
    assert command() == (f"./{name}", *shown[1:])
    monkeypatch.chdir(tmp_path.parent)
    remember(*subcommand)
    assert command() == (f"{tmp_path.name}/{name}", *shown[1:])


@posix
def test_module_is_shown_with_its_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [invocation.__file__.replace("core/invocation", "__main__")])
    monkeypatch.setattr(sys, "executable", str(program(tmp_path, "python3")))
    remember()
    assert command() == (str(tmp_path / "python3"), "-m", "conformance")
    monkeypatch.setenv("PATH", str(tmp_path))
    remember()
    assert command() == ("python3", "-m", "conformance")


def test_another_program_uses_the_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest's own __main__.py is not ours.
    monkeypatch.setattr(sys, "argv", ["/x/pytest/__main__.py"])
    assert command()[1:] == run_command()[1:-1] == ("-m", "conformance")


def test_variable_of_make_is_not_inherited_by_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYNC_CONFORMANCE_BY", "make")
    remember()
    assert "PYNC_CONFORMANCE_BY" not in os.environ
    assert run_command() == ("make", "conformance")
    assert command()[-2:] == ("-m", "conformance")


@posix
def test_options_are_variables_of_make() -> None:
    given = {"case": "echo/simple", "set": "greeting=It's $5\\n"}
    line = command_line(("make", "conformance"), "./server {port}", given)
    assert shlex.split(line) == [
        *("make", "conformance", "TARGET=./server {port}", "CASE=echo/simple"),
        "SET=greeting=It's $5\\n",
    ]
    assert command_line(("make", "conformance"), "", {}) == "make conformance"


@posix
def test_options_are_words_of_a_command() -> None:
    given = {"case": "echo/simple", "set": "greeting=Hi there\\n"}
    assert command_line(("pync-conformance", "run"), "./server {port}", given) == (
        "pync-conformance run './server {port}' --case echo/simple --set 'greeting=Hi there\\n'"
    )


def test_help_shows_how_it_was_started() -> None:
    done = conformance("--help")
    usage = done.stdout.partition("TARGET:")[0]
    lines = [line for line in usage.splitlines() if line.startswith("  ") and line[2] != " "]
    # Each command, and --help and --version.
    assert len(lines) == len(COMMANDS) + 2
    starts = {tuple(line.split()[:3]) for line in lines}
    assert {start[1:] for start in starts} == {("-m", "conformance")}
    assert max(map(len, usage.splitlines())) <= max(80, len(shlex.join(next(iter(starts)))) + 40)


def test_version_shows_the_folder() -> None:
    for word in ("--version", "--vers"):
        shown = conformance(word).stdout
        assert str(Path(invocation.__file__).parents[1]) in shown
