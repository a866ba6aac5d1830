"""What every black-box test starts: pync, pync on a terminal, a server to talk to."""

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

#: The tests use pipes, terminals, signals and shells as POSIX has them.
collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []

Start = Callable[..., Program]
DialDtls = Callable[[int], Any]


@pytest.fixture(scope="session", autouse=True)
def forked_pync() -> Iterator[None]:
    """Most tests start pync, and few are about its start (``plain_starts``)."""
    with forked("pync"):
        yield


@pytest.fixture
def plain_starts() -> Iterator[None]:
    """For tests of what a start is, or costs."""
    with started():
        yield


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is entered here is left at the test's end."""
    with ExitStack() as entered:
        yield entered


@pytest.fixture
def pync(stack: ExitStack) -> Start:
    """Start pync with these words; pipes for its streams unless files are given."""

    def start(*words: object, **streams: object) -> Program:
        program = Program(*PYNC, *map(str, words), **streams)  # type: ignore[arg-type]
        return stack.enter_context(program)

    return start


@pytest.fixture
def shell(stack: ExitStack, tmp_path: Path) -> Start:
    """Run a line of shell in which ``pync`` is the program under test."""
    # A file and no function: so $! is the program itself and not a subshell around it.
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
    """Start pync with a person at a terminal on all three streams."""

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
    """A TCP port of 127.0.0.1 that nothing listens on while the test runs."""
    with reserved_port() as port:
        yield str(port)


@pytest.fixture
def closed_udp_port() -> Iterator[str]:
    """A UDP port of 127.0.0.1 that nothing is bound to while the test runs."""
    with unused_udp_port() as port:
        yield str(port)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket (unix(7): 107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="pync-") as name:
        yield Path(name)


def heard_port(program: Program) -> int:
    """The port on which pync -v says that it listens."""
    return int(program.hears(rb"(?:Listening|Bound) on \S+ (\d+)\n").group(1))


def keeps_saying(peer: Peer | Mailbox, program: Program) -> None:
    """Send a line now and then until the program is gone: it finds out when it writes."""
    until = time.monotonic() + DEADLINE
    while stays(program, 0.05):
        assert time.monotonic() < until, f"{program.argv} is still there"
        try:
            peer.says(b"more\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has just left


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, with its key."""
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    path.write_bytes(self_made())
    return path


@pytest.fixture
def dial_dtls(stack: ExitStack, pem: Path) -> DialDtls:
    """Connect to a port of localhost by DTLS, and verify the certificate of ``pem``."""
    # Not above: only some tests need pyOpenSSL.
    from pync.transports.dtls.conn import DtlsConn

    def dialled(port: int) -> DtlsConn:
        address = f"dtls://localhost:{port}"
        conn = library.dial(address, DtlsConn, trusted=str(pem), timeout=DEADLINE)
        conn.settimeout(DEADLINE)
        return stack.enter_context(conn)

    return dialled
