"""TLS in the library: certificates are verified, and a bad client does not affect others."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pync
from pync.core.errors import ListenError, PyncError, TlsError, UsageError
from pync.transports.conn import Conn
from pync.transports.tls import TlsListener
from pync.transports.tls.certificate import self_made

pytest.importorskip("cryptography", reason="cryptography is not installed")

PATIENCE = 10.0


@pytest.fixture
def certificate(tmp_path: Path) -> str:
    path = tmp_path / "certificate.pem"
    path.write_bytes(self_made())
    return str(path)


@pytest.fixture
def listener(certificate: str) -> Iterator[TlsListener]:
    with pync.listen("tls://localhost:0", certificate=certificate) as listening:
        assert isinstance(listening, TlsListener)
        yield listening


class AcceptThread:
    """Calls accept() in a thread; ``error`` is the exception that it raised."""

    def __init__(self, accept: Callable[[float], Conn]) -> None:
        self.error: Exception | None = None
        self._accept = accept
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> AcceptThread:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        try:
            with self._accept(PATIENCE) as conn:
                conn.send_all(conn.recv(100).upper())
        except PyncError as error:
            self.error = error


def test_both_directions(listener: TlsListener, certificate: str) -> None:
    with AcceptThread(listener.accept):
        address = f"tls://localhost:{listener.address.port}"
        with pync.dial(address, trusted=certificate, timeout=PATIENCE) as conn:
            conn.send_all(b"hello")
            assert conn.recv(100) == b"HELLO"
            assert conn.recv(100) == b""


def test_unknown_certificate_is_rejected(listener: TlsListener) -> None:
    address = f"tls://localhost:{listener.address.port}"
    with AcceptThread(listener.accept) as accepting, pytest.raises(TlsError, match="certificate"):
        pync.dial(address, timeout=PATIENCE)
    assert isinstance(accepting.error, TlsError)
    with AcceptThread(listener.accept), pync.dial(address, verify=False, timeout=PATIENCE) as conn:
        conn.send_all(b"anyway")
        assert conn.recv(100) == b"ANYWAY"


def test_plain_text_client_is_an_error(listener: TlsListener, certificate: str) -> None:
    port = listener.address.port
    with (
        AcceptThread(listener.accept) as accepting,
        socket.create_connection(("localhost", port)) as sock,
    ):
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert isinstance(accepting.error, TlsError)
    with AcceptThread(listener.accept):
        with pync.dial(f"tls://localhost:{port}", trusted=certificate, timeout=PATIENCE) as conn:
            conn.send_all(b"next")
            assert conn.recv(100) == b"NEXT"


def test_accept_timeout(listener: TlsListener) -> None:
    with pytest.raises(ListenError, match="timed out"):
        listener.accept(0.01)


def test_missing_certificate_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        pync.listen("tls://localhost:0", certificate=str(tmp_path / "none"))


def test_key_log_from_the_environment(
    tmp_path: Path, certificate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    with pync.listen("tls://localhost:0", certificate=certificate) as listening:
        monkeypatch.delenv("SSLKEYLOGFILE")
        with AcceptThread(listening.accept):
            address = f"tls://localhost:{listening.address.port}"
            with pync.dial(address, trusted=certificate, timeout=PATIENCE) as conn:
                conn.send_all(b"x")
                assert conn.recv(1) == b"X"
    assert "TRAFFIC_SECRET" in log.read_text()


def test_eof_without_close_notify_is_an_error(listener: TlsListener, certificate: str) -> None:
    ended: list[OSError] = []

    def serve() -> None:
        with listener.accept(PATIENCE) as conn:
            conn.send_all(conn.recv(100))
            try:
                conn.recv(100)
            except OSError as error:
                ended.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    address = f"tls://localhost:{listener.address.port}"
    conn = pync.dial(address, trusted=certificate, timeout=PATIENCE)
    conn.send_all(b"half")
    # (If input were unread, close() would send RST.)
    assert conn.recv(100) == b"half"
    conn.drop()
    thread.join(PATIENCE)
    assert [type(error) for error in ended] == [pync.TruncatedError]
