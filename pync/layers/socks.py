"""SOCKS, the client's side: versions 4, 4a and 5 (RFC 1928, RFC 1929). Pure.

Version 4 is Ying-Da Lee's memo of 1992; with 4a the proxy looks the name up.
"""

from __future__ import annotations

import ipaddress

from .handshake import Exactly, Handshake, HandshakeError, Send

#: Replies of SOCKS 5 (RFC 1928 6).
REPLIES5 = {
    1: "general failure",
    2: "not allowed by the proxy's rules",
    3: "network is unreachable",
    4: "no route to host",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}

#: Replies of SOCKS 4.
REPLIES4 = {
    91: "request rejected or failed",
    92: "the proxy cannot reach our identd",
    93: "our identd names somebody else",
}

_NO_AUTHENTICATION, _PASSWORD, _NONE_FITS = 0, 2, 0xFF

#: Address type -> the bytes of the address.
_SIZES = {1: 4, 4: 16}


def connect5(
    host: str, port: int, user: str | None = None, password: str | None = ""
) -> Handshake[None]:
    """Ask a SOCKS 5 proxy for a connection.

    Arguments:
        password: None: there is none, and a proxy that requires it cannot be used.

    Raises HandshakeError.
    """
    methods = bytes([_NO_AUTHENTICATION] if user is None else [_NO_AUTHENTICATION, _PASSWORD])
    yield Send(bytes([5, len(methods)]) + methods)
    version, method = yield Exactly(2)
    if version != 5:
        raise HandshakeError("the proxy does not speak SOCKS 5", "socks5/version")
    if method == _PASSWORD and user is not None:
        yield from _authenticate(user, password)
    elif method != _NO_AUTHENTICATION:
        if method == _NONE_FITS:
            raise HandshakeError("the proxy asks for a user and a password", "socks5/methods")
        raise HandshakeError("the proxy accepts none of the login methods of pync", "socks5/method")
    yield Send(b"\5\1\0" + _address(host) + port.to_bytes(2, "big"))
    version, reply, _, kind = yield Exactly(4)
    if version != 5:
        raise HandshakeError("the proxy does not speak SOCKS 5", "socks5/version")
    if reply:
        cause = REPLIES5.get(reply, f"reply {reply}")
        raise HandshakeError(f"proxy: {cause}", f"socks5/{reply}")
    if kind == 3:
        (size,) = yield Exactly(1)
    elif kind in _SIZES:
        size = _SIZES[kind]
    else:
        raise HandshakeError(f"the proxy names an address of type {kind}", "socks5/address")
    yield Exactly(size + 2)


def connect4(host: str, port: int, user: str | None = None) -> Handshake[None]:
    """Ask a SOCKS 4 proxy for a connection; a name is sent by 4a.

    Raises HandshakeError.
    """
    try:
        address, name = ipaddress.IPv4Address(host).packed, b""
    except ValueError:
        if ":" in host:
            raise HandshakeError("SOCKS 4 does not support IPv6") from None
        # The invalid address 0.0.0.x means that a name follows.
        address, name = bytes([0, 0, 0, 1]), _without_nul(_name(host, 4), "host") + b"\0"
    identity = _without_nul(encoded(user or ""), "user") + b"\0"
    yield Send(b"\4\1" + port.to_bytes(2, "big") + address + identity + name)
    answer = yield Exactly(8)
    if answer[0] != 0:
        raise HandshakeError("the proxy does not speak SOCKS 4", "socks4/version")
    if answer[1] != 90:
        cause = REPLIES4.get(answer[1], f"reply {answer[1]}")
        raise HandshakeError(f"proxy: {cause}", f"socks4/{answer[1]}")


def _authenticate(user: str, password: str | None) -> Handshake[None]:
    """Send user and password (RFC 1929)."""
    if password is None:
        raise HandshakeError("the proxy asks for a password", "socks5/credentials")
    name, secret = encoded(user), encoded(password)
    if max(len(name), len(secret)) > 255:
        raise HandshakeError("user and password may have up to 255 bytes each")
    yield Send(bytes([1, len(name)]) + name + bytes([len(secret)]) + secret)
    answer = yield Exactly(2)
    if answer[1]:
        raise HandshakeError("the proxy refuses the user or the password", "socks5/password")


def _address(host: str) -> bytes:
    try:
        literal = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        name = _name(host, 5)
        return bytes([3, len(name)]) + name
    return bytes([1 if literal.version == 4 else 4]) + literal.packed


def _name(host: str, version: int) -> bytes:
    """Return a host's name in the form to send: in ASCII (RFC 5890), of up to 255 bytes."""
    try:
        name = host.encode() if host.isascii() else host.encode("idna")
    except UnicodeError:
        name = b""
    if not 0 < len(name) < 256:
        raise HandshakeError(f"{host!r} is not a name for SOCKS {version}")
    return name


def encoded(text: str) -> bytes:
    """Return typed text as bytes; it may not have been valid UTF-8 (PEP 383)."""
    return text.encode("utf-8", "surrogateescape")


def _without_nul(data: bytes, what: str) -> bytes:
    if b"\0" in data:
        raise HandshakeError(f"the {what} holds a NUL")
    return data
