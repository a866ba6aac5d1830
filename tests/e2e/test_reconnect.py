"""Clients that reconnect (``--reconnect``): two dialled addresses, or an address and a command."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..clock import Stopwatch
from ..peer import Peer, Server, listening
from ..programs import Program
from .conftest import Start

#: Delay in most tests: short, but long enough not to load the machine.
AGAIN = "--reconnect=20ms"


@pytest.fixture
def other() -> Iterator[Server]:
    """A second server."""
    with listening() as found:
        yield found


def join(pync: Start, server: Server, other: Server, *words: str) -> Program:
    return pync(*words, f"tcp://127.0.0.1:{server.port}", f"tcp://127.0.0.1:{other.port}")


def pass_word(one: Peer, another: Peer) -> None:
    one.says(b"there")
    another.hears(b"there")
    another.says(b"and back")
    one.hears(b"and back")


def end(program: Program, how: signal.Signals = signal.SIGTERM) -> bytes:
    program.process.send_signal(how)
    return program.ends(-how)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_two_servers_are_connected_again(
    pync: Start, server: Server, other: Server, how: signal.Signals
) -> None:
    program = join(pync, server, other, AGAIN)
    for _ in range(3):
        one, another = server.accepts(), other.accepts()
        pass_word(one, another)
        one.half_closes()
        another.hears_end()
        another.closes()
        one.hears_end()
    one, another = server.accepts(), other.accepts()
    pass_word(one, another)
    assert end(program, how) == b""
    assert one.is_reset()
    assert another.is_reset()


def test_reset_is_relayed_and_reported_each_time(
    pync: Start, server: Server, other: Server
) -> None:
    program = join(pync, server, other, AGAIN)
    for _ in range(2):
        one, another = server.accepts(), other.accepts()
        pass_word(one, another)
        one.resets()
        assert another.is_reset()
    server.accepts()
    assert end(program).count(b"connection reset by peer\n") == 2


@pytest.mark.parametrize("late", ["near", "far"])
def test_server_restarts(pync: Start, server: Server, folder: Path, late: str) -> None:
    path = folder / "late"
    addresses = [f"unix:{path}", f"tcp://127.0.0.1:{server.port}"]
    program = pync(AGAIN, *(addresses if late == "near" else reversed(addresses)))
    missing = f"pync: dial unix:{path}: no such file or directory"
    program.hears(missing.encode())
    if late == "far":
        # Several attempts failed, and one failure was reported.
        for _ in range(3):
            assert server.accepts().is_reset()
    for _ in range(2):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
            sock.listen()
            back = Server(sock)
            there = back.accepts()
            there.says(b"I am back")
            heard_by(server, b"I am back").closes()
            back.close()
        # The socket on which nobody listens any more refuses, which is a different failure.
        program.hears(b"unix:[^\n]*connection refused[^\n]*\n")
        path.unlink()
    assert program.said.startswith(missing.encode())
    end(program)


def heard_by(server: Server, word: bytes) -> Peer:
    """Return the next connection on which a word arrives; skip those that were reset."""
    while True:
        peer = server.accepts()
        try:
            peer.hears(word)
        except ConnectionResetError:
            continue
        return peer


def test_signal_ends_the_pause(pync: Start, server: Server, closed_port: str) -> None:
    program = pync(
        "--reconnect=1h", f"tcp://127.0.0.1:{closed_port}", f"tcp://127.0.0.1:{server.port}"
    )
    program.hears(b"connection refused[^\n]*\n")
    end(program)


def test_default_delay_is_a_second(pync: Start, server: Server, other: Server) -> None:
    program = join(pync, server, other, "--reconnect")
    one, another = server.accepts(), other.accepts()
    stopwatch = Stopwatch()
    one.closes()
    another.closes()
    server.accepts()
    assert stopwatch.reached(1)
    end(program)


def test_command_gets_each_new_connection(pync: Start, server: Server) -> None:
    program = pync(AGAIN, "127.0.0.1", server.port, "--exec=cat")
    for word in (b"one", b"two", b"three"):
        client = server.accepts()
        client.says(word)
        client.half_closes()
        assert client.hears_rest() == word
    server.accepts()
    assert end(program) == b""


def test_command_that_is_missing_is_an_error_at_once(pync: Start, server: Server) -> None:
    program = pync("--reconnect", "127.0.0.1", server.port, "--exec=no-such-command")
    assert b"there is no command 'no-such-command'" in program.ends(2)


def test_numbers_of_records_continue(
    pync: Start, server: Server, other: Server, tmp_path: Path
) -> None:
    program = join(pync, server, other, AGAIN, f"--output={tmp_path}/{{n}}.log")
    for _ in range(2):
        one, another = server.accepts(), other.accepts()
        pass_word(one, another)
        one.closes()
        another.hears_end()
        another.closes()
    server.accepts()
    end(program)
    for number in (1, 2):
        assert b"and back" in (tmp_path / f"{number}.log").read_bytes()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_no_descriptor_is_left_open_after_reconnects(
    pync: Start, server: Server, other: Server
) -> None:
    program = join(pync, server, other, "--reconnect=1ms")
    counts = []
    for _ in range(20):
        with ExitStack() as stack:
            one, another = server.accepts(), other.accepts()
            stack.callback(one.closes)
            stack.callback(another.closes)
            pass_word(one, another)
            counts.append(len(os.listdir(f"/proc/{program.process.pid}/fd")))
    assert len(set(counts)) == 1
    end(program)
