"""Fixtures of the recipe tests: a shell with pync on its PATH, a free port, a certificate."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from conformance.targets.ports import reserved_port
from pync.transports.tls.certificate import self_made

from ..peer import Server, listening
from ..programs import PYNC, Program, is_bound, until
from .recipes import RECIPES, with_words

#: The recipes are for a POSIX shell.
collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []

Run = Callable[..., Program]


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder in which the commands run; its path is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="pync-") as name:
        yield Path(name)


@pytest.fixture
def sh(folder: Path) -> Iterator[Run]:
    """Start a command line in the folder; pync is on its PATH."""
    commands = folder / ".bin"
    commands.mkdir()
    command = commands / "pync"
    command.write_text(f'#!/bin/sh\nexec {shlex.join(PYNC)} "$@"\n')
    command.chmod(0o755)
    with ExitStack() as stack:

        def start(line: str) -> Program:
            prepared = f"cd {folder}\nPATH={commands}:$PATH\n{line}\n"
            return stack.enter_context(Program("sh", "-c", prepared))

        yield start


@pytest.fixture
def run(sh: Run) -> Run:
    """Start a recipe, or one of its lines: ``run("A chat", {"9000": port}, line=0)``.

    The given words of it are replaced, mostly addresses.
    """

    def start(title: str, words: dict[str, object], line: int | None = None) -> Program:
        lines = RECIPES[title] if line is None else [RECIPES[title][line]]
        return sh(with_words("\n".join(lines), words))

    return start


@pytest.fixture
def port() -> Iterator[int]:
    """A free TCP port of 127.0.0.1 and ::1."""
    with reserved_port() as number:
        yield number


@pytest.fixture
def server() -> Iterator[Server]:
    """A TCP server on a free port of 127.0.0.1."""
    with listening() as found:
        yield found


@pytest.fixture
def pem(folder: Path) -> Path:
    """A certificate for localhost, with its key."""
    pytest.importorskip("cryptography", exc_type=ImportError)
    path = folder / "server.pem"
    path.write_bytes(self_made())
    return path


def is_up(port: int, program: Program) -> Program:
    """Wait until the program, or a child of it, listens on the port."""
    until(lambda: is_bound(port), f"a listener on port {port}", program)
    return program
