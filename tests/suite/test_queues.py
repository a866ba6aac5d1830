"""The bytes in the queues between a client and its server, as the kernel reports them."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from conformance.targets.queues import Queues, queues_of

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: sock_diag(7)"
)

V4, V6 = socket.AF_INET, socket.AF_INET6


@contextmanager
def connected(
    at: str, to: str, dualstack: bool = False
) -> Iterator[tuple[socket.socket, socket.socket]]:
    family = V6 if ":" in at else V4
    with ExitStack() as stack:
        listener = stack.enter_context(
            socket.create_server((at, 0), family=family, dualstack_ipv6=dualstack)
        )
        address = (to, listener.getsockname()[1])
        client = stack.enter_context(socket.create_connection(address))
        server = stack.enter_context(listener.accept()[0])
        # Other connections at the same port, whose queues must not count.
        other = stack.enter_context(socket.create_connection(address))
        other.sendall(b"x" * 1000)
        yield client, server


@pytest.mark.parametrize(
    ("at", "to", "dualstack"),
    [
        ("127.0.0.1", "127.0.0.1", False),
        ("::1", "::1", False),
        ("::", "127.0.0.1", True),
        ("::", "::1", True),
        ("::", "::ffff:127.0.0.1", True),
    ],
)
def test_both_directions_over_tcp(at: str, to: str, dualstack: bool) -> None:
    with connected(at, to, dualstack) as (client, server):
        assert queues_of(client) == Queues(0, 0, 0, 0)
        client.sendall(b"12345")
        server.sendall(b"123")
        assert queues_of(client) == Queues(5, 3, 5, 3)
        server.recv(100)
        assert queues_of(client) == Queues(0, 3, 0, 3)


def test_written_bytes_count_once_while_their_acknowledgement_is_late() -> None:
    with connected("127.0.0.1", "127.0.0.1") as (client, server):
        for number in range(1, 100):
            client.sendall(b"a request, after which the kernel delays acknowledgements")
            server.recv(100)
            server.sendall(b"x" * 1000)
            queues = queues_of(client)
            assert queues is not None
            assert queues.written == number * 1000
            assert queues.arrived == 0


def test_connections_in_the_backlog_count() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        client.sendall(b"12345")
        assert queues_of(client) == Queues(5, 0, 5, 0)


def test_queues_of_an_ended_server_are_unknown() -> None:
    with connected("127.0.0.1", "127.0.0.1") as (client, server):
        server.close()
        client.recv(100)
        client.shutdown(socket.SHUT_WR)
        # The kernel finds the listener next, but it is not the other end.
        assert queues_of(client) is None


def test_unix_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        client.connect(str(tmp_path / "socket"))
        with listener.accept()[0] as server:
            client.sendall(b"12345")
            server.sendall(b"123")
            queues = queues_of(client)
            # The kernel counts buffers there, not bytes.
            assert queues is not None
            assert queues.unread
            assert queues.untaken == 3
            server.recv(100)
            assert queues_of(client) == Queues(0, 3, 0, 3)
