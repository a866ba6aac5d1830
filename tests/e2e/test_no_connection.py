"""Failed connections: one line on stderr names operation, address and cause; exit status 1."""

from __future__ import annotations

from ..peer import Server
from .conftest import Start

#: The hint about what the user can do.
HINT = " (is a server listening there?)"


def test_refused(pync: Start, closed_port: str) -> None:
    said = pync("127.0.0.1", closed_port).ends(1)
    assert said.startswith(
        f"pync: dial tcp://127.0.0.1:{closed_port}: connection refused (".encode()
    )


def test_every_address_of_a_name_is_tried(pync: Start, closed_port: str) -> None:
    said = pync("-v", "localhost", closed_port).ends(1)
    last = f"pync: dial tcp://localhost:{closed_port}: connection refused{HINT}\n".encode()
    assert said.endswith(last)


def test_host_name_with_n_is_not_looked_up(pync: Start, server: Server) -> None:
    said = pync("-n", "localhost", server.port).ends(1)
    assert said.startswith(f"pync: dial tcp://localhost:{server.port}: ".encode())
    assert said.count(b"\n") == 1


def test_port_in_use(pync: Start, server: Server) -> None:
    said = pync("-l", "127.0.0.1", server.port).ends(1)
    where = f"tcp://127.0.0.1:{server.port}"
    assert said.startswith(f"pync: listen {where}: address already in use (".encode())


def test_source_address_of_another_machine(pync: Start) -> None:
    said = pync("-l", "192.0.2.99", "0").ends(1)
    assert said.startswith(b"pync: listen tcp://192.0.2.99:0: ")
    assert said.count(b"\n") == 1
