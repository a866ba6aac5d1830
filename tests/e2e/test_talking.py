"""Plain TCP: input arrives at the peer and answers are shown, byte for byte."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from ..peer import Server, connected, listening
from ..programs import PYNC, Program
from .conftest import Start, heard_port

#: Every byte value, and sequences that text handling would change.
BINARY = bytes(range(256)) + b"\r\n\n\r\xff\xfe\x04\x00\xc3\x28" + b"no newline at the end"


def test_conversation(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"hello\n")
    peer.hears(b"hello\n")
    peer.says(b"hi\n")
    assert program.read(3) == b"hi\n"
    program.write(b"without a newline")
    peer.hears(b"without a newline")
    peer.says(b"likewise")
    assert program.read(8) == b"likewise"
    program.end_input()
    peer.hears_end()
    peer.closes()
    assert program.rest() == b""
    assert program.ends(0) == b""


def test_conversation_with_a_listener(pync: Start) -> None:
    program = pync("-lv", "127.0.0.1", "0")
    with connected(heard_port(program)) as peer:
        peer.says(b"hello\n")
        assert program.read(6) == b"hello\n"
        program.write(b"hi\n")
        peer.hears(b"hi\n")
        program.end_input()
        peer.hears_end()
    program.ends(0)


def test_every_byte_value_both_ways(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    program.write(BINARY)
    program.end_input()
    assert peer.hears_rest() == BINARY
    peer.says(BINARY)
    peer.closes()
    assert program.rest() == BINARY
    program.ends(0)


def test_two_pyncs_exchange_data(pync: Start) -> None:
    listener = pync("-lv", "0")
    caller = pync("localhost", heard_port(listener))
    caller.write(b"ping\n")
    assert listener.read(5) == b"ping\n"
    listener.write(b"pong\n")
    assert caller.read(5) == b"pong\n"
    caller.end_input()
    listener.end_input()
    caller.ends(0)
    listener.ends(0)


# Ways to write the address.


@pytest.mark.parametrize(
    "words",
    [
        "127.0.0.1 {port}",
        "tcp://127.0.0.1:{port}",
        "tcp4://localhost:{port}",
        "127.0.0.1:{port}",
        "-n 127.0.0.1 {port}",
        "-4 localhost {port}",
        "-- 127.0.0.1 {port}",
        "127.0.0.1 {port} -v",
        "localhost {port}",
    ],
)
def test_ways_to_name_a_server(pync: Start, server: Server, words: str) -> None:
    program = pync(*words.format(port=server.port).split())
    peer = server.accepts()
    peer.says(b"found")
    assert program.read(5) == b"found"
    program.end_input()
    peer.closes()
    program.ends(0)


@pytest.mark.parametrize(
    "words",
    ["::1 {port}", "tcp://[::1]:{port}", "tcp6://[::1]:{port}", "[::1]:{port}", "-6 ::1 {port}"],
)
def test_ways_to_name_a_server_on_ipv6(pync: Start, words: str) -> None:
    with listening("::1") as server:
        program = pync(*words.format(port=server.port).split())
        server.accepts().closes()
        program.end_input()
        program.ends(0)


@pytest.mark.parametrize(
    "words",
    [
        "-lv 0",
        "-l -v -p 0",
        "-lvp0",
        "-lv 127.0.0.1 0",
        "-lv -s 127.0.0.1 -p 0",
        "-lv 127.0.0.1:0",
        "-lv tcp://127.0.0.1:0",
        "-lv tcp4://:0",
        "-4lv 0",
        "-lnv 0",
        "--listen --verbose --source-port=0",
    ],
)
def test_ways_to_listen(pync: Start, words: str) -> None:
    program = pync(*words.split())
    with connected(heard_port(program)) as peer:
        peer.says(b"found")
        assert program.read(5) == b"found"
        program.end_input()
        peer.hears_end()
    program.ends(0)


@pytest.mark.parametrize("words", ["-lv 0", "-6lv 0", "-lv ::1 0", "-lv tcp6://:0"])
def test_ways_to_listen_on_ipv6(pync: Start, words: str) -> None:
    program = pync(*words.split())
    program.hears(rb"Listening on ::1? \d+\n")
    with connected(heard_port(program), "::1") as peer:
        program.end_input()
        peer.hears_end()
    program.ends(0)


def test_listener_without_a_host_has_one_port_on_both_families(pync: Start) -> None:
    program = pync("-lv", "0")
    both = program.hears(rb"Listening on 0\.0\.0\.0 (\d+)\nListening on :: (\d+)\n")
    assert both.group(1) == both.group(2)
    with connected(int(both.group(1))):
        program.hears(rb"Connection received on 127\.0\.0\.1 \d+\n")
        program.end_input()
    program.ends(0)


def test_ipv4_only_is_refused_on_ipv6(pync: Start) -> None:
    program = pync("-4lv", "0")
    port = heard_port(program)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("::1", port), 10)
    with connected(port):
        program.end_input()
    program.ends(0)


def test_one_client_and_the_next_is_refused(pync: Start) -> None:
    program = pync("-lv", "127.0.0.1", "0")
    port = heard_port(program)
    with connected(port) as peer:
        peer.says(b"x")
        assert program.read(1) == b"x"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 10)
        program.end_input()
    program.ends(0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux: 127.0.0.2 exists")
def test_source_address_and_port(pync: Start, server: Server, closed_port: str) -> None:
    program = pync("-s", "127.0.0.2", "-p", closed_port, "127.0.0.1", server.port)
    peer = server.accepts()
    assert peer.sock.getpeername() == ("127.0.0.2", int(closed_port))
    program.end_input()
    peer.closes()
    program.ends(0)


# Kinds of files as stdin and stdout.


def test_from_a_file_and_to_a_file(pync: Start, server: Server, tmp_path: Path) -> None:
    sent, shown = tmp_path / "sent", tmp_path / "shown"
    sent.write_bytes(os.urandom(3_000_001))
    answer = os.urandom(3_000_003)
    with sent.open("rb") as source, shown.open("wb") as sink:
        program = pync("127.0.0.1", server.port, stdin=source, stdout=sink)
    peer = server.accepts()
    assert peer.hears_rest() == sent.read_bytes()
    peer.says(answer)
    peer.closes()
    program.ends(0)
    assert shown.read_bytes() == answer


def test_input_file_is_read_from_its_offset(pync: Start, server: Server, tmp_path: Path) -> None:
    """As in ``{ read line; pync HOST PORT; } < file``."""
    sent = tmp_path / "sent"
    sent.write_bytes(b"the shell's line\nthe rest")
    with sent.open("rb", buffering=0) as source:
        source.seek(17)
        program = pync("127.0.0.1", server.port, stdin=source)
    peer = server.accepts()
    assert peer.hears_rest() == b"the rest"
    peer.closes()
    program.ends(0)


def test_appending_to_a_file(shell: Start, server: Server, tmp_path: Path) -> None:
    """``>>``: splice(2) refuses such files, and no data may be lost for that reason."""
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    program = shell(f"pync 127.0.0.1 {server.port} </dev/null >>'{log}'")
    peer = server.accepts()
    peer.says(b"after\n" * 50_000)
    peer.closes()
    program.ends(0)
    assert log.read_bytes() == b"before\n" + b"after\n" * 50_000


def test_to_a_file_between_the_writes_of_others(
    shell: Start, server: Server, tmp_path: Path
) -> None:
    """The offset is shared with the other commands of the shell, and advances."""
    log = tmp_path / "log"
    line = f"(echo before; pync 127.0.0.1 {server.port} </dev/null; echo after) >'{log}'"
    program = shell(line)
    peer = server.accepts()
    peer.says(b"between\n" * 50_000)
    peer.closes()
    program.ends(0)
    assert log.read_bytes() == b"before\n" + b"between\n" * 50_000 + b"after\n"


def test_sockets_for_stdin_and_stdout(pync: Start, server: Server) -> None:
    """As under inetd, or when a parent passes one end of a socketpair."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            program = pync("127.0.0.1", server.port, stdin=theirs.fileno(), stdout=theirs.fileno())
        ours.settimeout(30)
        peer = server.accepts()
        ours.sendall(b"question")
        peer.hears(b"question")
        peer.says(b"answer")
        assert ours.recv(100) == b"answer"
        ours.shutdown(socket.SHUT_WR)
        peer.hears_end()
        peer.closes()
        assert ours.recv(100) == b""
    program.ends(0)


