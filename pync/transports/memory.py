"""A pair of connected ends within one process: for tests, and for joining programs."""

from __future__ import annotations

import socket

from ..core.address import Address
from .conn import StreamConn


def pair() -> tuple[StreamConn, StreamConn]:
    """Return two streams; each receives what the other sends."""
    left, right = socket.socketpair()
    here, there = Address("memory", path="left"), Address("memory", path="right")
    return StreamConn(left, here, there), StreamConn(right, there, here)
