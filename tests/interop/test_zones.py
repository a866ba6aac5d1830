"""Link-local addresses: the zone is part of the address in connections and messages."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest

from ..peer import DEADLINE
from ..programs import PYNC, needs

#: Program -> arguments before host and port.
CALLS = {
    "nc": ["-v", "-w", "5"],
    "nc -z": ["-v", "-z", "-w", "5"],
    "ncat": ["-v", "-w", "5"],
    "telnet": [],
}


def link_local() -> str:
    """An address of this machine with its zone; skips the test when there is none."""
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            lines = [line.split() for line in file]
    except OSError:
        lines = []
    for digits, _, _, scope, _, interface in lines:
        if scope == "20":
            return f"{socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))}%{interface}"
    pytest.skip("no interface has a link-local address")


@pytest.fixture
def server() -> Iterator[tuple[str, str]]:
    """A server on a link-local address; yields address and port. It closes each connection."""
    host = link_local()
    name = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0][4]
    with socket.socket(socket.AF_INET6) as sock:
        sock.bind(name)
        sock.listen()
        yield host, str(sock.getsockname()[1])


def run(command: list[str], *words: str) -> tuple[int, str]:
    """Return the status and all output."""
    done = subprocess.run(
        [*command, *words],
        executable=shutil.which(needs("nc")) if command == ["nc"] else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE,
    )
    lines = (done.stdout + done.stderr).decode().splitlines()
    # pync does not repeat ncat's version and its elapsed time.
    kept = [line for line in lines if not re.match("Ncat: (Version|.* seconds)", line)]
    return done.returncode, "\n".join(kept)


@pytest.mark.parametrize("call", CALLS)
def test_connection_refused(call: str) -> None:
    program = call.split(maxsplit=1)[0]
    needs(program)
    words = [*CALLS[call], link_local(), "1"]
    assert run([*PYNC, f"--as={program}"], *words) == run([program], *words)


@pytest.mark.parametrize("call", ["nc -z"])
def test_connection(call: str, server: tuple[str, str]) -> None:
    program = call.split(maxsplit=1)[0]
    needs(program)
    words = [*CALLS[call], *server]
    assert run([*PYNC, f"--as={program}"], *words) == run([program], *words)


def test_messages_of_pync(server: tuple[str, str]) -> None:
    host, port = server
    assert run(PYNC, "-z", "-v", host, port)[1].startswith(f"Connection to {host} {port} port ")
    found = json.loads(run(PYNC, "-z", "--json", host, port)[1])
    assert (found["address"], found["host"]) == (f"tcp://[{host}]:{port}", host)
