"""What waits in the sockets between a client and a server on the same machine (Linux).

The kernel tells it of both ends of a connection; where it does not (another machine, another
system, no permission) the answer is None, and the caller has to do with time instead.
"""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress
from typing import NamedTuple

#: ioctl(2) on a socket: bytes not yet read here; bytes not yet taken by the other side.
_FIONREAD, _SIOCOUTQ = 0x541B, 0x5411

#: netlink(7), sock_diag(7): see backlog.py. The question names states, a port of the socket
#: and a port of its peer; the answer holds the two ports and, after the id and the expiry,
#: the bytes of both queues.
_HEADER = struct.Struct("=IHHII")
_BY_FAMILY, _DUMP, _DONE, _ERROR = 20, 0x301, 3, 2
_QUESTION = struct.Struct("=BBBBI2s2s44x")
_PORTS, _QUEUES, _QUEUES_AT = struct.Struct("!HH"), struct.Struct("=II"), 56
_SOCK_DIAG = 4

#: ESTABLISHED, CLOSE_WAIT and the states after it (tcp_states.h).
_CONNECTED = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 11


class Queues(NamedTuple):
    """Bytes that wait in the sockets of a connection.

    ``unread`` have been sent by the client and not been read by the server; ``untaken`` have
    been written by the server and not been read by the client.
    """

    unread: int
    untaken: int


def queues_of(client: socket.socket) -> Queues | None:
    """What waits between this client and its server; None where the kernel does not tell."""
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, struct.error):
        if client.family == socket.AF_UNIX:
            return Queues(_ioctl(client, _SIOCOUTQ), _ioctl(client, _FIONREAD))
        server = _queues_of_server(client)
        if server is not None:
            received, written = server
            return Queues(_ioctl(client, _SIOCOUTQ) + received, _ioctl(client, _FIONREAD) + written)
    return None


def _ioctl(sock: socket.socket, question: int) -> int:
    from fcntl import ioctl

    return int(struct.unpack("i", ioctl(sock, question, bytes(4)))[0])


def _queues_of_server(client: socket.socket) -> tuple[int, int] | None:
    """The receive queue and the send queue of the other end, when it is on this machine."""
    ours, its = client.getsockname()[1], client.getpeername()[1]
    # A server on all addresses of both families has an IPv6 socket for an IPv4 client.
    for family in (socket.AF_INET, socket.AF_INET6):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(1.0)
            question = _QUESTION.pack(
                *(family, socket.IPPROTO_TCP, 0, 0, _CONNECTED),
                *(struct.pack("!H", its), struct.pack("!H", ours)),
            )
            size = _HEADER.size + len(question)
            kernel.send(_HEADER.pack(size, _BY_FAMILY, _DUMP, 1, 0) + question)
            found = _answer(kernel, its, ours)
        if found is not None:
            return found
    return None


def _answer(kernel: socket.socket, its: int, ours: int) -> tuple[int, int] | None:
    found: tuple[int, int] | None = None
    while True:
        answer = kernel.recv(65536)
        while answer:
            size, kind, *_ = _HEADER.unpack_from(answer)
            if kind in (_DONE, _ERROR):
                return found
            # Family, state, timer and retransmissions go before the id.
            if _PORTS.unpack_from(answer, _HEADER.size + 4) == (its, ours):
                received, written = _QUEUES.unpack_from(answer, _HEADER.size + _QUEUES_AT)
                found = received, written
            answer = answer[(size + 3) & ~3 :]
