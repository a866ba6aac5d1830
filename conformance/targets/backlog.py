"""Wait until a server has accepted its connections, if the kernel counts those that wait.

A burst of connects overflows a short backlog (the slides' servers have 2); the kernel
then drops the SYN and the client tries again a second later. Waiting for the server
to accept keeps a burst fast and is harmless: no verdict depends on it.

On Linux the number comes from sock_diag(7). /proc/net/tcp has it too, but reading that file walks
through the table of all connections, which takes milliseconds.
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

#: sock_diag(7): family, protocol, two unused fields, states (here only LISTEN), then the id of
#: the socket: the local port, and 46 bytes that are not used here.
_QUESTION = struct.Struct("=BBBBI2s46x")
_LISTEN = 1 << 10

#: The answer: four bytes and the id, expiry, and the number of connections to be accepted.
_ANSWER = struct.Struct("=52xII")

#: NETLINK_SOCK_DIAG, for which Python has no name.
_SOCK_DIAG = 4


def let_accept(address: Address, timeout: float) -> None:
    """Wait up to ``timeout`` seconds until no connection waits to be accepted."""
    # A client over TLS has already been accepted, because its handshake is complete.
    if address.transport in (UNIX, PIPE, TLS) or not sys.platform.startswith("linux"):
        return
    until = time.monotonic() + timeout
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(timeout)
            while _waiting(kernel, address) and time.monotonic() < until:
                time.sleep(0.0005)
    except OSError:
        return  # a container may forbid netlink sockets


def _waiting(kernel: socket.socket, address: Address) -> int:
    """Return the number of connections that wait to be accepted at an address."""
    if ":" in address.host:
        return _count(kernel, socket.AF_INET6, address.port) or 0
    count = _count(kernel, socket.AF_INET, address.port)
    if count is not None and address.host.replace(".", "").isdigit():
        return count  # if there are two listeners, this one accepts clients over IPv4
    return (count or 0) + (_count(kernel, socket.AF_INET6, address.port) or 0)


def _count(kernel: socket.socket, family: int, port: int) -> int | None:
    """Return the number of connections waiting at a family's listeners; None without listeners."""
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
