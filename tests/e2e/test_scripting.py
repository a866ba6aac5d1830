"""Options for shell scripts: reported ports, retries, distinct exit statuses, JSON."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from ..peer import Server, connected
from ..programs import until
from .conftest import Start


def test_port_is_written_to_a_file(pync: Start, tmp_path: Path) -> None:
    path = tmp_path / "port"
    program = pync("-l", f"--report-port={path}", "127.0.0.1", "0")
    until(path.exists, "the port")
    with connected(int(path.read_text())) as peer:
        peer.says(b"hello")
        assert program.read(5) == b"hello"
        peer.half_closes()
        program.end_input()
        program.ends(0)


def test_port_is_written_to_stderr(pync: Start) -> None:
    program = pync("-l", "--report-port", "127.0.0.1", "0")
    with connected(int(program.hears(rb"^(\d+)\n").group(1))) as peer:
        peer.half_closes()
        program.end_input()
        program.ends(0)


def test_accept_timeout(pync: Start) -> None:
    said = pync("-l", "--accept-timeout", "50ms", "127.0.0.1", "0").ends(1).decode()
    assert said.startswith("pync: accept tcp://127.0.0.1:")
    assert said.endswith(": timed out\n")


@pytest.mark.parametrize("options", ["-lk", "-lu", "-lk --broker", "-lk --exec cat"])
def test_accept_timeout_with_several_listeners(pync: Start, options: str) -> None:
    words = ("--exit-codes=detailed", "--accept-timeout", "50ms", "127.0.0.1", "0")
    assert b"timed out" in pync(*options.split(), *words).ends(6)


def test_retry_until_connected(pync: Start) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = str(sock.getsockname()[1])
        program = pync("-v", "--retry=200:10ms", "127.0.0.1", port)
        program.hears(b"connection refused")
        sock.listen()
        peer = sock.accept()[0]
        with peer:
            program.end_input()
            assert peer.recv(1) == b""
        program.ends(0)


def test_last_retry_fails(pync: Start, closed_port: str) -> None:
    said = pync("-v", "--retry=2:1ms", "127.0.0.1", closed_port).ends(1)
    assert said.count(b"connection refused") == 3


@pytest.mark.parametrize(
    "option", ["--retry=0", "--retry=x", "--retry=1:", "--retry=1:x", "--exit-codes=fine"]
)
def test_invalid_values(pync: Start, option: str, closed_port: str) -> None:
    said = pync(option, "127.0.0.1", closed_port).ends(2)
    assert said.startswith(f"pync: {option.partition('=')[0]}: ".encode())
    assert said.count(b"\n") == 1


def test_causes_have_different_statuses(
    pync: Start, server: Server, closed_port: str, tmp_path: Path
) -> None:
    def status_of(*words: str) -> int:
        program = pync("--exit-codes=detailed", *words)
        program.end_input()
        return program.process.wait(20)

    script = tmp_path / "script"
    script.write_text('expect "never" 50ms\n')
    assert status_of("-n", "localhost", "1") == 3
    assert status_of("127.0.0.1", closed_port) == 4
    assert status_of("-U", str(tmp_path / "none")) == 4
    assert status_of("-w", "50ms", "-d", "127.0.0.1", server.port) == 6
    assert status_of("-l", "127.0.0.1", server.port) == 8
    assert status_of("--expect", str(script), "127.0.0.1", server.port) == 11
    assert status_of("-z", "127.0.0.1", closed_port) == 1
    assert status_of("-z", "127.0.0.1", server.port) == 0
    assert status_of("--nonsense") == 2


def test_connection_as_json(pync: Start, server: Server) -> None:
    program = pync("--json", "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"four")
    program.end_input()
    peer.hears(b"four")
    peer.says(b"seven!!")
    peer.half_closes()
    assert program.rest() == b"seven!!"
    told = [json.loads(line) for line in program.ends(0).splitlines()]
    assert [one["event"] for one in told] == ["connected", "peer_ended", "finished"]
    assert (told[0]["host"], told[0]["port"]) == ("127.0.0.1", int(server.port))
    assert (told[2]["sent"], told[2]["received"]) == (4, 7)


def test_scan_as_json(pync: Start, server: Server, closed_port: str) -> None:
    program = pync("-z", "--json", "127.0.0.1", f"{server.port},{closed_port}")
    told = [json.loads(line) for line in program.rest().splitlines()]
    assert [(one["port"], one["state"]) for one in told if one["event"] == "scanned"] == [
        (int(server.port), "open"),
        (int(closed_port), "closed"),
    ]
    program.ends(0)
