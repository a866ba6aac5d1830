"""The fault proxy: without a fault it looks exactly like the server."""

from __future__ import annotations

import errno
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from conformance.faults import faulty
from conformance.faults.streams import StreamProxy
from conformance.targets.address import TCP, TCP6, UNIX, Address, has_ipv6, open_socket

from ..programs import until

ABORT = struct.pack("ii", 1, 0)
DEADLINE = 10.0

TRANSPORTS = [TCP, pytest.param(TCP6, marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6"))]
STREAMS = [*TRANSPORTS, UNIX]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="what is judged through a proxy needs poll(2)"
)


class Both:
    """A client and the server's side of its connection, with the proxy between them."""

    def __init__(self, stack: ExitStack, transport: str, folder: Path, fault: str) -> None:
        self._stack = stack
        if transport == UNIX:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(folder / "server"))
            self._listener.listen(256)
            upstream = Address(UNIX, path=str(folder / "server"))
        else:
            host = "::1" if transport == TCP6 else "127.0.0.1"
            family = socket.AF_INET6 if transport == TCP6 else socket.AF_INET
            self._listener = socket.create_server((host, 0), family=family, backlog=256)
            upstream = Address(transport, host, self._listener.getsockname()[1])
        stack.enter_context(self._listener)
        self._listener.settimeout(DEADLINE)
        proxy = stack.enter_context(faulty(upstream, fault))
        assert isinstance(proxy, StreamProxy)
        self.proxy = proxy

    def client(self, receive_buffer: int | None = None) -> socket.socket:
        """A client that is connected to the proxy."""
        return self._stack.enter_context(open_socket(self.proxy.address, DEADLINE, receive_buffer))

    def server(self) -> socket.socket:
        """The server's side of the next client."""
        conn, _ = self._listener.accept()
        conn.settimeout(DEADLINE)
        return self._stack.enter_context(conn)

    def pair(self) -> tuple[socket.socket, socket.socket]:
        return self.client(), self.server()

    def stop_listening(self) -> None:
        self._listener.close()


Make = Callable[..., Both]


