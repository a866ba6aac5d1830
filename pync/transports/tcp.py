"""TCP, and SCTP used like TCP.

dial tries every address of a name; tcp_listener.py listens on every address of a host.
"""

from __future__ import annotations

import time

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.times import Times
from ..core.typed import TYPE_CHECKING
from ..waiting.readiness import Writable
from . import Options
from .conn import TcpConn
from .connecting import Connecting
from .internet import resolve
from .plainsocket import socket

if TYPE_CHECKING:
    from .tcp_listener import TcpListener


def dial(address: Address, options: Options) -> TcpConn:
    """Connect to the first address of the name that answers. Raises DialError."""
    deadline = Deadline(options.timeout)
    began = time.perf_counter()
    endpoints = resolve(address, options, socket.SOCK_STREAM)
    found = time.perf_counter()
    remaining = deadline.remaining if options.happy_eyeballs else options.timeout
    waiting = Writable()
    connecting = Connecting(address, endpoints, options, remaining, waiting.watch)
    try:
        connecting.proceed()
        while connecting.conn is None:
            if connecting.failure is not None:
                raise connecting.failure
            for descriptor in waiting.wait(connecting.seconds()):
                connecting.settled(descriptor)
            if connecting.conn is None:
                connecting.proceed()
        conn = connecting.conn
        conn.settimeout(None)
        is_name = len(endpoints) > 1 or endpoints[0].name[0] != address.host
        conn.times = Times(found - began if is_name else None, time.perf_counter() - found)
        return conn
    finally:
        connecting.close()


def listen(address: Address, options: Options) -> TcpListener:
    """Listen on every address of the host. Raises ListenError."""
    # Import late: a client needs none of it.
    from .tcp_listener import listen as listen_on

    return listen_on(address, options)
