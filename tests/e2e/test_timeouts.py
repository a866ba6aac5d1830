"""Time limits: each applies to its own purpose only, and not before its time."""

from __future__ import annotations

import socket
import sys

import pytest

from ..clock import Stopwatch
from ..peer import Server, connected
from ..programs import stays
from .conftest import Start, heard_port


@pytest.mark.parametrize("option", ["-w500ms", "--wait=0.5", "--idle-timeout=500ms"])
def test_idle_too_long(pync: Start, server: Server, option: str) -> None:
    stopwatch = Stopwatch()
    program = pync(option, "127.0.0.1", server.port)
    server.accepts()
    said = program.ends(1)
    assert stopwatch.reached(0.5)
    assert said == f"pync: relay tcp://127.0.0.1:{server.port}: idle for 0.5 s\n".encode()


def test_occasional_data_is_not_idle(pync: Start, server: Server) -> None:
    program = pync("--idle-timeout=2", "127.0.0.1", server.port)
    peer = server.accepts()
    assert stays(program, 0.5)
    stopwatch = Stopwatch()
    peer.says(b"x")
    assert program.read(1) == b"x"
    program.ends(1)
    assert stopwatch.reached(2.0)


def test_listener_waits_for_its_client_without_limit(pync: Start) -> None:
    program = pync("-lv", "-w", "300ms", "127.0.0.1", "0")
    port = heard_port(program)
    assert stays(program, 0.6)
    with connected(port):
        assert program.ends(1).endswith(b": idle for 0.3 s\n")


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: a full backlog drops"
)
@pytest.mark.parametrize("option", ["-w", "--connect-timeout"])
def test_connect_timeout(pync: Start, option: str) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        # One client waits to be accepted; the next SYN is dropped (listen(2)).
        with connected(port):
            stopwatch = Stopwatch()
            program = pync(option, "500ms", "127.0.0.1", port)
            said = program.ends(1)
    assert stopwatch.reached(0.5)
    assert said == f"pync: dial tcp://127.0.0.1:{port}: timed out\n".encode()


def test_idle_and_connect_timeouts_are_independent(pync: Start, server: Server) -> None:
    program = pync("--connect-timeout=300ms", "127.0.0.1", server.port)
    peer = server.accepts()
    assert stays(program, 0.6)
    program.end_input()
    peer.closes()
    program.ends(0)
