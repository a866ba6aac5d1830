"""Fixtures of the black-box tests: start pync, with or without a terminal, and its peers."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import pync as library
from conformance.targets.ports import reserved_port
from pync.transports.tls.certificate import self_made

from ..forking import forked, started
from ..peer import DEADLINE, Mailbox, Peer, Server, listening, mailbox
from ..programs import PYNC, Program, stays, unused_udp_port
from .terminal import Terminal

#: The tests use pipes, terminals, signals and shells of POSIX.
collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []

Start = Callable[..., Program]
DialDtls = Callable[[int], Any]


@pytest.fixture(scope="session", autouse=True)
def forked_pync() -> Iterator[None]:
    """Start pync by a fork, which is faster; tests of the start itself use ``plain_starts``."""
    with forked("pync"):
        yield


@pytest.fixture
def plain_starts() -> Iterator[None]:
    """Start pync as a new process, for tests of the start itself or of its cost."""
    with started():
        yield


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """A stack of context managers that are closed when the test ends."""
    with ExitStack() as entered:
        yield entered


@pytest.fixture
def pync(stack: ExitStack) -> Start:
    """Start pync with these arguments; its streams are pipes unless files are given."""

    def start(*words: object, **streams: object) -> Program:
        program = Program(*PYNC, *map(str, words), **streams)  # type: ignore[arg-type]
        return stack.enter_context(program)

    return start


@pytest.fixture
def shell(stack: ExitStack, tmp_path: Path) -> Start:
    """Run a shell command line in which ``pync`` is the program under test."""
    # A file, not a shell function: $! must be the program itself, not a subshell around it.
    command = tmp_path / "bin" / "pync"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\nexec '{PYNC[0]}' -m pync \"$@\"\n")
    command.chmod(0o755)

    def start(line: str, **streams: object) -> Program:
        path = f"PATH='{command.parent}':$PATH\n"
        return stack.enter_context(Program("sh", "-c", path + line, **streams))  # type: ignore[arg-type]

    return start


@pytest.fixture
def terminal(stack: ExitStack) -> Callable[..., Terminal]:
    """Start pync with a terminal as stdin, stdout and stderr."""

    def start(*words: object) -> Terminal:
        return stack.enter_context(Terminal([*PYNC, *map(str, words)]))

    return start


@pytest.fixture
def server() -> Iterator[Server]:
    """A TCP server on a free port of 127.0.0.1."""
    with listening() as found:
        yield found


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A UDP socket on a free port of 127.0.0.1."""
    with mailbox() as found:
        yield found


@pytest.fixture
def closed_port() -> Iterator[str]:
    """A TCP port of 127.0.0.1 on which nothing listens during the test."""
    with reserved_port() as port:
        yield str(port)


@pytest.fixture
def closed_udp_port() -> Iterator[str]:
    """A UDP port of 127.0.0.1 to which nothing is bound during the test."""
    with unused_udp_port() as port:
        yield str(port)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket (unix(7): 107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="pync-") as name:
        yield Path(name)


def heard_port(program: Program) -> int:
    """Return the port that pync -v reports when it listens."""
    return int(program.hears(rb"(?:Listening|Bound) on \S+ (\d+)\n").group(1))


def keeps_saying(peer: Peer | Mailbox, program: Program) -> None:
    """Send a line now and then until the program exits: it notices a lost reader when it writes."""
    until = time.monotonic() + DEADLINE
    while stays(program, 0.05):
        assert time.monotonic() < until, f"{program.argv} is still running"
        try:
            peer.says(b"more\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has just exited


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, with its key."""
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    path.write_bytes(self_made())
    return path


@pytest.fixture
def dial_dtls(stack: ExitStack, pem: Path) -> DialDtls:
    """Connect to a port of localhost with DTLS, and verify the certificate ``pem``."""
    # Imported here because only some tests need pyOpenSSL.
    from pync.transports.dtls.conn import DtlsConn

    def dialled(port: int) -> DtlsConn:
        address = f"dtls://localhost:{port}"
        conn = library.dial(address, DtlsConn, trusted=str(pem), timeout=DEADLINE)
        conn.settimeout(DEADLINE)
        return stack.enter_context(conn)

    return dialled
