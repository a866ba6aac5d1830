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

#: The answer: the state; after the id and the expiry, the bytes of both queues; the user and the
#: inode. Attributes follow it, of which the extension asked for is one: INET_DIAG_INFO.
_ANSWER = struct.Struct("=xB54xII8x")
_ATTRIBUTE, _INFO = struct.Struct("=HH"), 2

#: struct tcp_info (linux/tcp.h): bytes not yet sent; bytes sent, bytes of them sent again.
_NOT_SENT, _SENT = struct.Struct("=144xI"), struct.Struct("=200xQQ")

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
    #: Those of the unread bytes that are in the server's socket. The others are on their way, or
    #: were read but not yet acknowledged.
    arrived: int
    #: All bytes that the server has written, on the connection; where they are not counted, those
    #: that wait. A byte that has arrived but was not acknowledged is in the sockets of both sides,
    #: for 40 ms and more: ``untaken`` counts it twice, and does not show that more was written.
    written: int


def queues_of(client: socket.socket) -> Queues | None:
    """Return the bytes that wait between this client and its server; None if not known."""
    if not sys.platform.startswith("linux"):
        return None
    family = client.family  # each access makes an enum member, which takes as long as a system call
    with suppress(OSError, struct.error):
        if family == socket.AF_UNIX:
            waits = _ioctl(client, _FIONREAD)
            unread = _ioctl(client, _SIOCOUTQ)
            return Queues(unread, waits, unread, waits)
        server = _queues_of_server(client, family)
        if server is not None:
            arrived, waits, written = server
            waits += _ioctl(client, _FIONREAD)
            unread = _ioctl(client, _SIOCOUTQ) + arrived
            return Queues(unread, waits, arrived, waits if written is None else written)
    return None


def _ioctl(sock: socket.socket, question: int) -> int:
    from fcntl import ioctl

    return int(struct.unpack("i", ioctl(sock, question, bytes(4)))[0])


def _queues_of_server(client: socket.socket, family: int) -> tuple[int, int, int | None] | None:
    """Return the receive queue, the send queue and the bytes written of the other end.

    The result is None if it is not on this machine; the last is None if they are not counted.
    """
    ours, its = client.getsockname(), client.getpeername()
    interface = ours[3] if family == socket.AF_INET6 else 0
    question = _QUESTION.pack(
        *(family, socket.IPPROTO_TCP, 1 << (_INFO - 1), _ANY),
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
    state, received, waits = _ANSWER.unpack_from(answer, _HEADER.size)
    if state not in _CONNECTED:
        return None
    return received, waits, _written(answer[_HEADER.size + _ANSWER.size :])


def _written(attributes: bytes) -> int | None:
    """Return the bytes that were written on a connection; None if the kernel does not tell."""
    while len(attributes) >= _ATTRIBUTE.size:
        size, kind = _ATTRIBUTE.unpack_from(attributes)
        if kind == _INFO and size >= _ATTRIBUTE.size + _SENT.size:
            info = attributes[_ATTRIBUTE.size :]
            sent, again = _SENT.unpack_from(info)
            return int(_NOT_SENT.unpack_from(info)[0] + sent - again)
        attributes = attributes[max(_ATTRIBUTE.size, (size + 3) & ~3) :]
    return None


def _packed(family: int, host: str) -> bytes:
    return socket.inet_pton(family, host.partition("%")[0])
