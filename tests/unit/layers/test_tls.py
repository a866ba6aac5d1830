"""TLS as a layer: two codecs exchange bytes in memory, at once and byte by byte."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from pync.core.broken import TruncatedError
from pync.layers.tls import TlsCodec
from pync.transports.tls.certificate import self_made


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    path.write_bytes(self_made())
    return path


def codecs(pem: Path, version: str) -> tuple[TlsCodec, TlsCodec]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cafile=pem)
    client.minimum_version = client.maximum_version = ssl.TLSVersion[version]
    return (
        TlsCodec(client, server_side=False, server_name="localhost"),
        TlsCodec(server, server_side=True),
    )


def transfer(data: bytes, to: TlsCodec, size: int) -> bytes:
    """Pass the data to the other side in pieces; return the plain bytes."""
    return b"".join(to.receive(data[at : at + size]) for at in range(0, len(data), size))


def handshaken(pem: Path, version: str, size: int) -> tuple[TlsCodec, TlsCodec]:
    left, right = codecs(pem, version)
    left.start()
    for _ in range(4):
        assert transfer(left.outgoing(), right, size) == b""
        assert transfer(right.outgoing(), left, size) == b""
    assert left.established
    assert right.established
    return left, right


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("size", [1, 7, 65536])
def test_data_and_half_close(pem: Path, version: str, size: int) -> None:
    client, server = handshaken(pem, version, size)
    assert transfer(client.send(b"question"), server, size) == b"question"
    assert transfer(client.send_eof(), server, size) == b""
    assert (server.ended, server.failure) == (True, None)
    # The other direction continues after the close_notify of the peer.
    assert transfer(server.send(b"a long answer" * 9000), client, size) == b"a long answer" * 9000
    assert not client.ended
    transfer(server.send_eof(), client, size)
    assert (client.ended, client.failure) == (True, None)


def test_negotiated_values(pem: Path) -> None:
    client, server = handshaken(pem, "TLSv1_3", 65536)
    assert client.version == server.version == "TLSv1.3"
    assert client.cipher.startswith("TLS_")
    assert client.certificate is not None
    assert server.certificate is None
    assert client.protocol == ""


def test_eof_without_close_notify(pem: Path) -> None:
    client, server = handshaken(pem, "TLSv1_3", 65536)
    assert client.receive(b"") == b""
    assert client.ended
    assert isinstance(client.failure, TruncatedError)
    # The peer may have half-closed by FIN alone (ncat 7.93): it can still be answered.
    assert transfer(client.send(b"answer"), server, 65536) == b"answer"


def test_data_before_a_broken_record_is_delivered(pem: Path) -> None:
    client, server = handshaken(pem, "TLSv1_3", 65536)
    whole, bad = client.send(b"whole"), bytearray(client.send(b"broken"))
    bad[-1] ^= 1
    assert server.receive(whole + bytes(bad)) == b"whole"
    # OpenSSL 3.2 and later report the layer, not the cause.
    causes = ("decryption failed or bad record mac", "record layer failure")
    assert str(server.failure) in causes
    assert server.outgoing() != b""
    assert transfer(b"more", server, 4) == b""


def test_alert_after_the_handshake_is_explained(pem: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    server.load_verify_locations(pem)
    server.verify_mode = ssl.CERT_REQUIRED
    context = ssl.create_default_context(cafile=pem)
    left = TlsCodec(context, server_side=False, server_name="localhost")
    right = TlsCodec(server, server_side=True)
    left.start()
    transfer(left.outgoing(), right, 65536)
    transfer(right.outgoing(), left, 65536)
    assert left.established
    with pytest.raises(ssl.SSLError):
        transfer(left.outgoing(), right, 65536)
    # TLS 1.3: the client's handshake was over before the server saw its certificate.
    assert transfer(right.outgoing(), left, 65536) == b""
    assert str(left.failure) == "the peer sent the alert certificate required"


def test_invalid_data_is_rejected_with_an_alert(pem: Path) -> None:
    _, server = codecs(pem, "TLSv1_3")
    with pytest.raises(ssl.SSLError):
        server.receive(b"GET / HTTP/1.0\r\n\r\n")
    client, server = handshaken(pem, "TLSv1_3", 65536)
    data = bytearray(client.send(b"secret"))
    data[-1] ^= 1
    assert server.receive(bytes(data)) == b""
    assert server.failure is not None
    assert server.outgoing() != b""
