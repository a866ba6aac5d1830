"""The scanner: open ports, and the reports about the others."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ....programs import unused_udp_port
from ....systems import needs_icmp

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]


def test_open_port(pync: Start, server: socket.socket) -> None:
    port = server.getsockname()[1]
    status, shown, said = pync("-zv", "127.0.0.1", port).ends()
    assert (status, shown) == (0, b"")
    assert said.startswith(f"Connection to 127.0.0.1 {port} port [tcp/")
    assert said.endswith("] succeeded!\n")
    # The scan sent no data.
    conn, _ = server.accept()
    with conn:
        assert conn.recv(1) == b""


def test_closed_port_is_reported_only_with_v(pync: Start, closed_port: int) -> None:
    assert pync("-z", "127.0.0.1", closed_port).ends() == (1, b"", "")
    said = f"pync: dial tcp://127.0.0.1:{closed_port}: connection refused\n"
    assert pync("-zv", "127.0.0.1", closed_port).ends() == (1, b"", said)


def test_one_open_port_means_success(pync: Start, server: socket.socket, closed_port: int) -> None:
    ports = f"{closed_port},{server.getsockname()[1]},{closed_port}"
    assert pync("-z", "-i", "1ms", "127.0.0.1", ports).ends() == (0, b"", "")


def test_unknown_name_is_an_error(pync: Start) -> None:
    status, _, said = pync("-zn", "localhost", 1).ends()
    assert status == 1
    assert said.startswith("pync: dial tcp://localhost:1: ")


@needs_icmp
def test_udp_ports(pync: Start) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        status, _, said = pync("-zu", "-w", "10ms", "127.0.0.1", port).ends()
        assert status == 0
        assert said.startswith(f"127.0.0.1 {port} port [udp/")
        assert said.endswith("] open|filtered\n")
    with unused_udp_port() as closed:
        assert pync("-zu", "127.0.0.1", closed).ends() == (1, b"", "")
