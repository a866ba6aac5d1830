"""New TLS clients: an unfinished handshake does not delay other clients."""

from __future__ import annotations

import socket
import ssl

import pytest

from pync.core.address import Address
from pync.core.events import Event
from pync.core.server_events import Failed
from pync.engine.loop import Loop
from pync.programs.shared.entry import Entry
from pync.programs.shared.tls_accept import TlsAcceptor
from pync.transports.conn import Conn, StreamConn
from pync.transports.tls.handshake import Security


def conn_of(sock: socket.socket) -> StreamConn:
    return StreamConn(sock, Address("unix", path="here"), Address("unix", path="there"))


def test_connection_without_handshake_enters_at_once() -> None:
    ours, theirs = socket.socketpair()
    entered: list[Conn] = []
    with ours, theirs, Loop() as loop:
        conn = conn_of(ours)
        TlsAcceptor(loop, None, _never, entered.append).take(conn)
        assert entered == [conn]


def test_silent_client_times_out() -> None:
    ours, theirs = socket.socketpair()
    told: list[Event] = []
    with ours, theirs, Loop() as loop:
        waiting = TlsAcceptor(loop, Entry(Security(timeout=0.05)), told.append, _never)
        waiting.take(conn_of(ours))
        assert len(waiting) == 1
        loop.run_while(lambda: not told)
        assert isinstance(told[0], Failed)
        assert len(waiting) == 0
        assert theirs.recv(1) == b""


def _never(what: object) -> None:
    raise AssertionError(what)


def start_handshake(sock: socket.socket) -> ssl.SSLSocket:
    """Return a client that has started its handshake and waits for an answer."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sock.setblocking(False)
    secured = context.wrap_socket(sock, do_handshake_on_connect=False)
    with pytest.raises(ssl.SSLWantReadError):
        secured.do_handshake()
    return secured


def continue_handshake(client: ssl.SSLSocket) -> bool:
    """Continue the handshake of a client; return whether it is complete."""
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def test_unfinished_handshake_does_not_delay_others() -> None:
    entered: list[Conn] = []
    told: list[Event] = []
    slow_ours, slow = socket.socketpair()
    quick_ours, quick = socket.socketpair()
    with slow, Loop() as loop:
        waiting = TlsAcceptor(loop, Entry(Security()), told.append, entered.append)
        waiting.take(conn_of(slow_ours))
        # Only the first bytes of a ClientHello (RFC 8446 5.1).
        slow.sendall(b"\x16\x03\x01\x02\x00\x01")
        waiting.take(conn_of(quick_ours))
        with start_handshake(quick) as client:
            finished = False
            while not entered:
                loop.call_later(0, lambda: None)
                rounds = iter([True])
                loop.run_while(lambda: next(rounds, False))  # noqa: B023 - used at once
                finished = finished or continue_handshake(client)
            assert finished
            assert len(waiting) == 1
            client.setblocking(True)
            client.sendall(b"hello")
            assert entered[0].recv(5) == b"hello"
            entered[0].close()
        waiting.close()
        waiting.close()
        assert slow.recv(1) == b""


def test_plain_text_client_is_reported() -> None:
    ours, theirs = socket.socketpair()
    told: list[Event] = []
    with theirs, Loop() as loop:
        waiting = TlsAcceptor(loop, Entry(Security(timeout=0.05)), told.append, _never)
        waiting.take(conn_of(ours))
        theirs.sendall(b"GET / HTTP/1.0\r\n\r\n")
        loop.run_while(lambda: not told)
        assert isinstance(told[0], Failed)
        assert "http request" in str(told[0].error)
        assert len(waiting) == 0
