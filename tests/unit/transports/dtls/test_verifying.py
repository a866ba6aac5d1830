"""The names in certificates: DNS names, wildcards, addresses."""

from __future__ import annotations

import datetime
import ipaddress

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pync.transports.dtls.verifying import is_of

KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(*names: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cn.example")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    general: list[x509.GeneralName] = []
    for name in names:
        try:
            general.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            general.append(x509.DNSName(name))
    if general:
        builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    return builder.sign(KEY, hashes.SHA256())


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (("a.example",), "a.example"),
        (("A.Example",), "a.EXAMPLE"),
        (("a.example",), "a.example."),
        (("b.example", "a.example"), "a.example"),
        (("*.example.org",), "a.example.org"),
        (("127.0.0.1",), "127.0.0.1"),
        (("::1",), "0:0:0:0:0:0:0:1"),
        (("xn--bcher-kva.example",), "b\u00fccher.example"),
    ],
)
def test_matching_names(names: tuple[str, ...], name: str) -> None:
    assert is_of(certificate(*names), name)


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ((), "cn.example"),
        (("a.example",), "cn.example"),
        (("a.example",), "b.a.example"),
        (("a.example",), "example"),
        (("*.example.org",), "example.org"),
        (("*.example.org",), "a.b.example.org"),
        (("*.example.org",), ".example.org"),
        (("*.org",), "example.org"),
        (("*",), "localhost"),
        (("a*.example.org",), "ab.example.org"),
        (("127.0.0.1",), "127.0.0.2"),
        (("127.0.0.1.example",), "127.0.0.1"),
        (("a.example",), "a" * 64 + ".example"),
        (("a.example",), ""),
    ],
)
def test_other_names_do_not_match(names: tuple[str, ...], name: str) -> None:
    assert not is_of(certificate(*names), name)
