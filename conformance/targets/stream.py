"""A blocking stream to an address, plain or over TLS: for probes, which judge nothing."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from .address import TLS, Address, open_socket

if TYPE_CHECKING:
    from ..core.tls import BlockingTls


def open_stream(address: Address, timeout: float) -> socket.socket | BlockingTls:
    """Connect; over TLS, do the handshake too.

    Arguments:
        timeout: seconds for the connect, and for each step of the handshake.
    Raises OSError.
    """
    sock = open_socket(address, timeout)
    if address.transport != TLS:
        return sock
    from ..core.tls import BlockingTls

    sock.settimeout(timeout)
    return BlockingTls(sock, address.host)
