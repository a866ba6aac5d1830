"""Dialling through proxies; tests/interop/test_proxy.py tests complete dialogues."""

from __future__ import annotations

import socket
import threading

import pytest

from pync.core.address import Address
from pync.core.config import Proxy
from pync.core.errors import DialError, ProxyError
from pync.programs.shared.via_proxies import Route, dial_through, port_number
from pync.transports import DEFAULT

TARGET = Address("tcp", "example.org", "80")


def test_peer_is_the_target(server: socket.socket) -> None:
    def serve() -> None:
        conn, _ = server.accept()
        with conn:
            conn.recv(3)
            conn.sendall(b"\5\0")
            conn.recv(18)
            conn.sendall(b"\5\0\0\1" + bytes(6) + b"x")

    thread = threading.Thread(target=serve)
    thread.start()
    proxy = Proxy("socks5", "127.0.0.1", str(server.getsockname()[1]))
    with dial_through(TARGET, Route((proxy,)), DEFAULT) as conn:
        assert conn.peer == TARGET
        assert conn.recv(9) == b"x"
    thread.join(10)


def test_refusal_contains_target_and_status(server: socket.socket) -> None:
    def serve() -> None:
        conn, _ = server.accept()
        with conn:
            conn.recv(500)
            conn.sendall(b"HTTP/1.0 403 no\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    proxy = Proxy("http", "127.0.0.1", str(server.getsockname()[1]))
    with pytest.raises(ProxyError, match=r"dial tcp://example.org:80: .* status code 403") as error:
        dial_through(TARGET, Route((proxy,)), DEFAULT)
    assert error.value.http_status == 403
    thread.join(10)


def test_port_number() -> None:
    assert port_number("0080", TARGET) == port_number("http", TARGET) == 80
    with pytest.raises(DialError, match="port number too large: '65536'"):
        port_number("65536", TARGET)
    with pytest.raises(DialError, match="port number too large: '999"):
        port_number("9" * 5000, TARGET)
    with pytest.raises(DialError, match="unknown service"):
        port_number("\xb2", TARGET)
