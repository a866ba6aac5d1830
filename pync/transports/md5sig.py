"""Signed segments: RFC 2385's TCP MD5 option, as Linux has it (tcp(7), linux/tcp.h).

Both sides need the same key; a segment with a wrong signature, or none, is dropped. A
client binds the key to its peer's address, a listener to every address of the family.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys

#: Constants of linux/tcp.h that the socket module does not define.
_TCP_MD5SIG = 14
_TCP_MD5SIG_EXT = 32
_FLAG_PREFIX = 1

#: The longest key in bytes (TCP_MD5SIG_MAXKEYLEN).
LONGEST = 80

#: struct tcp_md5sig: sockaddr_storage, flags, prefix length, key length, interface, key.
_STRUCT = struct.Struct("=128sBBHi80s")


def sign(sock: socket.socket, key: bytes, peer: tuple[object, ...] | None) -> None:
    """Sign the segments sent, and require a signature on those received.

    Arguments:
        key: at most 80 bytes.
        peer: the socket address of the peer; None for all peers (a listener).

    Raises OSError, also where the system cannot sign.
    """
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOPROTOOPT, "this system cannot sign TCP segments (-S)")
    if not 0 < len(key) <= LONGEST:
        raise OSError(errno.EINVAL, f"a key has 1 to {LONGEST} bytes, not {len(key)}")
    name = _sockaddr(sock.family, peer)
    flags = 0 if peer is not None else _FLAG_PREFIX
    option = _TCP_MD5SIG if peer is not None else _TCP_MD5SIG_EXT
    asked = _STRUCT.pack(name, flags, 0, len(key), 0, key)
    sock.setsockopt(socket.IPPROTO_TCP, option, asked)


def _sockaddr(family: int, peer: tuple[object, ...] | None) -> bytes:
    """Return a struct sockaddr_in or sockaddr_in6; the kernel uses only family and address."""
    host = str(peer[0]).partition("%")[0] if peer is not None else None
    if family == socket.AF_INET:
        packed = socket.inet_pton(family, host or "0.0.0.0")
        return struct.pack("=H2x4s", family, packed)
    packed = socket.inet_pton(family, host or "::")
    return struct.pack("=H2x4x16s", family, packed)
