"""Loading certificates and keys from files: PEM, DER and PKCS#12 (cryptography), with clear errors.

``ssl`` reads PEM files only, and its errors name neither the file nor what is wrong with it.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable

from ...core.errors import UsageError
from ...core.typed import TYPE_CHECKING, NamedTuple, TypeVar
from ...layers.tls import explained

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

T = TypeVar("T")

#: Asks the user for the passphrase of a file. Raises OSError where there is no terminal.
Ask = Callable[[str], bytes]

#: The first byte of an ASN.1 file (DER, PKCS#12): a SEQUENCE.
_SEQUENCE = b"\x30"

#: Object identifiers in DER: of an encrypted key (PKCS#5), and of the parts of a PKCS#12 file.
_PBES2 = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"
_PKCS7 = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07"

_BEGIN = b"-----BEGIN "


class _Contents(NamedTuple):
    """A file's contents, and the option that names it."""

    option: str
    path: str
    data: bytes

    @property
    def shown(self) -> str:
        """The file's name at the start of an error line."""
        return f"{self.option} {self.path}"

    @property
    def is_pem(self) -> bool:
        return _BEGIN in self.data

    def holds(self, what: bytes) -> bool:
        """Return whether it is PEM with a block of this kind."""
        return any(line.startswith(_BEGIN) and what in line for line in self.data.splitlines())


def load_own(
    context: ssl.SSLContext, certificate: str, key: str | None, ask: Ask | None = None
) -> None:
    """Load our own certificate and its private key into a context.

    Arguments:
        certificate: the path of a file: PEM (including the key, if ``key`` is None), DER or
            PKCS#12.
        key: the path of the private key's file: PEM or DER.
        ask: called for the passphrase of an encrypted key.

    Raises UsageError, which says what is wrong and what to do.
    """
    shown = _read("--ssl-cert", certificate)
    proof = _read("--ssl-key", key) if key is not None else None
    if shown.is_pem and (proof is None or proof.is_pem):
        _check(shown, proof)
        _load(context, certificate, key, shown, proof, ask)
        return
    pem = _as_pem(shown, proof, ask)
    # ssl can load only files; this one is private, and removed at once.
    with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as file:
        file.write(pem)
    try:
        _load(context, file.name, None, shown, proof, None)
    finally:
        os.unlink(file.name)


def trusting(load: Callable[..., T], path: str) -> T:
    """Trust the certificates of a file (PEM or DER).

    Arguments:
        load: loads them; called with ``cafile`` or ``cadata``.

    Raises UsageError.
    """
    trusted = _read("--ssl-trustfile", path)
    try:
        if trusted.is_pem:
            return load(cafile=path)
        return load(cadata=trusted.data)
    except (OSError, ValueError):
        raise UsageError(f"{trusted.shown}: there is no certificate in it (PEM or DER)") from None


def _is_a_key(contents: _Contents) -> UsageError:
    return UsageError(
        f"{contents.shown}: this is a private key, not a certificate: give it as --ssl-key"
    )


def _read(option: str, path: str) -> _Contents:
    try:
        with open(path, "rb") as file:
            return _Contents(option, path, file.read())
    except (OSError, ValueError) as error:
        cause = explained(error) if isinstance(error, OSError) else str(error)
        raise UsageError(f"{option} {path}: {cause}") from None


def _check(certificate: _Contents, key: _Contents | None) -> None:
    if not certificate.holds(b"CERTIFICATE"):
        if certificate.holds(b"PRIVATE KEY"):
            raise _is_a_key(certificate)
        raise UsageError(f"{certificate.shown}: there is no certificate in it")
    if key is None and not certificate.holds(b"PRIVATE KEY"):
        raise UsageError(
            f"{certificate.shown}: there is no private key in it: give its file as --ssl-key"
        )
    if key is not None and key.is_pem and not key.holds(b"PRIVATE KEY"):
        raise UsageError(f"{key.shown}: there is no private key in it")


def _load(
    context: ssl.SSLContext,
    certificate: str,
    key: str | None,
    shown: _Contents,
    proof: _Contents | None,
    ask: Ask | None,
) -> None:
    """Load PEM files; errors contain the names of the user's files."""
    secret = proof or shown
    asked = False

    def passphrase() -> bytes:
        nonlocal asked
        asked = True
        return _passphrase(secret, ask)

    try:
        context.load_cert_chain(certificate, key, passphrase)
    except ssl.SSLError as error:
        fault = _fault(error, shown, secret)
        raise UsageError(f"{secret.shown}: wrong passphrase" if asked else fault) from None
    except OSError as error:
        raise UsageError(f"{shown.shown}: {explained(error)}") from None


