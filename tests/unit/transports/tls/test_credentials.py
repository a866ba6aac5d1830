"""Certificates and keys in all supported formats, and the errors for invalid ones."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path

import pytest

from pync.core.errors import UsageError
from pync.transports.tls.certificate import self_made
from pync.transports.tls.credentials import load_own, trusting

pytest.importorskip("cryptography", reason="cryptography is not installed")

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

PASSPHRASE = b"open sesame"


class CredentialFiles:
    """One certificate and its key in all formats."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        pem = self_made()
        self.key = load_pem_private_key(pem, None)
        self.certificate = x509.load_pem_x509_certificate(pem)
        encrypted = BestAvailableEncryption(PASSPHRASE)
        self._write("both.pem", pem)
        self._write("certificate.pem", self.certificate.public_bytes(Encoding.PEM))
        self._write("certificate.der", self.certificate.public_bytes(Encoding.DER))
        self._write("key.pem", self._key(Encoding.PEM, NoEncryption()))
        self._write("key.der", self._key(Encoding.DER, NoEncryption()))
        self._write("locked.pem", self._key(Encoding.PEM, encrypted))
        self._write("locked.der", self._key(Encoding.DER, encrypted))
        self._write("open.p12", self._bundle(NoEncryption()))
        self._write("locked.p12", self._bundle(encrypted))
        self._write("keyless.p12", self._bundle(NoEncryption(), keyless=True))
        self._write("other.pem", self_made())
        self._write("text.txt", b"hello\n")
        self._write("empty.pem", b"")
        self._write("damaged.p12", (folder / "open.p12").read_bytes()[:-100])
        cut = (folder / "both.pem").read_bytes().replace(b"MI", b"XX")
        self._write("damaged.pem", cut)

    def _write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def _key(self, encoding: Encoding, encryption: KeySerializationEncryption) -> bytes:
        return self.key.private_bytes(encoding, PrivateFormat.PKCS8, encryption)

    def _bundle(self, encryption: KeySerializationEncryption, *, keyless: bool = False) -> bytes:
        key = None if keyless else self.key
        return pkcs12.serialize_key_and_certificates(
            b"name",
            key,  # type: ignore[arg-type]
            self.certificate,
            None,
            encryption,
        )

    def path(self, name: str | None) -> str | None:
        return None if name is None else str(self.folder / name)


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> CredentialFiles:
    return CredentialFiles(tmp_path_factory.mktemp("forms"))


def server() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def type_passphrase(_prompt: str) -> bytes:
    """Return the passphrase, like a user who types it."""
    return PASSPHRASE


def certificate_of(context: ssl.SSLContext) -> bytes | None:
    """Return the certificate that a client of this server receives (DER)."""
    client = ssl.create_default_context()
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there)
    theirs = context.wrap_bio(there, back, server_side=True)
    for one in (ours, theirs, ours):
        try:
            one.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return ours.getpeercert(binary_form=True)


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        ("both.pem", None),
        ("certificate.pem", "key.pem"),
        ("certificate.pem", "key.der"),
        ("certificate.pem", "locked.pem"),
        ("certificate.pem", "locked.der"),
        ("certificate.der", "key.pem"),
        ("certificate.der", "key.der"),
        ("certificate.der", "locked.pem"),
        ("open.p12", None),
        ("locked.p12", None),
        ("keyless.p12", "key.pem"),
    ],
)
def test_all_formats(forms: CredentialFiles, certificate: str, key: str | None) -> None:
    context = server()
    load_own(context, str(forms.path(certificate)), forms.path(key), type_passphrase)
    assert certificate_of(context) == forms.certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("certificate", "key", "said"),
    [
        ("none.pem", None, "--ssl-cert {}/none.pem: no such file or directory"),
        ("certificate.pem", "none.pem", "--ssl-key {}/none.pem: no such file or directory"),
        ("text.txt", None, "--ssl-cert {}/text.txt: this is not a certificate (PEM, DER and"),
        ("empty.pem", None, "--ssl-cert {}/empty.pem: this is not a certificate (PEM, DER and"),
        ("damaged.p12", None, "--ssl-cert {}/damaged.p12: wrong passphrase, or damaged"),
        ("damaged.pem", None, "--ssl-cert {}/damaged.pem: the certificate or its key is damaged"),
        ("certificate.pem", None, "--ssl-cert {}/certificate.pem: there is no private key in it"),
        ("certificate.der", None, "--ssl-cert {}/certificate.der: this is a certificate alone"),
        ("keyless.p12", None, "--ssl-cert {}/keyless.p12: there is no private key in it"),
        ("key.pem", None, "--ssl-cert {}/key.pem: this is a private key, not a certificate"),
        ("key.der", None, "--ssl-cert {}/key.der: this is a private key, not a certificate"),
        ("key.pem", "certificate.pem", "--ssl-cert {}/key.pem: this is a private key, not"),
        (
            "certificate.pem",
            "certificate.pem",
            "--ssl-key {}/certificate.pem: there is no private key in it",
        ),
        ("certificate.pem", "text.txt", "--ssl-key {}/text.txt: there is no private key in it"),
        (
            "certificate.pem",
            "other.pem",
            "--ssl-cert {}/certificate.pem: the private key in {}/other.pem is not this certif",
        ),
        (
            "certificate.der",
            "other.pem",
            "--ssl-cert {}/certificate.der: the private key in {}/other.pem is not this certif",
        ),
    ],
)
def test_errors(forms: CredentialFiles, certificate: str, key: str | None, said: str) -> None:
    with pytest.raises(UsageError) as told:
        load_own(server(), str(forms.path(certificate)), forms.path(key), type_passphrase)
    assert str(told.value).startswith(said.replace("{}/", f"{forms.folder}{os.sep}"))


@pytest.mark.parametrize(
    ("certificate", "key"),
    [("certificate.pem", "locked.pem"), ("certificate.der", "locked.der"), ("locked.p12", None)],
)
def test_encrypted_key_needs_a_terminal(
    forms: CredentialFiles, certificate: str, key: str | None
) -> None:
    def no_terminal(_prompt: str) -> bytes:
        raise OSError("no terminal")

    for ask in (no_terminal, None):
        with pytest.raises(UsageError, match="is encrypted, and there is no terminal to ask"):
            load_own(server(), str(forms.path(certificate)), forms.path(key), ask)


@pytest.mark.parametrize(
    ("certificate", "key"),
    [("certificate.pem", "locked.pem"), ("certificate.der", "locked.der"), ("locked.p12", None)],
)
def test_wrong_passphrase(forms: CredentialFiles, certificate: str, key: str | None) -> None:
    with pytest.raises(UsageError, match="wrong passphrase"):
        load_own(server(), str(forms.path(certificate)), forms.path(key), lambda _: b"wrong")


def test_trusted_certificates(forms: CredentialFiles) -> None:
    for name in ("certificate.pem", "certificate.der", "both.pem"):
        context = server()
        trusting(context.load_verify_locations, str(forms.path(name)))
        assert context.cert_store_stats()["x509"] == 1


@pytest.mark.parametrize("name", ["text.txt", "empty.pem", "key.pem", "key.der", "open.p12"])
def test_invalid_trusted_certificates(forms: CredentialFiles, name: str) -> None:
    with pytest.raises(UsageError, match="there is no certificate in it"):
        trusting(server().load_verify_locations, str(forms.path(name)))
    with pytest.raises(UsageError, match=f"--ssl-trustfile {re.escape(str(forms.folder))}: "):
        trusting(server().load_verify_locations, str(forms.folder))
