"""TLS after dialling; tests/interop/test_tls.py tests handshakes."""

from __future__ import annotations

import socket

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.core.events import silent
from pync.programs.shared.securing import begin_welcome, client_context, listener_context, secure
from pync.transports.conn import Conn
from pync.transports.tls.handshake import Security


def datagrams() -> Conn:
    here, there = Address("udp", "127.0.0.1", "1"), Address("udp", "127.0.0.1", "2")
    return Conn(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), here, there)


def test_clients_share_one_context() -> None:
    assert listener_context(Security()) is listener_context(Security())


def test_datagram_connection_is_rejected_and_closed() -> None:
    conn = datagrams()
    with pytest.raises(UsageError, match="needs a stream"):
        secure(conn, client_context(Security()), Security(), "127.0.0.1", silent)
    assert conn.fileno() == -1
    conn = datagrams()
    with pytest.raises(UsageError, match="needs a stream"):
        begin_welcome(conn, Security())
    assert conn.fileno() == -1
