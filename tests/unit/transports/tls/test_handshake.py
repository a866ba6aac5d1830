"""TLS contexts and failing handshakes; tests/interop/test_tls.py tests handshakes with others."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from pync.core.errors import TlsError, UsageError
from pync.transports.memory import pair
from pync.transports.tls.handshake import Security, client_context, secure, server_context


def test_client_verifies_certificates_by_default() -> None:
    assert client_context(Security()).verify_mode == ssl.CERT_REQUIRED
    assert client_context(Security()).check_hostname
    assert client_context(Security(verify=False)).verify_mode == ssl.CERT_NONE


def test_versions() -> None:
    context = client_context(Security(least="TLSv1.2", most="1.3"))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.maximum_version == ssl.TLSVersion.TLSv1_3
    with pytest.raises(UsageError, match="--ssl-min-version: '9' is not a TLS version"):
        client_context(Security(least="9"))


@pytest.mark.parametrize(
    ("security", "said"),
    [
        (Security(trusted="/none"), "--ssl-trustfile /none: no such file"),
        (Security(certificate="/none"), "--ssl-cert /none: no such file"),
        (Security(certificate="/dev/null", key="/none"), "--ssl-key /none: no such file"),
        (Security(ciphers="none-such"), "--ssl-ciphers 'none-such': no cipher fits"),
        (Security(keylog="/no/such/file"), "--ssl-keylog /no/such/file: no such file"),
        (Security(keylog="/"), "--ssl-keylog /: "),
    ],
)
def test_invalid_options(security: Security, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        client_context(security)


def test_listener_with_trusted_certificates_requires_client_certificates(tmp_path: Path) -> None:
    from pync.transports.tls.certificate import self_made

    (tmp_path / "own.pem").write_bytes(self_made())
    path = str(tmp_path / "own.pem")
    assert server_context(Security(certificate=path)).verify_mode == ssl.CERT_NONE
    context = server_context(Security(certificate=path, trusted=path))
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_handshake_timeout() -> None:
    ours, peer = pair()
    with peer, pytest.raises(TlsError, match="timed out"):
        secure(ours, client_context(Security(verify=False)), timeout=0.01)
    assert ours.fileno() == -1


def test_peer_closes_during_the_handshake() -> None:
    ours, peer = pair()
    peer.close()
    with pytest.raises(TlsError):
        secure(ours, client_context(Security(verify=False)))


def test_plain_text_after_starttls_is_an_error() -> None:
    ours, peer = pair()
    peer.send_all(b"* OK hello\r\na OK go\r\n* BYE what was added in between\r\n")
    with peer, pytest.raises(TlsError, match="sent plain text after it began TLS"):
        secure(ours, client_context(Security(verify=False)), starttls="imap")
