"""The data that waits in the sockets between a client and a server on the same machine (Linux).

The kernel reports it for both ends of a connection. If it does not (another machine, another
system, no permission), the answer is None, and the caller must use a timeout instead.
"""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress
from typing import NamedTuple

#: ioctl(2) on a socket: bytes not yet read here; bytes not yet received by the other side.
_FIONREAD, _SIOCOUTQ = 0x541B, 0x5411

#: netlink(7), sock_diag(7): see backlog.py. The question names one connection: the states do not
#: filter; the ports, the addresses and the interface are those of the server's end, and the
#: cookie matches any. A dump would walk through the table of all connections, which takes
#: milliseconds; one connection is found by its hash.
_HEADER = struct.Struct("=IHHII")
_BY_FAMILY, _REQUEST = 20, 1
_QUESTION = struct.Struct("=BBBxI2s2s16s16sIII")
_ANY = 0xFFFFFFFF
_SOCK_DIAG = 4

#: The answer: the state; after the id and the expiry, the bytes of both queues.
_ANSWER = struct.Struct("=xB54xII")

#: ESTABLISHED, FIN_WAIT, CLOSE_WAIT and the states after it (tcp_states.h). If the connection
#: does not exist any more, the kernel reports the listener instead.
_CONNECTED = frozenset({1, 4, 5, 8, 9, 11})


class Queues(NamedTuple):
    """Bytes that wait in the sockets of a connection.

    ``unread`` bytes were sent by the client but not yet read by the server; ``untaken`` bytes were
    written by the server but not yet read by the client.
    """

    unread: int
    untaken: int


def queues_of(client: socket.socket) -> Queues | None:
    """Return the bytes that wait between this client and its server; None if not known."""
    if not sys.platform.startswith("linux"):
        return None
    family = client.family  # each access makes an enum member, which takes as long as a system call
    with suppress(OSError, struct.error):
        if family == socket.AF_UNIX:
            return Queues(_ioctl(client, _SIOCOUTQ), _ioctl(client, _FIONREAD))
        server = _queues_of_server(client, family)
        if server is not None:
            received, written = server
            return Queues(_ioctl(client, _SIOCOUTQ) + received, _ioctl(client, _FIONREAD) + written)
    return None


def _ioctl(sock: socket.socket, question: int) -> int:
    from fcntl import ioctl

    return int(struct.unpack("i", ioctl(sock, question, bytes(4)))[0])


def _queues_of_server(client: socket.socket, family: int) -> tuple[int, int] | None:
    """Return the receive queue and the send queue of the other end, if it is on this machine."""
    ours, its = client.getsockname(), client.getpeername()
    interface = ours[3] if family == socket.AF_INET6 else 0
    question = _QUESTION.pack(
        *(family, socket.IPPROTO_TCP, 0, _ANY),
        *(struct.pack("!H", its[1]), struct.pack("!H", ours[1])),
        *(_packed(family, its[0]), _packed(family, ours[0])),
        *(interface, _ANY, _ANY),
    )
    size = _HEADER.size + len(question)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.settimeout(1.0)
        kernel.send(_HEADER.pack(size, _BY_FAMILY, _REQUEST, 1, 0) + question)
        answer = kernel.recv(4096)
    if _HEADER.unpack_from(answer)[1] != _BY_FAMILY:
        return None
    state, received, written = _ANSWER.unpack_from(answer, _HEADER.size)
    return (received, written) if state in _CONNECTED else None


def _packed(family: int, host: str) -> bytes:
    return socket.inet_pton(family, host.partition("%")[0])
