"""-z: which ports take a connection; nothing is sent to them, and nothing is made up."""

from __future__ import annotations

import socket

import pytest

from ..peer import Mailbox, Server, consecutive_ports, listening
from .conftest import Start


def test_an_open_port(pync: Start, server: Server) -> None:
    program = pync("-zv", "127.0.0.1", server.port)
    peer = server.accepts()
    peer.hears_end()
    assert program.rest() == b""
    said = program.ends(0).decode()
    assert said == f"Connection to 127.0.0.1 {server.port} port [tcp/*] succeeded!\n"


def test_silent_without_v(pync: Start, server: Server, closed_port: str) -> None:
    assert pync("-z", "127.0.0.1", server.port).ends(0) == b""
    assert pync("-z", "127.0.0.1", closed_port).ends(1).count(b"\n") <= 1


def test_a_closed_port(pync: Start, closed_port: str) -> None:
    said = pync("-zv", "127.0.0.1", closed_port).ends(1).decode()
    assert said == f"pync: dial tcp://127.0.0.1:{closed_port}: connection refused\n"


def test_standard_input_is_not_read(shell: Start, server: Server) -> None:
    """``while read host; do pync -z $host 22; done < hosts`` goes through all of them."""
    program = shell(f"pync -z 127.0.0.1 {server.port}; cat")
    program.write(b"for cat")
    program.end_input()
    assert program.rest() == b"for cat"
    program.ends(0)


@pytest.mark.parametrize("joined", [True, False])
def test_a_list_of_ports(pync: Start, server: Server, closed_port: str, joined: bool) -> None:
    with listening() as second:
        ports = [server.port, closed_port, second.port]
        program = pync("-zv", "127.0.0.1", *([",".join(ports)] if joined else ports))
        said = program.ends(0).decode().splitlines()
    assert said == [
        f"Connection to 127.0.0.1 {ports[0]} port [tcp/*] succeeded!",
        f"pync: dial tcp://127.0.0.1:{ports[1]}: connection refused",
        f"Connection to 127.0.0.1 {ports[2]} port [tcp/*] succeeded!",
    ]


@pytest.mark.parametrize("order", ["{0}-{4}", "{4}-{0}"])
def test_a_range_of_ports(pync: Start, order: str) -> None:
    with consecutive_ports(5) as socks:
        ports = [sock.getsockname()[1] for sock in socks]
        socks[2].listen()
        said = pync("-zv", "127.0.0.1", order.format(*ports)).ends(0).decode().splitlines()
    assert said == [
        f"Connection to 127.0.0.1 {port} port {_service(port)} succeeded!"
        if port == ports[2]
        else f"pync: dial tcp://127.0.0.1:{port}: connection refused"
        for port in ports
    ]


def _service(port: int) -> str:
    try:
        return f"[tcp/{socket.getservbyport(port, 'tcp')}]"
    except OSError:
        return "[tcp/*]"


def test_one_open_port_is_enough(pync: Start, server: Server, closed_port: str) -> None:
    for ports in ([server.port, closed_port], [closed_port, server.port]):
        pync("-z", "127.0.0.1", *ports).ends(0)


def test_a_name_and_a_service(pync: Start, server: Server) -> None:
    said = pync("-4zv", "localhost", server.port).ends(0).decode()
    assert said == f"Connection to localhost (127.0.0.1) {server.port} port [tcp/*] succeeded!\n"


def test_ipv6(pync: Start) -> None:
    with listening("::1") as server:
        said = pync("-zv", "::1", server.port).ends(0).decode()
        assert said == f"Connection to ::1 {server.port} port [tcp/*] succeeded!\n"


# UDP.


def test_a_udp_port_that_answers_is_open(pync: Start, box: Mailbox) -> None:
    program = pync("-zuv", "127.0.0.1", box.port)
    box.hears(b"\0")
    box.says(b"here")
    said = program.ends(0).decode()
    assert said == f"Connection to 127.0.0.1 {box.port} port [udp/*] succeeded!\n"


@pytest.mark.parametrize("option", ["-zuv", "-zu"])
def test_a_udp_port_that_is_silent_is_never_called_open(
    pync: Start, box: Mailbox, option: str
) -> None:
    said = pync(option, "-w", "300ms", "127.0.0.1", box.port).ends(0).decode()
    assert said == f"127.0.0.1 {box.port} port [udp/*] open|filtered\n"


def test_a_udp_port_that_icmp_calls_closed(pync: Start, closed_udp_port: str) -> None:
    said = pync("-zuv", "127.0.0.1", closed_udp_port).ends(1)
    assert b"succeeded" not in said
    assert b"open" not in said
