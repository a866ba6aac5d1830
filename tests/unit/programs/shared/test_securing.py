"""TLS as the user asked for it; handshakes are in tests/interop/test_tls.py."""

from __future__ import annotations

import socket
import ssl

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import UsageError
from pync.core.events import silent
from pync.programs.shared.securing import begin_welcome, client_context, listener_context, secure
from pync.transports.conn import Conn


def datagrams() -> Conn:
    here, there = Address("udp", "127.0.0.1", "1"), Address("udp", "127.0.0.1", "2")
    return Conn(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), here, there)


def test_a_client_verifies_unless_it_is_told_not_to() -> None:
    assert client_context(Config()).verify_mode == ssl.CERT_REQUIRED
    assert client_context(Config(insecure=True)).verify_mode == ssl.CERT_NONE
    assert client_context(Config(verifies=False)).verify_mode == ssl.CERT_NONE


def test_all_clients_are_shown_one_certificate() -> None:
    config = Config(ssl=True)
    assert listener_context(config) is listener_context(config._replace(verbose=1))


def test_datagrams_are_no_stream() -> None:
    conn = datagrams()
    with pytest.raises(UsageError, match="needs a stream"):
        secure(conn, client_context(Config()), Config(), silent)
    assert conn.fileno() == -1
    conn = datagrams()
    with pytest.raises(UsageError, match="needs a stream"):
        begin_welcome(conn, Config())
    assert conn.fileno() == -1
