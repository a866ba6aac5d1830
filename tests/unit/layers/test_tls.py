"""TLS as a layer: two codecs talk through lists of bytes, whole and byte by byte."""

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


def carried(data: bytes, to: TlsCodec, size: int) -> bytes:
    """What the other side makes of bytes that come in pieces."""
    return b"".join(to.receive(data[at : at + size]) for at in range(0, len(data), size))


def shaken(pem: Path, version: str, size: int) -> tuple[TlsCodec, TlsCodec]:
    left, right = codecs(pem, version)
    left.start()
    for _ in range(4):
        assert carried(left.outgoing(), right, size) == b""
        assert carried(right.outgoing(), left, size) == b""
    assert left.established
    assert right.established
    return left, right


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("size", [1, 7, 65536])
def test_a_conversation_and_half_closes(pem: Path, version: str, size: int) -> None:
    client, server = shaken(pem, version, size)
    assert carried(client.send(b"question"), server, size) == b"question"
    assert carried(client.send_eof(), server, size) == b""
    assert (server.ended, server.failure) == (True, None)
    # The other direction goes on after the peer's close_notify.
    assert carried(server.send(b"a long answer" * 9000), client, size) == b"a long answer" * 9000
    assert not client.ended
    carried(server.send_eof(), client, size)
    assert (client.ended, client.failure) == (True, None)


def test_what_is_known_afterwards(pem: Path) -> None:
    client, server = shaken(pem, "TLSv1_3", 65536)
    assert client.version == server.version == "TLSv1.3"
    assert client.cipher.startswith("TLS_")
    assert client.certificate is not None
    assert server.certificate is None
    assert client.protocol == ""


def test_an_end_without_goodbye_is_known(pem: Path) -> None:
    client, server = shaken(pem, "TLSv1_3", 65536)
    assert client.receive(b"") == b""
    assert client.ended
    assert isinstance(client.failure, TruncatedError)
    # The peer may have half-closed by FIN alone (ncat 7.93): it can still be answered.
    assert carried(client.send(b"answer"), server, 65536) == b"answer"


def test_a_broken_record_loses_nothing_of_what_came_before_it(pem: Path) -> None:
    client, server = shaken(pem, "TLSv1_3", 65536)
    whole, bad = client.send(b"whole"), bytearray(client.send(b"broken"))
    bad[-1] ^= 1
    assert server.receive(whole + bytes(bad)) == b"whole"
    # OpenSSL 3.2 and later name the layer and not the cause.
    causes = ("decryption failed or bad record mac", "record layer failure")
    assert str(server.failure) in causes
    assert server.outgoing() != b""
    assert carried(b"more", server, 4) == b""


def test_an_alert_after_the_handshake_is_explained(pem: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    server.load_verify_locations(pem)
    server.verify_mode = ssl.CERT_REQUIRED
    context = ssl.create_default_context(cafile=pem)
    left = TlsCodec(context, server_side=False, server_name="localhost")
    right = TlsCodec(server, server_side=True)
    left.start()
    carried(left.outgoing(), right, 65536)
    carried(right.outgoing(), left, 65536)
    assert left.established
    with pytest.raises(ssl.SSLError):
        carried(left.outgoing(), right, 65536)
    # TLS 1.3: the client's handshake was over before the server saw its certificate.
    assert carried(right.outgoing(), left, 65536) == b""
    assert str(left.failure) == "the peer sent the alert certificate required"


def test_garbage_is_refused_and_the_peer_is_told(pem: Path) -> None:
    _, server = codecs(pem, "TLSv1_3")
    with pytest.raises(ssl.SSLError):
        server.receive(b"GET / HTTP/1.0\r\n\r\n")
    client, server = shaken(pem, "TLSv1_3", 65536)
    data = bytearray(client.send(b"secret"))
    data[-1] ^= 1
    assert server.receive(bytes(data)) == b""
    assert server.failure is not None
    assert server.outgoing() != b""
