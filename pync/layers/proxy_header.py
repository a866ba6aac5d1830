"""The PROXY protocol: a header in which a proxy names the client, before the client's first byte.

Versions 1 (a line of text) and 2 (binary) of HAProxy's proxy-protocol.txt. encode() makes the
header of one connection; receive() is the handshake of the other side, which reads nothing after
the header.
"""

from __future__ import annotations

import ipaddress
import struct

from ..core.address import Address, without_zone
from ..core.number import is_digits, whole
from ..core.typed import NamedTuple
from .handshake import Exactly, Handshake, HandshakeError, Line

#: Section 2.2: the start of version 2, which a line of text cannot have.
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"

#: Section 2.1: the longest line of version 1, with its CR LF.
LONGEST_LINE = 107

#: The limit of bytes after the first 16 of version 2; the addresses have up to 216, and
#: certificates of clients may follow them.
LONGEST_REST = 16 * 1024

_FIXED = struct.Struct("!BBH")
_VERSION_2, _LOCAL, _PROXY = 0x20, 0, 1

#: Protocol and family of a TCP or Unix stream; 0 is neither.
_TCP4, _TCP6, _UNIX = 0x11, 0x21, 0x31

#: Family -> the bytes of its two addresses and their ports.
_SIZES = {1: 12, 2: 36, 3: 216}
_PATH = 108

#: The type of the checksum, whose own 4 bytes count as zero (section 2.2.3, CRC32c).
_CRC32C = 0x03


class Named(NamedTuple):
    """The addresses in a header; None: use those of the connection itself."""

    peer: Address | None = None
    local: Address | None = None


def encode(version: str, peer: Address, local: Address) -> bytes:
    """Return the header of a connection.

    Arguments:
        version: ``v1`` or ``v2``.
        peer, local: the client's address, and the one that it has connected to.
    """
    return _text(peer, local) if version == "v1" else _binary(peer, local)


def _text(peer: Address, local: Address) -> bytes:
    ends = _internet(peer, local)
    if ends is None:
        return b"PROXY UNKNOWN\r\n"
    source, target = ends
    family = f"TCP{source.version}"
    return f"PROXY {family} {source} {target} {peer.service} {local.service}\r\n".encode()


def _binary(peer: Address, local: Address) -> bytes:
    ends = _internet(peer, local)
    if ends is not None:
        source, target = ends
        ports = struct.pack("!HH", int(peer.service), int(local.service))
        return _with_head(
            _TCP4 if source.version == 4 else _TCP6, source.packed + target.packed + ports
        )
    if peer.scheme == "unix":
        return _with_head(_UNIX, _path_of(peer) + _path_of(local))
    return _with_head(0, b"")


def _with_head(family: int, rest: bytes) -> bytes:
    return SIGNATURE + _FIXED.pack(_VERSION_2 | _PROXY, family, len(rest)) + rest


def _path_of(address: Address) -> bytes:
    # An abstract name starts with NUL, which an Address has as @.
    path = address.path.encode("utf-8", "surrogateescape")
    return (b"\0" + path[1:] if path.startswith(b"@") else path)[:_PATH].ljust(_PATH, b"\0")


_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def _internet(peer: Address, local: Address) -> tuple[_Ip, _Ip] | None:
    """Return the addresses of a connection; None unless both hosts are of one IP family."""
    try:
        source, target = (ipaddress.ip_address(without_zone(one.host)) for one in (peer, local))
    except ValueError:
        return None
    numbered = is_digits(peer.service) and is_digits(local.service)
    return (source, target) if source.version == target.version and numbered else None


def receive() -> Handshake[Named]:
    """Receive a header of either version. Raises HandshakeError for anything else."""
    first = yield Exactly(len(SIGNATURE))
    if first == SIGNATURE:
        fixed = yield Exactly(_FIXED.size)
        command, family, size = _FIXED.unpack(fixed)
        if command & 0xF0 != _VERSION_2 or command & 0x0F not in (_LOCAL, _PROXY):
            raise HandshakeError(f"PROXY protocol: unknown version and command 0x{command:02x}")
        if size > LONGEST_REST:
            raise HandshakeError(f"PROXY protocol: a header of {size} bytes is too long")
        rest = (yield Exactly(size)) if size else b""
        return _from_binary(command, family, first + fixed + rest)
    if not first.startswith(b"PROXY "):
        raise HandshakeError("PROXY protocol: there is no header")
    line = first
    if not line.endswith(b"\n"):
        line += yield Line(LONGEST_LINE - len(first), name="PROXY header")
    return _from_text(line)


def _from_text(line: bytes) -> Named:
    wrong = HandshakeError("PROXY protocol: the header makes no sense")
    if not line.endswith(b"\r\n") or b"\n" in line[:-1]:
        raise wrong
    words = line[:-2].decode("latin-1").split(" ")
    if words[1] == "UNKNOWN":
        return Named()  # the rest of the line must be ignored
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise wrong
    kind = ipaddress.IPv4Address if words[1] == "TCP4" else ipaddress.IPv6Address
    ends = []
    for host, port in zip(words[2:4], words[4:6]):
        number = whole(port, 65535)
        # Section 2.1: no leading zeros, which other parsers could read as octal.
        if number is None or str(number) != port or "%" in host:
            raise wrong
        try:
            ends.append(Address("tcp", str(kind(host)), port))
        except ValueError:
            raise wrong from None
    return Named(*ends)


def _from_binary(command: int, family: int, header: bytes) -> Named:
    body = header[len(SIGNATURE) + _FIXED.size :]
    kind = family >> 4
    if command & 0x0F == _LOCAL or kind not in _SIZES:
        return Named()  # a health check of the proxy itself, or an unknown family
    if len(body) < _SIZES[kind]:
        raise HandshakeError("PROXY protocol: the header ends in its addresses")
    _check_sum(header, len(header) - len(body) + _SIZES[kind])
    if kind == 3:
        return Named(_unix(body[:_PATH]), _unix(body[_PATH : 2 * _PATH]))
    width = 4 if kind == 1 else 16
    source, target = body[:width], body[width : 2 * width]
    ports = struct.unpack_from("!HH", body, 2 * width)
    return Named(
        Address("tcp", str(ipaddress.ip_address(source)), str(ports[0])),
        Address("tcp", str(ipaddress.ip_address(target)), str(ports[1])),
    )


def _unix(path: bytes) -> Address:
    shown = b"@" + path[1:] if path[:1] == b"\0" and path.strip(b"\0") else path
    return Address("unix", path=shown.rstrip(b"\0").decode("utf-8", "surrogateescape"))


def _check_sum(header: bytes, at: int) -> None:
    """Verify the checksum, if there is one. Raises HandshakeError."""
    while at + 3 <= len(header):
        kind, size = header[at], int.from_bytes(header[at + 1 : at + 3], "big")
        value = header[at + 3 : at + 3 + size]
        if len(value) < size:
            raise HandshakeError("PROXY protocol: the header ends in a value")
        if kind == _CRC32C:
            zeroed = header[: at + 3] + bytes(size) + header[at + 3 + size :]
            if size != 4 or int.from_bytes(value, "big") != crc32c(zeroed):
                raise HandshakeError("PROXY protocol: the checksum of the header is wrong")
        at += 3 + size


def crc32c(data: bytes) -> int:
    """Return the checksum of RFC 4960, appendix B."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
