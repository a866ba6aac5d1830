"""One TCP socket: connecting, refusal and reset."""

from __future__ import annotations

import socket
import struct
import sys

import pytest

from conformance.targets.ports import reserved_port
from pync.core.address import Address
from pync.core.errors import DialError
from pync.transports import Options, dial
from pync.transports.internet import Endpoint
from pync.transports.tcp_socket import begin_to_connect, check_connected, wrap

LOOPBACK = Address("tcp", "127.0.0.1", "0")


def test_connection_to_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # If nobody listens on a port of the ephemeral range, the socket may get that port itself;
    # simultaneous open (RFC 9293 3.5) then connects it to itself.
    with reserved_port() as free:
        port = str(free)
        with pytest.raises(DialError, match="connection refused"):
            dial(Address("tcp", "127.0.0.1", port), Options(source="127.0.0.1", source_port=port))


def test_tcp_nodelay_is_set(server: socket.socket) -> None:
    host, port = server.getsockname()
    with dial(Address("tcp", host, str(port))) as conn:
        assert conn._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="data stays queued after RST")
@pytest.mark.parametrize("half_closes", [False, True])
def test_peer_resets_before_the_connection_is_checked(
    server: socket.socket, half_closes: bool
) -> None:
    """Its data can be read; then the reset is an error."""
    endpoint = Endpoint(socket.AF_INET, server.getsockname())
    with begin_to_connect(endpoint, LOOPBACK, Options()) as sock:
        peer = server.accept()[0]
        peer.sendall(b"go away")
        if half_closes:
            peer.shutdown(socket.SHUT_WR)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        conn = wrap(sock, "tcp", check_connected(sock, endpoint))
        conn.settimeout(None)
        assert conn.peer == Address("tcp", "127.0.0.1", str(server.getsockname()[1]))
        assert conn.recv(7) == b"go away"
        if half_closes:
            assert conn.recv(7) == b""
        with pytest.raises(ConnectionError):
            conn.send_all(b"x")


def test_connection_refused(closed_port: int) -> None:
    endpoint = Endpoint(socket.AF_INET, ("127.0.0.1", closed_port))
    with pytest.raises(ConnectionRefusedError):
        with begin_to_connect(endpoint, LOOPBACK, Options()) as sock:
            check_connected(sock, endpoint)
