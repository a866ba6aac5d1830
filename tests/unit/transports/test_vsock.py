"""vsock: addresses, and errors on systems without vsock."""

from __future__ import annotations

import socket

import pytest

from pync.core.address import Address
from pync.core.errors import DialError, ListenError
from pync.transports import DEFAULT, Options, vsock
from pync.transports.conn import StreamConn

HAS_VSOCK = hasattr(socket, "AF_VSOCK")


@pytest.mark.parametrize(
    ("cid", "port", "cause"),
    [
        ("localhost", "1", "'localhost' is not a valid CID"),
        ("1", "ssh", "'ssh' is not a valid vsock port"),
        ("1", "4294967296", "'4294967296' is not a valid vsock port"),
        ("-1", "1", "'-1' is not a valid CID"),
        ("\u0661", "1", "'\u0661' is not a valid CID"),
    ],
)
def test_invalid_cid_or_port(cid: str, port: str, cause: str) -> None:
    address = Address("vsock", cid, port)
    with pytest.raises(DialError) as dialling:
        vsock.dial(address, DEFAULT)
    with pytest.raises(ListenError) as listening:
        vsock.listen(address, DEFAULT)
    assert (dialling.value.cause, listening.value.cause) == (cause, cause)


def test_system_without_vsock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_VSOCK", raising=False)
    with pytest.raises(DialError, match=r"dial vsock://1:9: this system has no vsock$"):
        vsock.dial(Address("vsock", "1", "9"), DEFAULT)


@pytest.mark.skipif(not HAS_VSOCK, reason="this system has no vsock")
def test_free_port_is_bound_once() -> None:
    with vsock.listen(Address("vsock", "", "0"), DEFAULT) as listener:
        assert listener.address.port > 0
        with pytest.raises(ListenError) as failure:
            vsock.listen(listener.address, DEFAULT)
    assert failure.value.cause == "address already in use"


@pytest.mark.skipif(not HAS_VSOCK, reason="this system has no vsock")
def test_missing_guest_is_an_error() -> None:
    # This CID belongs to no guest.
    with pytest.raises(DialError) as failure:
        vsock.dial(Address("vsock", "4000000000", "9"), Options(timeout=0.2))
    assert failure.value.attempts


def test_connection_is_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the same code over IPv4, which every machine has; its socket names are pairs as well."""
    monkeypatch.setattr(socket, "AF_VSOCK", socket.AF_INET, raising=False)
    port = "0"
    monkeypatch.setattr(vsock, "_name", lambda *_: ("127.0.0.1", int(port)))
    with vsock.listen(Address("vsock", "1", "0"), DEFAULT) as listener:
        port = listener.address.service
        with vsock.dial(Address("vsock", "1", port), Options(timeout=10)) as client:
            server = listener.accept(10)
            with server:
                assert isinstance(server, StreamConn)
                client.send_all(b"question")
                client.send_eof()
                assert [server.recv(100), server.recv(100)] == [b"question", b""]
                server.send_all(b"answer")
                server.send_eof()
                assert [client.recv(100), client.recv(100)] == [b"answer", b""]
                assert server.peer.port == client.local.port