def _fault(error: ssl.SSLError, shown: _Contents, secret: _Contents) -> str:
    reason = error.reason or str(error)
    if "MISMATCH" in reason:
        return f"{shown.shown}: the private key in {secret.path} is not this certificate's"
    if "TOO_SMALL" in reason or "TOO_WEAK" in reason:
        return f"{shown.shown}: {explained(error)}: OpenSSL refuses so weak a certificate"
    return f"{shown.shown}: the certificate or its key is damaged ({explained(error)})"


def _passphrase(secret: _Contents, ask: Ask | None) -> bytes:
    """Return the passphrase of an encrypted file. Raises UsageError without a terminal."""
    if ask is not None:
        try:
            return ask(f"Passphrase of {secret.path}: ")
        except OSError:
            pass  # no terminal
    raise UsageError(
        f"{secret.shown}: the private key is encrypted, and there is no terminal to ask for its "
        "passphrase on: decrypt it (openssl pkey -in FILE -out NEW)"
    )


# Files that are not PEM.


def _as_pem(certificate: _Contents, key: _Contents | None, ask: Ask | None) -> bytes:
    """Return key and certificates as PEM, from files of which at least one is not PEM."""
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise UsageError(
            f"{(key or certificate).shown}: this is not PEM; other forms need cryptography: "
            "pip install cryptography"
        ) from None
    if certificate.is_pem:
        _check(certificate, key)
        assert key is not None
        found, certificates = _key(key, ask), certificate.data
    elif certificate.data.startswith(_SEQUENCE):
        proof, several = _binary(certificate, key, ask)
        found = proof
        certificates = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in several)
    else:
        raise UsageError(
            f"{certificate.shown}: this is not a certificate (PEM, DER and PKCS#12 are read)"
        )
    return certificates + found.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _binary(
    contents: _Contents, key: _Contents | None, ask: Ask | None
) -> tuple[PrivateKeyTypes, list[Certificate]]:
    """Return key and certificates from DER (and the key's own file) or PKCS#12."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(contents.data)
    except ValueError:
        return _bundle(contents, key, ask)
    if key is None:
        raise UsageError(
            f"{contents.shown}: this is a certificate alone (DER): give its key's file as --ssl-key"
        )
    return _key(key, ask), [certificate]


def _bundle(
    contents: _Contents, key: _Contents | None, ask: Ask | None
) -> tuple[PrivateKeyTypes, list[Certificate]]:
    """Return key and certificates from PKCS#12."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    def load(passphrase: bytes | None) -> tuple[PrivateKeyTypes | None, list[Certificate]]:
        found, own, others = pkcs12.load_key_and_certificates(contents.data, passphrase)
        return found, [*([own] if own is not None else []), *others]

    for passphrase in (None, b""):
        try:
            found, certificates = load(passphrase)
            break
        except ValueError:
            continue
    else:
        if _PKCS7 not in contents.data:
            if _is_key(contents.data):
                raise _is_a_key(contents)
            raise UsageError(
                f"{contents.shown}: this is not a certificate (PEM, DER and PKCS#12 are read)"
            )
        typed = _passphrase(contents, ask)
        try:
            found, certificates = load(typed)
        except ValueError:
            raise UsageError(f"{contents.shown}: wrong passphrase, or damaged (PKCS#12)") from None
    if key is not None:
        found = _key(key, ask)
    if found is None:
        raise UsageError(
            f"{contents.shown}: there is no private key in it (PKCS#12): give its file as --ssl-key"
        )
    if not certificates:
        raise UsageError(f"{contents.shown}: there is no certificate in it (PKCS#12)")
    return found, certificates


def _key(contents: _Contents, ask: Ask | None) -> PrivateKeyTypes:
    from cryptography.hazmat.primitives.serialization import (
        load_der_private_key,
        load_pem_private_key,
    )

    load = load_pem_private_key if contents.is_pem else load_der_private_key
    encrypted = b"ENCRYPTED" in contents.data or _PBES2 in contents.data
    passphrase = _passphrase(contents, ask) if encrypted else None
    try:
        return load(contents.data, passphrase)
    except (TypeError, ValueError):
        wrong = "wrong passphrase" if encrypted else "there is no private key in it"
        raise UsageError(f"{contents.shown}: {wrong}, or it is damaged") from None


def _is_key(data: bytes) -> bool:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        load_der_private_key(data, None)
    except (TypeError, ValueError):
        return _PBES2 in data
    return True
