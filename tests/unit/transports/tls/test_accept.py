"""Accepting TLS clients: a silent client does not delay others."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

import pync.transports.tls.accept as module
from pync.core.address import Address
from pync.core.errors import ListenError, TlsError
from pync.transports import listen
from pync.transports.conn import StreamConn
from pync.transports.listener import Listener
from pync.transports.tls.accept import Handshakes
from pync.transports.tls.certificate import self_made
from pync.transports.tls.handshake import Securing, Security, server_context

pytest.importorskip("cryptography", reason="cryptography is not installed")

#: Seconds that an expected event may take.
PATIENCE = 10.0


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    path.write_bytes(self_made())
    return server_context(Security(certificate=str(path)))


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listen(Address("tcp", "127.0.0.1", "0")) as listening:
        yield listening


def _begin(context: ssl.SSLContext) -> Callable[[StreamConn], Securing]:
    return lambda conn: Securing(conn, context, server_side=True)


class Failures:
    """Records failed clients and the reasons."""

    def __init__(self) -> None:
        self.causes: list[str] = []

    def __call__(self, error: Exception, _peer: object) -> None:
        assert isinstance(error, TlsError)
        self.causes.append(error.cause)


def silent(listener: Listener) -> socket.socket:
    """Connect a client that sends nothing."""
    return socket.create_connection((listener.address.host, int(listener.address.port)))


class Client:
    """A client in a thread that completes the handshake and sends a word."""

    def __init__(self, listener: Listener, word: bytes) -> None:
        self._listener = listener
        self._word = word
        self._thread = threading.Thread(target=self._talk)

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE)

    def _talk(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with silent(self._listener) as sock:
            sock.settimeout(PATIENCE)
            with context.wrap_socket(sock) as tls:
                tls.sendall(self._word)
                tls.recv(1)


def test_silent_client_does_not_delay_others(listener: Listener, context: ssl.SSLContext) -> None:
    failures = Failures()
    handshakes = Handshakes(listener, _begin(context), failures)
    with silent(listener) as first, silent(listener) as second:
        second.sendall(b"\x16\x03\x01")  # only the beginning of a record
        for word in (b"one", b"two"):
            with Client(listener, word), handshakes.accept(PATIENCE) as conn:
                assert conn.recv(100) == word
        handshakes.close()
        handshakes.close()
        assert (first.recv(1), failures.causes) == (b"", [])


def test_slow_handshake_times_out(listener: Listener, context: ssl.SSLContext) -> None:
    failures = Failures()
    handshakes = Handshakes(listener, _begin(context), failures, patience=0.05)
    with silent(listener) as client:
        with pytest.raises(ListenError, match="timed out"):
            handshakes.accept(0.5)
        assert client.recv(1) == b""
    assert failures.causes == ["the handshake timed out"]


def test_time_between_calls_of_accept_does_not_count(
    listener: Listener, context: ssl.SSLContext
) -> None:
    failures = Failures()
    handshakes = Handshakes(listener, _begin(context), failures, patience=0.5)
    with silent(listener) as client:
        for _ in range(4):
            # In between, the server serves other clients, which may take any time.
            with pytest.raises(ListenError):
                handshakes.accept(0.2)
        client.settimeout(0)
        with pytest.raises(BlockingIOError):
            client.recv(1)
        handshakes.close()
    assert failures.causes == []


def test_plain_text_client_is_skipped(listener: Listener, context: ssl.SSLContext) -> None:
    failures = Failures()
    handshakes = Handshakes(listener, _begin(context), failures)
    with silent(listener) as stranger:
        stranger.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with Client(listener, b"next"), handshakes.accept(PATIENCE) as conn:
            assert conn.recv(100) == b"next"
    handshakes.close()
    assert failures.causes == ["http request"]


def test_exception_in_the_failure_callback_propagates(
    listener: Listener, context: ssl.SSLContext
) -> None:
    def fails(error: Exception, _peer: object) -> None:
        raise error

    handshakes = Handshakes(listener, _begin(context), fails)
    with silent(listener) as stranger:
        stranger.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(TlsError, match="http request"):
            handshakes.accept(PATIENCE)
    with Client(listener, b"next"), handshakes.accept(PATIENCE) as conn:
        assert conn.recv(100) == b"next"


def test_oldest_handshake_is_dropped_at_the_limit(
    listener: Listener, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)
    failures = Failures()
    handshakes = Handshakes(listener, _begin(context), failures)
    with ExitStack() as stack:
        clients = [stack.enter_context(silent(listener)) for _ in range(5)]
        with Client(listener, b"last"), handshakes.accept(PATIENCE) as conn:
            assert conn.recv(100) == b"last"
        assert failures.causes == ["too many handshakes at once"] * 3
        assert [client.recv(1) for client in clients[:3]] == [b""] * 3
        handshakes.close()


def test_accept_runs_out_of_descriptors(listener: Listener, context: ssl.SSLContext) -> None:
    def fails(_sock: socket.socket) -> None:
        raise OSError(24, os.strerror(24))

    handshakes = Handshakes(listener, _begin(context), Failures())
    listener._take = fails  # type: ignore[assignment]
    with silent(listener), pytest.raises(ListenError, match="too many open files"):
        handshakes.accept(PATIENCE)
