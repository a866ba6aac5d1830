"""SOCKS, the server's side: versions 4, 4a and 5 (RFC 1928, RFC 1929). Pure.

The handshake accepts all these versions, and ends when the client has sent its target. granted()
and refused() then return the answer in the client's version. Only CONNECT is supported: BIND and
UDP ASSOCIATE are refused according to RFC 1928 6.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from hmac import compare_digest

from ..core.typed import NamedTuple
from .handshake import Exactly, Handshake, HandshakeError, Line, Pause, Send
from .socks import encoded

#: The cause of a failed dial, in the words of errors.py -> reply of SOCKS 5 (RFC 1928 6).
#: There is no reply for a time-out; 6 is for an expired TTL.
_REPLIES5 = {
    "not allowed": 2,
    "network is unreachable": 3,
    "no route to host": 4,
    "timed out": 4,
    "connection refused": 5,
}

#: Other replies of SOCKS 5.
_GRANTED, _GENERAL, _UNRESOLVED, _NO_COMMAND, _NO_ADDRESS = 0, 1, 4, 7, 8

#: Replies of SOCKS 4.
_GRANTED4, _REJECTED4 = 90, 91

_CONNECT = 1

#: The greeting of a client of version 5 that offers no authentication only, and its answer.
GREETING, GREETED = b"\5\1\0", b"\5\0"
_NO_AUTHENTICATION, _PASSWORD, _NONE_FITS = 0, 2, 0xFF
_SIZES = {1: 4, 4: 16}

#: The limit of bytes for user and host in SOCKS 4, which end with a NUL; in SOCKS 5 one byte has
#: the size.
_LONGEST = 256

#: Seconds before a wrong password is refused.
PENALTY = 1.0


class Asked(NamedTuple):
    """The target that a client asks for, and the version of its request."""

    version: int
    host: str
    port: int


#: Returns whether user and password are accepted.
Admits = Callable[[bytes, bytes], bool]


def names(user: str, password: str) -> Admits:
    """Return the check for this user and this password."""

    def admits(given_user: bytes, given_password: bytes) -> bool:
        # Compare both, in constant time: the client must not learn which one was wrong.
        fits = compare_digest(given_user, encoded(user))
        return fits & compare_digest(given_password, encoded(password))

    return admits


def serve(
    admits: Admits | None = None,
    versions: tuple[int, ...] = (4, 5),
    delay: Callable[[], float] = lambda: PENALTY,
) -> Handshake[Asked]:
    """Receive the request of a client.

    Arguments:
        admits: checks user and password, which are required then; SOCKS 4 has no password, and
            is refused. None: they are not required.
        versions: the versions to accept.
        delay: returns the seconds before a wrong password is refused.

    Raises HandshakeError, after telling the client the reason where the protocol can.
    """
    # (Both versions send more in any case: read as many bytes as will certainly come.)
    version, second = yield Exactly(2)
    if version not in versions:
        raise HandshakeError("the client does not speak SOCKS")
    if version == 4:
        return (yield from _serve4(admits, second))
    return (yield from _serve5(admits, delay, second))


def granted(asked: Asked, host: str, port: int) -> bytes:
    """Return the answer for a connection that was made; host and port are our address."""
    if asked.version == 4:
        return _answer4(_GRANTED4)
    if ":" in host:
        return _answer5(_GRANTED, ipaddress.IPv6Address(host.partition("%")[0]).packed, port)
    return _answer5(_GRANTED, bytes(map(int, host.split("."))), port)


def refused(asked: Asked, cause: str, resolved: bool = True) -> bytes:
    """Return the answer for a connection that was not made.

    Arguments:
        cause: the cause of the error.
        resolved: whether the name had an address.
    """
    if asked.version == 4:
        return _answer4(_REJECTED4)
    return _answer5(_REPLIES5.get(cause, _GENERAL) if resolved else _UNRESOLVED)


def _serve5(admits: Admits | None, delay: Callable[[], float], count: int) -> Handshake[Asked]:
    methods = yield Exactly(count)
    method = _NO_AUTHENTICATION if admits is None else _PASSWORD
    if method not in methods:
        yield Send(bytes([5, _NONE_FITS]))
        raise HandshakeError("the client offers no method of authentication that is served")
    yield Send(bytes([5, method]))
    if admits is not None:
        yield from _authenticate(admits, delay)
    return (yield from request5())


def request5() -> Handshake[Asked]:
    """Receive the request of a client of version 5 that was greeted. Raises HandshakeError."""
    # The last of these bytes is the first one of an address, or the length of a name.
    version, command, _, kind, first = yield Exactly(5)
    if version != 5:
        raise HandshakeError("the client does not speak SOCKS 5")
    if kind != 3 and kind not in _SIZES:
        yield Send(_answer5(_NO_ADDRESS))
        raise HandshakeError(f"the client names an address of type {kind}")
    rest = yield Exactly((first if kind == 3 else _SIZES[kind] - 1) + 2)
    address = rest[:-2] if kind == 3 else bytes([first]) + rest[:-2]
    port = int.from_bytes(rest[-2:], "big")
    if command != _CONNECT:
        yield Send(_answer5(_NO_COMMAND))
        raise HandshakeError(f"command {command} is not served")
    host = _name(address) if kind == 3 else _numeric(address)
    if host is None:
        yield Send(_answer5(_GENERAL))
        raise HandshakeError("the client names no host")
    return Asked(5, host, port)


def _authenticate(admits: Admits, delay: Callable[[], float]) -> Handshake[None]:
    """Check user and password (RFC 1929); a failure ends the handshake, as in the RFC."""
    version, size = yield Exactly(2)
    user = yield Exactly(size)
    (size,) = yield Exactly(1)
    password = yield Exactly(size)
    if version != 1 or not admits(user, password):
        yield Pause(delay())
        yield Send(b"\1\1")
        raise HandshakeError("the user or the password is wrong")
    yield Send(b"\1\0")


def _serve4(admits: Admits | None, command: int) -> Handshake[Asked]:
    asked = yield Exactly(6)
    port, address = int.from_bytes(asked[:2], "big"), asked[2:]
    yield Line(_LONGEST, b"\0")
    host: str | None = _numeric(address)
    if address[:3] == bytes(3) and address[3]:
        # 4a: an invalid address means that a name follows.
        host = _name((yield Line(_LONGEST, b"\0"))[:-1])
    if admits is None and command == _CONNECT and host is not None:
        return Asked(4, host, port)
    yield Send(_answer4(_REJECTED4))
    if admits is not None:
        raise HandshakeError("SOCKS 4 has no password")
    if command != _CONNECT:
        raise HandshakeError(f"command {command} is not served")
    raise HandshakeError("the client names no host")


def _numeric(address: bytes) -> str:
    """Return the text form of an address of 4 or 16 bytes."""
    if len(address) == 4:
        return ".".join(map(str, address))  # (ipaddress takes ten times as long)
    return str(ipaddress.IPv6Address(address))


def _name(data: bytes) -> str | None:
    """Return a host's name, or None if it is invalid: messages and the resolver will use it."""
    try:
        name = data.decode()
    except UnicodeDecodeError:
        return None
    return name if name and name.isprintable() and " " not in name else None


def _answer5(reply: int, address: bytes = bytes(4), port: int = 0) -> bytes:
    kind = 1 if len(address) == 4 else 4
    return bytes([5, reply, 0, kind]) + address + port.to_bytes(2, "big")


def _answer4(reply: int) -> bytes:
    # The address and the port after the reply have a meaning for BIND only.
    return bytes([0, reply]) + bytes(6)
