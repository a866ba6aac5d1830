"""A listener's self-signed certificate, new at each start, and descriptions (cryptography)."""

from __future__ import annotations

import os
import ssl
import tempfile

from ...core.errors import UsageError
from ...core.typed import NamedTuple

#: Seconds of validity before and after now: clocks differ, and listeners run long.
_BEFORE, _AFTER = 3600, 365 * 24 * 3600


def use_self_made(context: ssl.SSLContext) -> None:
    """Load a new self-signed certificate into a listener's context.

    Raises UsageError when cryptography is not installed.
    """
    with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as file:
        file.write(self_made())
    try:
        # ssl can load only files; this one is private, and removed at once.
        context.load_cert_chain(file.name)
    finally:
        os.unlink(file.name)


def self_made(name: str = "localhost") -> bytes:
    """Return a private key and a self-signed certificate (PEM)."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError:
        raise UsageError(
            "a certificate of our own needs cryptography: pip install cryptography, "
            "or give --ssl-cert and --ssl-key"
        ) from None
    import datetime

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(seconds=_BEFORE))
        .not_valid_after(now + datetime.timedelta(seconds=_AFTER))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)


class Described(NamedTuple):
    """The parts of a certificate that users want to see; empty where unknown."""

    subject: str = ""
    issuer: str = ""
    expires: str = ""


def described(certificate: bytes) -> Described:
    """Describe a certificate (DER); empty without cryptography, or if it is malformed."""
    try:
        from cryptography import x509
    except ImportError:
        return Described()
    import warnings

    try:
        with warnings.catch_warnings():
            # cryptography warns about unusual certificates (serial numbers, names).
            warnings.simplefilter("ignore")
            parsed = x509.load_der_x509_certificate(certificate)
            names = parsed.subject.rfc4514_string(), parsed.issuer.rfc4514_string()
            # (not_valid_after_utc is new in cryptography 42.)
            expires = getattr(parsed, "not_valid_after_utc", None) or parsed.not_valid_after
    except ValueError:
        return Described()
    return Described(*names, f"{expires:%Y-%m-%d}")
