"""The socket options that a user may set, as a table: name -> level and option.

An option that the system does not have has an empty row, and is reported when the user sets it.
"""

from __future__ import annotations

import errno
import os
import sys

from .plainsocket import socket

#: Linux's numbers of options that the socket module does not define: ip(7), ipv6(7), linux/tcp.h.
_IP_MINTTL = 21
_IPV6_MINHOPCOUNT = 73
_TCP_FASTOPEN_CONNECT = 30

_INET, _INET6 = socket.AF_INET, getattr(socket, "AF_INET6", -1)

#: Family -> (level, option); None stands for every family.
Row = dict["int | None", tuple[int, int]]


def _row(level: int, *names: str, linux: int | None = None) -> Row:
    """Return a row for IPv4 and IPv6: the first name that the socket module has, if any.

    Arguments:
        linux: Linux's number, for versions of Python without the name.
    """
    found = [number for name in names if (number := getattr(socket, name, None)) is not None]
    if linux is not None and sys.platform.startswith("linux"):
        found.append(linux)
    return dict.fromkeys((_INET, _INET6), (level, found[0])) if found else {}


#: The table. (macOS has another name for the seconds before the first probe.)
OPTIONS: dict[str, Row] = {
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
    "multicast_ttl": {
        _INET: (socket.IPPROTO_IP, socket.IP_MULTICAST_TTL),
        _INET6: (socket.IPPROTO_IPV6, getattr(socket, "IPV6_MULTICAST_HOPS", 18)),
    },
    "multicast_loop": {
        _INET: (socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP),
        _INET6: (socket.IPPROTO_IPV6, getattr(socket, "IPV6_MULTICAST_LOOP", 19)),
    },
    "device": _row(socket.SOL_SOCKET, "SO_BINDTODEVICE"),
    "reuse_port": _row(socket.SOL_SOCKET, "SO_REUSEPORT"),
    "keepalive_idle": _row(socket.IPPROTO_TCP, "TCP_KEEPIDLE", "TCP_KEEPALIVE"),
    "keepalive_interval": _row(socket.IPPROTO_TCP, "TCP_KEEPINTVL"),
    "keepalive_count": _row(socket.IPPROTO_TCP, "TCP_KEEPCNT"),
    # RFC 7413: a listener has a queue of clients whose addresses are not confirmed yet.
    "fastopen_listener": _row(socket.IPPROTO_TCP, "TCP_FASTOPEN"),
    "fastopen_client": _row(
        socket.IPPROTO_TCP, "TCP_FASTOPEN_CONNECT", linux=_TCP_FASTOPEN_CONNECT
    ),
}

#: How many clients with data in their SYN may wait until they acknowledge our SYN.
FASTOPEN_QUEUE = 128

#: An option to set: a name of the table, and its value.
Asked = tuple[str, "int | str"]


def apply(sock: socket.socket, asked: tuple[Asked, ...]) -> None:
    """Set these options, as far as the socket's family has them. Raises OSError."""
    for name, value in asked:
        families = OPTIONS[name]
        found = families.get(None) or families.get(int(sock.family))
        if found is None:
            continue
        try:
            sock.setsockopt(*found, value if isinstance(value, int) else os.fsencode(value))
        except OSError as error:
            if name == "device" and error.errno == errno.ENODEV:
                raise OSError(errno.ENODEV, f"no such interface: {value}") from None
            raise


def is_mptcp_here() -> bool:
    """Return whether MPTCP (RFC 8684) can be requested on this system."""
    return sys.platform.startswith("linux") and hasattr(socket, "IPPROTO_MPTCP")
