"""Clients of a listener, one by one: a failing client ends the program only without -k."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pync.core.address import Address
from pync.core.errors import ListenError, TlsError
from pync.core.events import Event, silent
from pync.core.server_events import Failed
from pync.programs.shared.entry import Entry
from pync.programs.shared.listening import ListenSetup
from pync.programs.shared.reception import Reception
from pync.transports import listen
from pync.transports.listener import Listener
from pync.transports.tls.handshake import Security

HERE = Address("tcp", "127.0.0.1", "0")
TLS = Entry(Security())


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listen(HERE) as listening:
        yield listening


def connected(listener: Listener) -> socket.socket:
    return socket.create_connection((listener.address.host, int(listener.address.port)))


def test_clients_without_tls(listener: Listener) -> None:
    with Reception(listener, ListenSetup(HERE), silent) as reception:
        for word in (b"one", b"two"):
            with connected(listener) as client, reception.accept() as conn:
                client.sendall(word)
                assert conn.recv(10) == word


def test_accept_timeout(listener: Listener) -> None:
    with Reception(listener, ListenSetup(HERE, accept_timeout=0.01), silent) as reception:
        with pytest.raises(ListenError, match="timed out"):
            reception.accept()


def test_failed_handshake_is_raised_without_k(listener: Listener) -> None:
    setup = ListenSetup(HERE, entry=TLS, accept_timeout=10)
    with Reception(listener, setup, silent) as reception, connected(listener) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(TlsError, match="http request"):
            reception.accept()


def test_failed_handshake_is_reported_with_k(listener: Listener) -> None:
    told: list[Event] = []
    setup = ListenSetup(HERE, entry=TLS, keep_open=True, accept_timeout=2)
    with Reception(listener, setup, told.append) as reception, connected(listener) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(ListenError, match="timed out"):
            reception.accept()
    (failed,) = told
    assert isinstance(failed, Failed)
    assert "http request" in str(failed.error)
