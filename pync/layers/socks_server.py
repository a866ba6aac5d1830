"""SOCKS from the server's side: versions 4, 4a and 5 (RFC 1928, RFC 1929). Pure.

One handshake takes whichever version the client speaks, and ends when the client has said
where it wants to go. How that went is told in that version's words by granted and refused.
Only CONNECT is served: BIND and UDP ASSOCIATE are refused as RFC 1928 6 has it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from hmac import compare_digest
from typing import NamedTuple

from .handshake import Exactly, Handshake, HandshakeError, Line, Pause, Send
from .socks import encoded

#: Why a target was not reached, as errors.py words it -> reply of SOCKS 5 (RFC 1928 6).
#: There is none for a time-out, and 6 is the TTL's.
_REPLIES5 = {
    "not allowed": 2,
    "network is unreachable": 3,
    "no route to host": 4,
    "timed out": 4,
    "connection refused": 5,
}

#: Replies of SOCKS 5 that this side gives of its own accord.
_GRANTED, _GENERAL, _UNRESOLVED, _NO_COMMAND, _NO_ADDRESS = 0, 1, 4, 7, 8

#: Replies of SOCKS 4.
_GRANTED4, _REJECTED4 = 90, 91

_CONNECT = 1
_NO_AUTHENTICATION, _PASSWORD, _NONE_FITS = 0, 2, 0xFF
_SIZES = {1: 4, 4: 16}

#: Bytes of a user's name and of a host's that SOCKS 4 ends by a NUL; SOCKS 5 has a byte for
#: the size.
_LONGEST = 256

#: Seconds before a wrong password is refused.
PENALTY = 1.0


class Asked(NamedTuple):
    """Where a client wants to go, and in which version it said so."""

    version: int
    host: str
    port: int


#: Whether a user may come with this password.
Admits = Callable[[bytes, bytes], bool]


def names(user: str, password: str) -> Admits:
    """What admits this user, with this password."""

    def admits(given_user: bytes, given_password: bytes) -> bool:
        # Both are compared, and in constant time: the client must not learn which one was
        # wrong.
        fits = compare_digest(given_user, encoded(user))
        return fits & compare_digest(given_password, encoded(password))

    return admits


def serve(
    admits: Admits | None = None,
    versions: tuple[int, ...] = (4, 5),
    delay: Callable[[], float] = lambda: PENALTY,
) -> Handshake[Asked]:
    """Hear what a client asks for.

    Arguments:
        admits: judges the user and the password that it must name; SOCKS 4 has no password,
            and is refused. None: it need not name any.
        versions: which to speak.
        delay: the seconds before a wrong password is refused.

    Raises HandshakeError; the client has been told why by then, if it can be.
    """
    # (Of both versions more follows in any case: as much is read at once as is known to come.)
    version, second = yield Exactly(2)
    if version not in versions:
        raise HandshakeError("the client does not speak SOCKS")
    if version == 4:
        return (yield from _serve4(admits, second))
    return (yield from _serve5(admits, delay, second))


def granted(asked: Asked, host: str, port: int) -> bytes:
    """Return the answer for a connection that was made, from this address of ours."""
    if asked.version == 4:
        return _answer4(_GRANTED4)
    address = ipaddress.ip_address(host.partition("%")[0])
    return _answer5(_GRANTED, address.packed, port)


def refused(asked: Asked, cause: str, resolved: bool = True) -> bytes:
    """Return the answer for a connection that was not made.

    Arguments:
        cause: why, as an error has it.
        resolved: whether the name had an address at all.
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
    # The first byte of an address, or how long the name is.
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
    host = _name(address) if kind == 3 else str(ipaddress.ip_address(address))
    if host is None:
        yield Send(_answer5(_GENERAL))
        raise HandshakeError("the client names no host")
    return Asked(5, host, port)


def _authenticate(admits: Admits, delay: Callable[[], float]) -> Handshake[None]:
    """RFC 1929. Who fails is let go: the RFC has no second try."""
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
    host: str | None = str(ipaddress.ip_address(address))
    if address[:3] == bytes(3) and address[3]:
        # 4a: an address that no host has says that a name follows.
        host = _name((yield Line(_LONGEST, b"\0"))[:-1])
    if admits is None and command == _CONNECT and host is not None:
        return Asked(4, host, port)
    yield Send(_answer4(_REJECTED4))
    if admits is not None:
        raise HandshakeError("SOCKS 4 has no password")
    if command != _CONNECT:
        raise HandshakeError(f"command {command} is not served")
    raise HandshakeError("the client names no host")


def _name(data: bytes) -> str | None:
    """Return a host's name, unless it can be none: it goes into messages and to the resolver."""
    try:
        name = data.decode()
    except UnicodeDecodeError:
        return None
    return name if name and name.isprintable() and " " not in name else None


def _answer5(reply: int, address: bytes = bytes(4), port: int = 0) -> bytes:
    kind = 1 if len(address) == 4 else 4
    return bytes([5, reply, 0, kind]) + address + port.to_bytes(2, "big")


def _answer4(reply: int) -> bytes:
    # The address and the port that follow say something for BIND only.
    return bytes([0, reply]) + bytes(6)
