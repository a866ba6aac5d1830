"""Connections and listeners: what tests/contract does not test for every transport."""

from __future__ import annotations

import select
import socket
import struct
import sys
import threading

import pytest

from pync.core.address import Address
from pync.transports import Options, dial, listen
from pync.transports.conn import TcpConn
from pync.transports.listener import Listener

from ...systems import needs_rst

LOOPBACK = Address("tcp", "127.0.0.1", "0")


def send_for_ever(conn: TcpConn) -> None:
    while True:
        conn.send(bytes(65536))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="SIOCOUTQ is Linux's")
def test_unacknowledged() -> None:
    with listen(LOOPBACK) as listener, dial(listener.address) as client, listener.accept(5):
        assert isinstance(client, TcpConn)
        client.settimeout(0)
        with pytest.raises(BlockingIOError):
            send_for_ever(client)
        assert client.unacknowledged() > 0


@needs_rst
def test_unacknowledged_of_a_broken_connection_is_an_error() -> None:
    with listen(LOOPBACK) as listener, dial(listener.address) as client:
        assert isinstance(client, TcpConn)
        server = listener.accept(5)
        assert isinstance(server, TcpConn)
        server.abort()
        with pytest.raises(ConnectionResetError):
            client.unacknowledged()


@needs_rst
def test_client_that_reset_before_accept_is_skipped() -> None:
    with listen(LOOPBACK) as listener:
        with socket.create_connection((listener.address.host, listener.address.port)) as gone:
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with dial(listener.address) as client, listener.accept(5) as first:
            first.settimeout(5)
            client.send_all(b"x")
            try:
                served = first.recv(1)
            except ConnectionResetError:
                # On some systems, accept() returns the dead connection without an error.
                with listener.accept(5) as second:
                    second.settimeout(5)
                    served = second.recv(1)
            assert served == b"x"


def test_accept_waits_on_all_addresses() -> None:
    with listen(Address("tcp", "", "0")) as listener:
        assert isinstance(listener, Listener)
        for address in reversed(listener.addresses):
            host = {"0.0.0.0": "127.0.0.1", "::": "::1"}[address.host]
            caller = threading.Thread(
                target=lambda to: dial(to).close(), args=(address._replace(host=host),)
            )
            caller.start()
            with listener.accept(5) as conn:
                assert conn.peer.host == host
            caller.join()


def test_close_for_others_keeps_accepted_connections() -> None:
    with listen(LOOPBACK) as listener, dial(listener.address) as client, listener.accept(5) as conn:
        listener.close_for_others()
        with pytest.raises(Exception, match="connection refused"):
            dial(listener.address, Options(timeout=5))
        client.send_all(b"still here")
        assert conn.recv(100) == b"still here"


def test_take_nowait() -> None:
    with listen(Address("tcp", "127.0.0.1", "0")) as listener:
        assert listener.take_nowait() is None
        port = listener.address.port
        with socket.create_connection(("127.0.0.1", port)) as client:
            select.select(listener.read_fds(), [], [], 10)
            conn = listener.take_nowait()
            assert conn is not None
            with conn:
                client.sendall(b"x")
                assert conn.recv(1) == b"x"
        assert listener.take_nowait() is None


def test_keep_alive() -> None:
    with listen(LOOPBACK) as listener:
        with dial(listener.address) as client, listener.accept(10) as conn:
            assert isinstance(client, TcpConn)
            client.keep_alive()
            assert client._sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert client._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            conn.close()
        client.keep_alive()  # does nothing if closed


def test_socket_attribute() -> None:
    with listen(LOOPBACK) as listener, dial(listener.address) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        assert client.socket.getsockname()[1] == client.local.port
        client.close()
        assert client.socket.fileno() == -1
