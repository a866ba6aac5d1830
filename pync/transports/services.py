"""The ports of services by name: services(5)."""

from __future__ import annotations

import socket

from ..core.number import whole


def number_of(port: str, protocol: str) -> int | None:
    """Return the port that a number or a service's name stands for; None if it is neither."""
    number = whole(port, 65535)
    return port_of(port, protocol) if number is None else number


def port_of(name: str, protocol: str) -> int | None:
    """Return the port of a service; None if there is no such service."""
    try:
        return socket.getservbyname(name, protocol)
    except (OSError, UnicodeError):
        # A name that is not valid UTF-8 cannot be looked up.
        return None
