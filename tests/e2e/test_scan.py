"""-z: report which ports accept a connection, without sending data and without guessing."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from ..peer import DEADLINE, Mailbox, Server, consecutive_ports, listening
from ..programs import stays, unused_udp_port
from ..systems import needs_icmp
from .conftest import Start


def test_open_port(pync: Start, server: Server) -> None:
    program = pync("-zv", "127.0.0.1", server.port)
    peer = server.accepts()
    peer.hears_end()
    assert program.rest() == b""
    said = program.ends(0).decode()
    assert said == f"Connection to 127.0.0.1 {server.port} port [tcp/*] succeeded!\n"


def test_no_output_without_v(pync: Start, server: Server, closed_port: str) -> None:
    assert pync("-z", "127.0.0.1", server.port).ends(0) == b""
    assert pync("-z", "127.0.0.1", closed_port).ends(1).count(b"\n") <= 1


def test_closed_port(pync: Start, closed_port: str) -> None:
    said = pync("-zv", "127.0.0.1", closed_port).ends(1).decode()
    assert said == f"pync: dial tcp://127.0.0.1:{closed_port}: connection refused\n"


def test_standard_input_is_not_read(shell: Start, server: Server) -> None:
    """``while read host; do pync -z $host 22; done < hosts`` scans all hosts."""
    program = shell(f"pync -z 127.0.0.1 {server.port}; cat")
    program.write(b"for cat")
    program.end_input()
    assert program.rest() == b"for cat"
    program.ends(0)


@pytest.mark.parametrize("joined", [True, False])
def test_list_of_ports(pync: Start, server: Server, closed_port: str, joined: bool) -> None:
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
def test_range_of_ports(pync: Start, order: str) -> None:
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


def test_name_and_a_service(pync: Start, server: Server) -> None:
    said = pync("-4zv", "localhost", server.port).ends(0).decode()
    assert said == f"Connection to localhost (127.0.0.1) {server.port} port [tcp/*] succeeded!\n"


def test_ipv6(pync: Start) -> None:
    with listening("::1") as server:
        said = pync("-zv", "::1", server.port).ends(0).decode()
        assert said == f"Connection to ::1 {server.port} port [tcp/*] succeeded!\n"


# UDP.


def test_udp_port_that_answers_is_open(pync: Start, box: Mailbox) -> None:
    program = pync("-zuv", "127.0.0.1", box.port)
    box.hears(b"\0")
    box.says(b"here")
    said = program.ends(0).decode()
    assert said == f"Connection to 127.0.0.1 {box.port} port [udp/*] succeeded!\n"


@pytest.mark.parametrize("option", ["-zuv", "-zu"])
def test_silent_udp_port_is_not_reported_open(pync: Start, box: Mailbox, option: str) -> None:
    said = pync(option, "-w", "300ms", "127.0.0.1", box.port).ends(0).decode()
    assert said == f"127.0.0.1 {box.port} port [udp/*] open|filtered\n"


def test_udp_port_that_icmp_reports_closed(pync: Start, closed_udp_port: str) -> None:
    said = pync("-zuv", "127.0.0.1", closed_udp_port).ends(1)
    assert b"succeeded" not in said
    assert b"open" not in said


# With --retry, pync waits until a port is open.


def test_wait_until_the_port_is_open(pync: Start) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        program = pync("-zv", "--retry", "500:10ms", "127.0.0.1", str(sock.getsockname()[1]))
        program.hears(b"connection refused\n")
        sock.listen()
        assert program.ends(0).endswith(b" succeeded!\n")


def test_wait_until_one_of_several_ports_is_open(pync: Start, closed_port: str) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = str(sock.getsockname()[1])
        program = pync("-zv", "--retry", "500:10ms", "127.0.0.1", closed_port, port)
        program.hears(b"(?s)refused\n.*refused\n.*refused\n")
        sock.listen()
        assert program.ends(0).count(b" succeeded!\n") == 1


def test_as_json_only_the_last_scan_has_results(pync: Start, closed_port: str) -> None:
    program = pync("-z", "--json", "--retry", "2:1ms", "127.0.0.1", closed_port)
    results = [json.loads(line) for line in program.rest().splitlines()]
    assert [(one["event"], one["state"]) for one in results] == [("scanned", "closed")]
    told = [json.loads(line)["event"] for line in program.ends(1).splitlines()]
    assert told == ["attempt_failed"] * 3


@needs_icmp
def test_wait_until_a_udp_port_is_open(pync: Start) -> None:
    with unused_udp_port() as port:
        program = pync("-zuv", "--json", "-w", "5", "--retry", "1000:10ms", "127.0.0.1", str(port))
        # Each attempt gets ICMP "port unreachable", which only the socket's state shows.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            assert stays(program, 0.5)
            sock.bind(("127.0.0.1", port))
            sock.settimeout(DEADLINE)
            sock.sendto(b"here", sock.recvfrom(16)[1])
            assert b'"open"' in program.rest()
            program.ends(0)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")
@pytest.mark.parametrize(("words", "kind"), [("-zvU", "STREAM"), ("-zvuU", "DGRAM")])
def test_wait_until_a_unix_socket_is_open(
    pync: Start, tmp_path: Path, words: str, kind: str
) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, getattr(socket, f"SOCK_{kind}")) as sock:
        program = pync(words, "--retry", "500:10ms", path)
        program.hears(b"no such file or directory\n")
        sock.bind(path)
        if kind == "STREAM":
            sock.listen()
        assert program.ends(0).endswith(f"Connection to {path} succeeded!\n".encode())
        if kind == "DGRAM":
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recv(1)  # nothing was sent


def test_missing_unix_socket(pync: Start, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    assert pync("-zU", path).ends(1) == b""
    said = pync("-zv", f"unix:{path}").ends(1).decode()
    assert said == f"pync: dial unix:{path}: no such file or directory\n"
    assert b"cannot use --banner" in pync("-zU", "--banner=1s", path).ends(2)
