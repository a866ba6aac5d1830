"""How many connections wait to be accepted: asked of the kernel, where it tells.

A burst of connects overflows a short backlog (the slides' servers have 2); the kernel
then drops the SYN and the client tries again a second later. Waiting for the server
to accept keeps a burst fast and harms nothing: no verdict depends on it.

Linux is asked by sock_diag(7): /proc/net/tcp says the same, after a walk through the table
of all connections, which takes milliseconds.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

from .address import PIPE, TLS, UNIX, Address

#: netlink(7): the header of a message; SOCK_DIAG_BY_FAMILY; "request" and "dump".
_HEADER = struct.Struct("=IHHII")
_BY_FAMILY, _DUMP, _DONE, _ERROR = 20, 0x301, 3, 2

#: sock_diag(7): family, protocol, two of no use, states (here LISTEN alone), then the id of
#: the socket: the local port, and 46 bytes that are not asked for.
_QUESTION = struct.Struct("=BBBBI2s46x")
_LISTEN = 1 << 10

#: The answer: four bytes and the id, expiry, and how many wait to be accepted.
_ANSWER = struct.Struct("=52xII")

#: NETLINK_SOCK_DIAG, which Python has no name for.
_SOCK_DIAG = 4


def let_accept(address: Address, timeout: float) -> None:
    """Wait up to ``timeout`` seconds until no connection waits to be accepted."""
    # A client over TLS has been accepted, or it would have no handshake.
    if address.transport in (UNIX, PIPE, TLS) or not sys.platform.startswith("linux"):
        return
    until = time.monotonic() + timeout
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(timeout)
            while _waiting(kernel, address) and time.monotonic() < until:
                time.sleep(0.0005)
    except OSError:
        return  # a container may not let us ask


def _waiting(kernel: socket.socket, address: Address) -> int:
    """How many wait there."""
    if ":" in address.host:
        return _count(kernel, socket.AF_INET6, address.port) or 0
    count = _count(kernel, socket.AF_INET, address.port)
    if count is not None and address.host.replace(".", "").isdigit():
        return count  # of two listeners this is the one that takes a client over IPv4
    return (count or 0) + (_count(kernel, socket.AF_INET6, address.port) or 0)


def _count(kernel: socket.socket, family: int, port: int) -> int | None:
    """How many wait at the listeners of a family; None when there is none."""
    ours = struct.pack("!H", port)
    question = _QUESTION.pack(family, socket.IPPROTO_TCP, 0, 0, _LISTEN, ours)
    size = _HEADER.size + len(question)
    kernel.send(_HEADER.pack(size, _BY_FAMILY, _DUMP, 1, 0) + question)
    count: int | None = None
    while True:
        answer = kernel.recv(65536)
        while answer:
            size, kind, *_ = _HEADER.unpack_from(answer)
            if kind in (_DONE, _ERROR):
                return count
            if len(answer) >= _HEADER.size + _ANSWER.size:
                count = (count or 0) + _ANSWER.unpack_from(answer, _HEADER.size)[1]
            answer = answer[(size + 3) & ~3 :]
