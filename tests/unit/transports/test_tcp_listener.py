"""Listening for TCP on every address of a host."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from pync.core.address import Address
from pync.core.errors import ListenError
from pync.transports import Options, dial, listen
from pync.transports.conn import TcpConn

from ...peer import DEADLINE
from ...systems import needs_rst

LOOPBACK = Address("tcp", "127.0.0.1", "0")


def test_both_families_share_the_port() -> None:
    with listen(Address("tcp", "", "0")) as listener:
        assert len({address.port for address in listener.addresses}) == 1
        hosts = [address.host for address in listener.addresses]
    assert hosts in (["0.0.0.0", "::"], ["0.0.0.0"])


@pytest.mark.parametrize(("family", "host"), [(4, "0.0.0.0"), (6, "::")])
def test_one_family_only(family: int, host: str) -> None:
    try:
        listener = listen(Address("tcp", "", "0"), Options(family=family))
    except ListenError:
        assert family == 6  # this machine has no IPv6
        return
    with listener:
        assert [address.host for address in listener.addresses] == [host]


def test_port_can_be_reused_at_once() -> None:
    with listen(LOOPBACK) as listener, dial(listener.address) as client:
        listener.accept(5).close()  # leaves a socket in TIME_WAIT on this port
        assert client.recv(1) == b""
    listen(listener.address).close()


@needs_rst
def test_data_sent_before_a_reset_can_be_read() -> None:
    """getpeername(2) fails on such a connection, but accept(2) has returned the address."""
    with listen(LOOPBACK) as listener:
        with dial(listener.address) as client:
            client.send_all(b"hello")
            local = client.local
            assert isinstance(client, TcpConn)
            client.abort()
        with listener.accept(5) as conn:
            assert conn.peer == local
            assert conn.recv(5) == b"hello"
            with pytest.raises(ConnectionError):
                conn.recv(5)


@pytest.mark.parametrize("name", ["EPROTO", "ENOTCONN", "ECONNRESET", "ECONNABORTED"])
def test_client_that_has_gone_is_skipped(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    accept, number = socket.socket.accept, getattr(errno, name)

    def fails_once(sock: socket.socket) -> tuple[socket.socket, object]:
        monkeypatch.setattr(socket.socket, "accept", accept)
        raise OSError(number, os.strerror(number))

    with (
        listen(LOOPBACK) as listener,
        dial(listener.address) as client,
    ):
        monkeypatch.setattr(socket.socket, "accept", fails_once)
        with listener.accept(DEADLINE) as conn:
            assert conn.peer.port == client.local.port