@pytest.fixture
def between(tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:
        yield lambda transport=TCP, fault="none": Both(stack, transport, tmp_path, fault)


def read(sock: socket.socket, size: int) -> bytes:
    """Read this number of bytes, or all bytes before the end."""
    data = b""
    while len(data) < size and (piece := sock.recv(size - len(data))):
        data += piece
    return data


def to_the_end(sock: socket.socket) -> bytes:
    return read(sock, 1 << 30)


def how_it_ends(sock: socket.socket) -> str:
    try:
        while sock.recv(65536):
            pass
    except (ConnectionResetError, BrokenPipeError):
        return "RST"
    return "FIN"


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    sock.close()


@pytest.mark.parametrize("transport", STREAMS)
def test_data_in_both_directions(between: Make, transport: str) -> None:
    client, server = between(transport).pair()
    client.sendall(b"question")
    assert read(server, 8) == b"question"
    server.sendall(b"answer")
    assert read(client, 6) == b"answer"


@pytest.mark.parametrize("transport", STREAMS)
def test_half_close_of_the_client_is_forwarded(between: Make, transport: str) -> None:
    client, server = between(transport).pair()
    client.sendall(b"all")
    client.shutdown(socket.SHUT_WR)
    assert to_the_end(server) == b"all"
    server.sendall(b"an answer after FIN")
    server.shutdown(socket.SHUT_WR)
    assert to_the_end(client) == b"an answer after FIN"


@pytest.mark.parametrize("transport", STREAMS)
def test_half_close_of_the_server_is_forwarded(between: Make, transport: str) -> None:
    client, server = between(transport).pair()
    server.sendall(b"bye")
    server.shutdown(socket.SHUT_WR)
    assert to_the_end(client) == b"bye"
    client.sendall(b"still sent")
    client.shutdown(socket.SHUT_WR)
    assert to_the_end(server) == b"still sent"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_rst_of_the_client_is_forwarded_as_rst(between: Make, transport: str) -> None:
    client, server = between(transport).pair()
    reset(client)
    assert how_it_ends(server) == "RST"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_rst_of_the_server_is_forwarded_as_rst(between: Make, transport: str) -> None:
    client, server = between(transport).pair()
    reset(server)
    assert how_it_ends(client) == "RST"


def test_data_before_an_rst_is_read(between: Make) -> None:
    client, server = between().pair()
    server.sendall(b"last words")
    reset(server)
    assert read(client, 10) == b"last words"
    assert how_it_ends(client) == "RST"


def test_rst_after_fin_is_forwarded_as_rst(between: Make) -> None:
    client, server = between().pair()
    client.shutdown(socket.SHUT_WR)
    assert to_the_end(server) == b""
    reset(server)
    assert how_it_ends(client) == "RST"


def test_write_to_a_closed_client_causes_rst(between: Make) -> None:
    client, server = between().pair()
    client.close()
    assert to_the_end(server) == b""
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        fill(server)


def test_close_with_unread_input_causes_rst(between: Make) -> None:
    client, server = between().pair()
    client.sendall(b"unread")
    assert server.recv(1) == b"u"
    server.close()
    assert how_it_ends(client) == "RST"


def test_rst_of_a_client_that_does_not_read_is_forwarded(between: Make) -> None:
    client, server = between().pair()
    fill(server)
    reset(client)
    assert how_it_ends(server) == "RST"


def test_rst_of_a_client_is_forwarded_although_its_data_is_not_read(between: Make) -> None:
    client, server = between().pair()
    fill(client)
    reset(client)
    assert how_it_ends(server) == "RST"


def test_closed_unix_client_is_noticed_by_a_write(between: Make) -> None:
    client, server = between(UNIX).pair()
    client.close()
    assert server.recv(1) == b""
    with pytest.raises(BrokenPipeError):
        fill(server)


@pytest.mark.parametrize("transport", STREAMS)
def test_side_that_does_not_read_blocks_the_other(between: Make, transport: str) -> None:
    client, server = between(transport).pair()
    taken = fill(server)
    # What the socket buffers hold, and not much more than one read of the proxy.
    assert 0 < taken < 64 << 20
    assert len(read(client, taken)) == taken


def fill(sock: socket.socket) -> int:
    """Write until the peer takes no more; return the number of bytes that were taken."""
    sock.settimeout(0.3)
    taken, piece = 0, bytes(1 << 16)
    try:
        while True:
            taken += sock.send(piece)
    except TimeoutError:
        return taken
    finally:
        sock.settimeout(DEADLINE)


@pytest.mark.parametrize("transport", STREAMS)
def test_64_mib_are_forwarded_completely(between: Make, transport: str) -> None:
    client, server = between(transport).pair()
    data = bytes(range(256)) * 4096
    count = 64

    def send() -> None:
        for _ in range(count):
            client.sendall(data)
        client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    for _ in range(count):
        assert read(server, len(data)) == data
    assert server.recv(1) == b""
    sender.join()


@pytest.mark.parametrize("transport", STREAMS)
def test_data_of_200_clients_is_not_mixed(between: Make, transport: str) -> None:
    both = between(transport)
    clients = [both.client() for _ in range(200)]
    for number, client in enumerate(clients):
        client.sendall(b"%03d" % number)
    servers = {read(server, 3): server for server in (both.server() for _ in clients)}
    for number, client in enumerate(clients):
        servers[b"%03d" % number].sendall(b"to %03d" % number)
        assert read(client, 6) == b"to %03d" % number


def test_closed_server_is_a_reset(between: Make) -> None:
    both = between()
    both.stop_listening()
    # On a loaded machine the RST arrives before the peer's name is read.
    with pytest.raises((ConnectionResetError, OSError)):
        read(both.client(), 1)


def test_clients_can_be_led_to_another_server(between: Make) -> None:
    both, other = between(), between()
    with both.client(), both.server():
        both.proxy.lead_to(other.proxy.upstream)
        client = both.client()
        with other.server() as server:
            server.sendall(b"the second")
            assert read(client, 10) == b"the second"


def test_ended_connection_is_freed(between: Make) -> None:
    both = between()
    client, server = both.pair()
    client.close()
    assert server.recv(1) == b""
    server.close()
    until(lambda: not both.proxy.courses, "the connection is forgotten")


def test_fin_before_a_reset_is_forwarded(between: Make) -> None:
    client, server = between().pair()
    # After an RST in CLOSE_WAIT a write fails with EPIPE, otherwise with ECONNRESET (tcp(7)).
    client.sendall(b"last words")
    client.shutdown(socket.SHUT_WR)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    client.close()
    assert server.recv(100) == b"last words"
    until(lambda: server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.EPIPE, "EPIPE")
