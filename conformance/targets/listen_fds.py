"""The listening socket that a command inherits: the suite binds it, like a supervisor."""

from __future__ import annotations

import socket
from pathlib import Path

from ..core.verdict import Unreachable, cause_of
from .address import DATAGRAMS, LOOPBACK, UNIX, Address

#: The most connections that may wait for the server.
BACKLOG = 128


def listening(transport: str, at: Address | None, folder: Path) -> socket.socket:
    """Return a socket that listens at an address (None: a free port, or a path in the folder).

    Raises Unreachable.
    """
    try:
        if transport == UNIX:
            sock = socket.socket(socket.AF_UNIX)
            sock.bind(at.path if at is not None else f"{folder}/socket")
            sock.listen(BACKLOG)
            return sock
        where = (at.host, at.port) if at is not None else (LOOPBACK[transport], 0)
        family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        if transport in DATAGRAMS:
            sock = socket.socket(family, socket.SOCK_DGRAM)
            sock.bind(where)
            return sock
        return socket.create_server(where, family=family, backlog=BACKLOG)
    except OSError as error:
        cause = cause_of(error)
        raise Unreachable(f"cannot listen at {at or transport}: {cause}") from None


def address_of(listener: socket.socket, transport: str) -> Address:
    """Return the address of a listening socket."""
    name = listener.getsockname()
    if isinstance(name, str):
        return Address(UNIX, path=name)
    return Address(transport, name[0], name[1])
