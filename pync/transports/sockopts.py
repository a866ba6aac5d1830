"""Options of a socket that a user may set, as a table: name -> where the kernel has it.

What this system does not have is said in one line, when it is asked for.
"""

from __future__ import annotations

import socket

#: Linux's numbers, where the socket module has no names: ip(7), ipv6(7).
_IP_MINTTL = 21
_IPV6_MINHOPCOUNT = 73

_INET, _INET6 = socket.AF_INET, getattr(socket, "AF_INET6", -1)

#: Name -> family -> (level, option); None is every family.
OPTIONS: dict[str, dict[int | None, tuple[int, int]]] = {
    "broadcast": {None: (socket.SOL_SOCKET, socket.SO_BROADCAST)},
    "keepalive": {None: (socket.SOL_SOCKET, socket.SO_KEEPALIVE)},
    "debug_socket": {None: (socket.SOL_SOCKET, socket.SO_DEBUG)},
    "recv_buffer": {None: (socket.SOL_SOCKET, socket.SO_RCVBUF)},
    "send_buffer": {None: (socket.SOL_SOCKET, socket.SO_SNDBUF)},
    "ttl": {
        _INET: (socket.IPPROTO_IP, socket.IP_TTL),
        _INET6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
    },
    "min_ttl": {
        _INET: (socket.IPPROTO_IP, _IP_MINTTL),
        _INET6: (socket.IPPROTO_IPV6, _IPV6_MINHOPCOUNT),
    },
    "tos": {
        _INET: (socket.IPPROTO_IP, socket.IP_TOS),
        _INET6: (socket.IPPROTO_IPV6, getattr(socket, "IPV6_TCLASS", 67)),
    },
}


def apply(sock: socket.socket, asked: tuple[tuple[str, int], ...]) -> None:
    """Set what was asked for, where the socket's family has it. Raises OSError."""
    for name, value in asked:
        families = OPTIONS[name]
        found = families.get(None) or families.get(int(sock.family))
        if found is not None:
            sock.setsockopt(*found, value)
