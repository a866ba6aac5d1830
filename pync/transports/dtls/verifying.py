"""Check that a certificate is that of the requested server (RFC 9525). Pure.

OpenSSL verifies the chain. pyOpenSSL cannot compare names, so they are compared here, during the
handshake: a wrong server gets an alert, and no data.
"""

from __future__ import annotations

import ipaddress

from cryptography import x509

from ...core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto

#: OpenSSL's numbers (x509_vfy.h) of common errors, with its own texts, which the module ``ssl``
#: uses too.
_WRONG = {
    9: "certificate is not yet valid",
    10: "certificate has expired",
    18: "self-signed certificate",
    19: "self-signed certificate in certificate chain",
    20: "unable to get local issuer certificate",
    21: "unable to verify the first certificate",
    22: "certificate chain too long",
    23: "certificate revoked",
    24: "invalid CA certificate",
    26: "unsuitable certificate purpose",
    66: "EE certificate key too weak",
    67: "CA certificate key too weak",
    68: "CA signature digest algorithm too weak",
}


class Expected:
    """What one connection expects of its peer, and the result of the verification.

    Arguments:
        name: the name of the server; None: any.
    """

    def __init__(self, name: str | None) -> None:
        self.name = name
        #: Why the certificate was refused; "" if it was not.
        self.wrong = ""
        #: The peer's address, to which a cookie is bound.
        self.peer = b""


def verify(
    connection: SSL.Connection, certificate: crypto.X509, number: int, depth: int, right: int
) -> bool:
    """Return whether a certificate is valid; OpenSSL calls this for each certificate of a chain.

    The server's own certificate (depth 0) comes last.
    """
    expected = connection.get_app_data()
    assert isinstance(expected, Expected)
    if not right:
        expected.wrong = _WRONG.get(number, f"OpenSSL's error {number}")
        return False
    name = expected.name
    if depth > 0 or name is None or is_of(certificate.to_cryptography(), name):
        return True
    kind = "IP address" if _address(name) else "Hostname"
    expected.wrong = f"{kind} mismatch, certificate is not valid for '{name}'."
    return False


def is_of(certificate: x509.Certificate, name: str) -> bool:
    """Return whether a certificate names a host; its CN is not a host name (RFC 9525 2)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    address = _address(name)
    if address is not None:
        return address in names.get_values_for_type(x509.IPAddress)
    try:
        wanted = name.rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        return False
    return any(_fits(one.lower(), wanted) for one in names.get_values_for_type(x509.DNSName))


def _fits(pattern: str, name: str) -> bool:
    """Return whether a DNS-ID fits; a wildcard is the whole leftmost label (RFC 9525 6.3)."""
    if pattern.startswith("*."):
        label, dot, rest = name.partition(".")
        return bool(label and dot) and rest == pattern[2:] and "." in rest
    return pattern == name


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
