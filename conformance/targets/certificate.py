"""A temporary certificate for servers that the suite starts over TLS.

Each process of the suite makes it once, with openssl or the package cryptography, and removes it
at its end. It is valid for localhost and both loopback addresses.
"""

from __future__ import annotations

import functools
import ipaddress
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from ..core.verdict import NotJudged
from .scratch import new_folder
from .users import give

#: Days of validity.
DAYS = 2

_OPENSSL = [
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    *("-nodes", "-days", str(DAYS), "-subj", "/CN=localhost"),
    *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"),
]


class Certificate(NamedTuple):
    """The paths of two PEM files: the certificate and its key."""

    cert: str
    key: str


@functools.lru_cache(maxsize=1)
def certificate() -> Certificate:
    """Return the certificate of this run.

    Raises NotJudged if no certificate can be made here.
    """
    folder = new_folder()
    made = Certificate(str(folder / "cert.pem"), str(folder / "key.pem"))
    if not (_by_openssl(made) or _by_cryptography(made)):
        raise NotJudged("no certificate can be made here (openssl, or Python's cryptography)")
    for one in made:
        give(one)
    return made


def _by_openssl(made: Certificate) -> bool:
    if shutil.which("openssl") is None:
        return False
    argv = [*_OPENSSL, "-keyout", made.key, "-out", made.cert]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=60)
    return done.returncode == 0


def _by_cryptography(made: Certificate) -> bool:
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError:
        return False
    import datetime

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    addresses = [ipaddress.ip_address(text) for text in ("127.0.0.1", "::1")]
    names = [x509.DNSName("localhost"), *map(x509.IPAddress, addresses)]
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    Path(made.key).write_bytes(secret)
    Path(made.cert).write_bytes(cert.public_bytes(pem))
    return True
