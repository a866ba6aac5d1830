"""STARTTLS of protocols with binary messages: PostgreSQL, MySQL, LDAP. Pure.

The client's side; starttls.py has the protocols with lines.
"""

from __future__ import annotations

from .handshake import Exactly, Handshake, HandshakeError, Send

#: The limit of bytes of an answer.
MOST = 64 * 1024

#: PostgreSQL's SSLRequest: a length, and a number in place of the version.
_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")

#: MySQL's capabilities: the password's form, protocol 4.1, TLS, 20 bytes of salt, plugins.
_CLIENT_SSL = 0x0800
_CAPABILITIES = 0x0001 | 0x0200 | _CLIENT_SSL | 0x8000 | 0x80000
_UTF8MB4, _MOST_PACKET = 45, 16 * 1024 * 1024

#: LDAP: ExtendedRequest and its requestName, ExtendedResponse; BER's SEQUENCE, INTEGER and so on.
_OID = b"1.3.6.1.4.1.1466.20037"
_EXTENDED_REQUEST, _REQUEST_NAME, _EXTENDED_RESPONSE = 0x77, 0x80, 0x78
_SEQUENCE, _INTEGER, _ENUMERATED = 0x30, 0x02, 0x0A

_NOT_OFFERED = "the server does not offer TLS"


def postgres(_name: str) -> Handshake[None]:
    """Start TLS in PostgreSQL ("Frontend/Backend Protocol", SSL Session Encryption)."""
    yield Send(_SSL_REQUEST)
    answer = yield Exactly(1)
    if answer == b"N":
        raise HandshakeError(_NOT_OFFERED)
    if answer != b"S":
        said = answer.decode("latin-1")
        raise HandshakeError(f"the server does not speak PostgreSQL: it answered {said!r}")


def mysql(_name: str) -> Handshake[None]:
    """Start TLS in MySQL ("Connection Phase", the SSL Connection Request Packet)."""
    header = yield Exactly(4)
    size, number = int.from_bytes(header[:3], "little"), header[3]
    if not 0 < size <= MOST:
        raise HandshakeError("the server does not speak MySQL")
    greeting = yield Exactly(size)
    if greeting[0] == 0xFF:
        said = greeting[3:].decode("utf-8", "backslashreplace")
        raise HandshakeError(f"the server refuses: {said[:100]!r}")
    # After the version's text: thread (4), salt (8), filler (1), the lower capabilities (2).
    _, end, rest = greeting[1:].partition(b"\0")
    if greeting[0] != 10 or not end or len(rest) < 15:
        raise HandshakeError("the server does not speak MySQL")
    if not int.from_bytes(rest[13:15], "little") & _CLIENT_SSL:
        raise HandshakeError(_NOT_OFFERED)
    payload = _CAPABILITIES.to_bytes(4, "little") + _MOST_PACKET.to_bytes(4, "little")
    payload += bytes([_UTF8MB4]) + bytes(23)
    yield Send(len(payload).to_bytes(3, "little") + bytes([(number + 1) & 0xFF]) + payload)


def ldap(_name: str) -> Handshake[None]:
    """Start TLS in LDAP (RFC 4511 4.14), in the BER of its section 5.1."""
    wanted = bytes([_REQUEST_NAME, len(_OID)]) + _OID
    request = bytes([_INTEGER, 1, 1, _EXTENDED_REQUEST, len(wanted)]) + wanted
    yield Send(bytes([_SEQUENCE, len(request)]) + request)
    body = yield from _message()
    kind, _, rest = _element(body)
    if kind != _INTEGER:
        raise _not_ldap()
    kind, response, _ = _element(rest)
    if kind != _EXTENDED_RESPONSE:
        raise _not_ldap()
    kind, result, rest = _element(response)
    if kind != _ENUMERATED:
        raise _not_ldap()
    code = int.from_bytes(result, "big")
    if code:
        _, _, rest = _element(rest)  # matchedDN
        said = _element(rest)[1].decode("utf-8", "backslashreplace")
        raise HandshakeError(f"the server does not begin TLS: LDAP result {code} ({said[:100]})")


def _message() -> Handshake[bytes]:
    kind, size = yield Exactly(2)
    if kind != _SEQUENCE:
        raise _not_ldap()
    if size & 0x80:
        width = size & 0x7F
        if not 0 < width <= 4:
            raise _not_ldap()
        size = int.from_bytes((yield Exactly(width)), "big")
    if not 0 < size <= MOST:
        raise _not_ldap()
    return (yield Exactly(size))


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Return the first element's tag, contents, and the bytes after it. Raises HandshakeError."""
    if len(data) < 2:
        raise _not_ldap()
    size, start = data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    if len(data) < start + size:
        raise _not_ldap()
    return data[0], data[start : start + size], data[start + size :]


def _not_ldap() -> HandshakeError:
    return HandshakeError("the server does not speak LDAP")