def test_input_from_dev_null_ends_at_once(pync: Start, server: Server) -> None:
    with open(os.devnull, "rb") as nothing:
        program = pync("127.0.0.1", server.port, stdin=nothing)
    peer = server.accepts()
    peer.hears_end()
    peer.says(b"answer")
    peer.closes()
    assert program.rest() == b"answer"
    program.ends(0)


def test_stdin_and_stdout_stay_blocking(server: Server) -> None:
    """O_NONBLOCK would remain set on the shell's terminal or on the next program's pipe."""
    read_end, write_end = os.pipe()
    shown_read, shown_write = os.pipe()
    try:
        with Program(
            *PYNC, "127.0.0.1", server.port, stdin=read_end, stdout=shown_write
        ) as program:
            peer = server.accepts()
            os.write(write_end, b"x")
            peer.hears(b"x")
            peer.says(b"y")
            assert os.read(shown_read, 1) == b"y"
            assert os.get_blocking(read_end)
            assert os.get_blocking(shown_write)
            os.close(write_end)
            write_end = -1
            peer.closes()
            program.ends(0)
        assert os.get_blocking(read_end)
        assert os.get_blocking(shown_write)
    finally:
        for descriptor in (read_end, write_end, shown_read, shown_write):
            if descriptor != -1:
                os.close(descriptor)


# Slow readers cause waiting, but no loss of data.


def test_slow_reader_of_the_output_loses_no_data(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    sent = os.urandom(30_000_000)
    # Nobody reads the output yet; the buffers of the kernel and of pync fill.
    taken = peer.offers(sent)
    program.end_input()
    with peer.saying(sent[taken:]):
        assert program.rest() == sent
    program.ends(0)


def test_slow_peer_loses_no_data(pync: Start, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(20_000_000))
    with listening(receives=4096) as server, sent.open("rb") as source:
        program = pync("127.0.0.1", server.port, stdin=source)
        peer = server.accepts()
        peer.says(b"the other way is open")
        assert program.read(21) == b"the other way is open"
        assert peer.hears_rest() == sent.read_bytes()
        peer.closes()
        program.ends(0)
