"""TLS options with DTLS: those that have an effect, and errors for invalid ones."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from pync.core.errors import UsageError
from pync.layers.dtls import DtlsCodec
from pync.transports.dtls.context import (
    client_context,
    client_side,
    server_connection,
    server_context,
)
from pync.transports.tls.handshake import Security


def handshaken(client: Security, server: Security) -> tuple[DtlsCodec, DtlsCodec]:
    one, expected = client_side(client_context(client), "localhost")
    other = DtlsCodec(server_connection(server_context(server)))
    one.start()
    for _ in range(10):
        for datagram in one.outgoing():
            other.receive(datagram)
        for datagram in other.outgoing():
            one.receive(datagram)
        if one.established and other.established:
            return one, other
    raise AssertionError(f"no handshake: {expected.wrong}")


def test_alpn_selects_the_first_protocol_of_the_server(pem: str) -> None:
    client = Security(trusted=pem, protocols=("coap", "x"))
    one, other = handshaken(client, Security(certificate=pem, protocols=("y", "x", "coap")))
    assert one.protocol == other.protocol == "x"
    one, other = handshaken(client, Security(certificate=pem, protocols=("y",)))
    assert one.protocol == ""


def test_ciphers_and_key_log(pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSLKEYLOGFILE", raising=False)
    log = tmp_path / "keys"
    client = Security(trusted=pem, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256", keylog=str(log))
    one, _ = handshaken(client, Security(certificate=pem))
    assert one.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256"
    assert log.read_text().startswith("CLIENT_RANDOM ")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_listener_generates_a_certificate(pem: str) -> None:
    one, _ = handshaken(Security(verify=False), Security())
    assert one.certificate is not None


def test_client_certificate(pem: str) -> None:
    server = Security(certificate=pem, trusted=pem)
    _, other = handshaken(Security(trusted=pem, certificate=pem), server)
    own = x509.load_pem_x509_certificate(Path(pem).read_bytes())
    assert other.certificate == own.public_bytes(serialization.Encoding.DER)


def split(pem: str) -> tuple[x509.Certificate, serialization.pkcs12.PKCS12PrivateKeyTypes]:
    data = Path(pem).read_bytes()
    key = serialization.load_pem_private_key(data, None)
    return x509.load_pem_x509_certificate(data), key  # type: ignore[return-value]


def encrypted(pem: str, folder: Path) -> Security:
    certificate, key = split(pem)
    path = folder / "both.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    return Security(certificate=str(path), ask=lambda _: b"secret")


def der(pem: str, folder: Path) -> Security:
    certificate, key = split(pem)
    (folder / "c").write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    (folder / "k").write_bytes(
        key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Security(certificate=str(folder / "c"), key=str(folder / "k"))


def bundle(pem: str, folder: Path) -> Security:
    certificate, key = split(pem)
    none = serialization.NoEncryption()
    data = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, none)
    (folder / "p12").write_bytes(data)
    return Security(certificate=str(folder / "p12"))


@pytest.mark.parametrize("form", [encrypted, der, bundle])
def test_certificate_formats(
    pem: str, tmp_path: Path, form: Callable[[str, Path], Security]
) -> None:
    one, _ = handshaken(Security(trusted=pem), form(pem, tmp_path))
    assert one.established


def test_trusted_certificate_in_der(pem: str, tmp_path: Path) -> None:
    trusted = der(pem, tmp_path).certificate
    one, _ = handshaken(Security(trusted=trusted), Security(certificate=pem))
    assert one.established


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            Security(least="1.3"),
            r"^--ssl-min-version: '1.3' is not a version of DTLS \(1.0, 1.2\)$",
        ),
        (Security(most="1.1"), "^--ssl-max-version: '1.1' is not a version of DTLS"),
        (Security(ciphers="nothing"), "^--ssl-ciphers 'nothing': no cipher fits$"),
        (Security(protocols=("x" * 256,)), "^--ssl-alpn: .* is not a protocol name"),
        (Security(trusted="/nowhere"), "^--ssl-trustfile /nowhere: no such file or directory$"),
        (Security(certificate="/nowhere"), "^--ssl-cert /nowhere: no such file or directory$"),
    ],
)
def test_invalid_options(asked: Security, said: str) -> None:
    for make in (client_context, server_context):
        with pytest.raises(UsageError, match=said):
            make(asked)


def test_common_version(pem: str) -> None:
    one, _ = handshaken(
        Security(trusted=pem, least="DTLSv1.2"), Security(certificate=pem, most="1.2")
    )
    assert one.version == "DTLSv1.2"
