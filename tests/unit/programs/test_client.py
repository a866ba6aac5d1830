"""The client, run as the command runs it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from ...programs import unused_udp_port
from ...systems import needs_icmp, needs_rst

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]


def accept(server: socket.socket) -> socket.socket:
    conn = server.accept()[0]
    conn.settimeout(10)
    return conn


#: The hint about what the user can do.
HINT = " (is a server listening there?)"


def test_data_in_both_directions(pync: Start, server: socket.socket) -> None:
    running = pync("127.0.0.1", server.getsockname()[1])
    with accept(server) as conn:
        running.types(b"hello\n")
        assert conn.recv(100) == b"hello\n"
        conn.sendall(b"hi\n")
        assert running.shows(3) == b"hi\n"
        running.types_eof()
        assert conn.recv(100) == b""
        conn.sendall(b"bye\n")
    assert running.ends() == (0, b"bye\n", "")


def test_v_reports_the_connection(pync: Start, server: socket.socket) -> None:
    port = server.getsockname()[1]
    running = pync("-v", "127.0.0.1", port)
    assert running.says().startswith(f"Connection to 127.0.0.1 {port} port [tcp/")
    accept(server).close()
    running.types_eof()
    assert running.ends()[0] == 0


def test_connection_refused(pync: Start, closed_port: int) -> None:
    running = pync("127.0.0.1", closed_port)
    said = f"pync: dial tcp://127.0.0.1:{closed_port}: connection refused{HINT}\n"
    assert running.ends() == (1, b"", said)


def test_connection_refused_is_reported_once_with_v(pync: Start, closed_port: int) -> None:
    said = f"pync: dial tcp://127.0.0.1:{closed_port}: connection refused{HINT}\n"
    assert pync("-v", "127.0.0.1", closed_port).ends() == (1, b"", said)


@needs_rst
def test_reset_is_reported_after_the_data(pync: Start, server: socket.socket) -> None:
    running = pync("127.0.0.1", server.getsockname()[1])
    with accept(server) as conn:
        conn.sendall(b"last")
        assert running.shows(4) == b"last"
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    port = server.getsockname()[1]
    said = f"pync: relay tcp://127.0.0.1:{port}: connection reset by peer\n"
    assert running.ends() == (1, b"", said)


@needs_rst
def test_unread_input_is_an_error(pync: Start, server: socket.socket) -> None:
    running = pync("127.0.0.1", server.getsockname()[1])
    with accept(server) as conn:
        running.types(b"precious")
        running.types_eof()
        assert conn.recv(100, socket.MSG_PEEK) == b"precious"
    status, _, said = running.ends()
    assert (status, said.endswith("connection reset by peer\n")) == (1, True)


def test_closed_reader_of_the_output_is_silent(pync: Start, server: socket.socket) -> None:
    running = pync("127.0.0.1", server.getsockname()[1])
    with accept(server) as conn:
        conn.sendall(b"one\n")
        assert running.shows(4) == b"one\n"
        running.stops_reading()
        conn.sendall(b"two\n")
        assert running.ends() == (141, b"", "")


@pytest.mark.parametrize("option", ["-d", "--recv-only"])
def test_d_and_recv_only_do_not_read_stdin(pync: Start, server: socket.socket, option: str) -> None:
    running = pync(option, "127.0.0.1", server.getsockname()[1])
    running.types(b"not for you")
    with accept(server) as conn:
        conn.sendall(b"x")
        conn.shutdown(socket.SHUT_WR)
        # Neither data nor FIN was sent before it exited.
        assert conn.recv(100) == b""
    assert running.ends() == (0, b"x", "")


def test_send_only_drops_received_data(pync: Start, server: socket.socket) -> None:
    running = pync("--send-only", "127.0.0.1", server.getsockname()[1])
    with accept(server) as conn:
        conn.sendall(bytes(100_000))
        running.types(b"sent")
        running.types_eof()
        assert [conn.recv(100), conn.recv(100)] == [b"sent", b""]
        assert running.ends() == (0, b"", "")


def test_crlf(pync: Start, server: socket.socket) -> None:
    running = pync("-C", "127.0.0.1", server.getsockname()[1])
    with accept(server) as conn:
        running.types(b"GET /\n\n")
        running.types_eof()
        with conn.makefile("rb") as file:
            assert file.read() == b"GET /\r\n\r\n"
    assert running.ends()[0] == 0


@pytest.mark.parametrize("option", ["-w", "--idle-timeout"])
def test_idle_timeout(pync: Start, server: socket.socket, option: str) -> None:
    port = server.getsockname()[1]
    running = pync(option, "500ms", "127.0.0.1", port)  # -w bounds the dial too
    with accept(server):
        assert running.ends() == (
            1,
            b"",
            f"pync: relay tcp://127.0.0.1:{port}: idle for 0.5 s\n",
        )


def test_quit_after_eof(pync: Start, server: socket.socket) -> None:
    running = pync("-q", "50ms", "127.0.0.1", server.getsockname()[1])
    with accept(server) as conn:
        conn.sendall(b"x")
        assert running.shows(1) == b"x"
        running.types_eof()
        assert running.ends() == (0, b"", "")


def test_udp_lines_are_datagrams(pync: Start) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(10)
        running = pync("-u", "-q", "50ms", "127.0.0.1", peer.getsockname()[1])
        running.types(b"one\n")
        data, who = peer.recvfrom(100)
        assert data == b"one\n"
        for answer in (b"", b"two\n"):
            peer.sendto(answer, who)
        assert running.shows(4) == b"two\n"
        running.types_eof()
        assert running.ends() == (0, b"", "")


@needs_icmp
def test_udp_port_unreachable(pync: Start) -> None:
    with unused_udp_port() as port:
        running = pync("-u", "127.0.0.1", port)
        running.types(b"anybody?")
        said = f"pync: relay udp://127.0.0.1:{port}: connection refused\n"
        assert running.ends() == (1, b"", said)
