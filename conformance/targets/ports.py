"""Ports: reserve one until the server has bound it, and check whether one is free.

A reserved port is below the ephemeral range, so that no client's connect can take it (or
connect to itself on it). A socket of the other kind, bound to the same number, is the lock among
suites that run at the same time: TCP and UDP have separate port spaces, and the lock ends with
the process that held it, however that process ends.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..core.output import complain
from ..core.verdict import Unreachable
from .address import DATAGRAMS, PIPE, UNIX, Address, open_socket
from .readiness import POLL_INTERVAL

LOWEST, HIGHEST = 10240, 32767

#: The number of ports to try before giving up.
TRIES = 500

_random = random.Random()


@contextmanager
def reserved_port(kind: int = socket.SOCK_STREAM) -> Iterator[int]:
    """Hold a port (TCP, or UDP: SOCK_DGRAM) that is free on either loopback address."""
    lock, port = _lock_one(kind)
    try:
        yield port
    finally:
        lock.close()


def _lock_one(kind: int) -> tuple[socket.socket, int]:
    other = socket.SOCK_STREAM if kind == socket.SOCK_DGRAM else socket.SOCK_DGRAM
    for _ in range(TRIES):
        port = _random.randint(LOWEST, HIGHEST)
        lock = socket.socket(socket.AF_INET, other)
        try:
            lock.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        if is_bindable("127.0.0.1", port, kind) and is_bindable("::1", port, kind):
            return lock, port
        lock.close()
    raise OSError(f"no free port between {LOWEST} and {HIGHEST} in {TRIES} tries")


def is_bindable(host: str, port: int, kind: int = socket.SOCK_STREAM) -> bool:
    """Return whether a server without SO_REUSEADDR could bind here (no listener, no TIME_WAIT)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((host, port))
    except OSError as error:
        # An error because the machine has no IPv6 does not mean that the port is in use.
        return error.errno not in _IN_USE
    return True


#: FIN_WAIT1, FIN_WAIT2, TIME_WAIT (tcp_states.h), as the kernel's table shows them.
_ENDED = frozenset({"04", "05", "06"})


def is_remembered(port: int) -> bool:
    """Return whether an ended connection still holds a port (TIME_WAIT), if the system shows it.

    Then a socket without SO_REUSEADDR only violates 7.17, although Linux lets no such socket bind
    there in the meantime.
    """
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                _, local, _, state, *_ = line.split()
                if int(local.rpartition(":")[2], 16) == port and state in _ENDED:
                    return True
    return False


#: Addresses for which the message about waiting has been printed.
_waited_for: set[Address] = set()

_IN_USE = frozenset({98, 48, 10048, 10013, 13})  # EADDRINUSE on Linux, BSD, Windows; EACCES


def refuse_when_taken(address: Address) -> None:
    """Raise Unreachable if another program answers at the address."""
    if address.transport in DATAGRAMS:
        # There is no handshake to try; check the port itself.
        if not is_bindable(address.host, address.port, socket.SOCK_DGRAM):
            raise Unreachable(f"{address} is already in use: another program listens there")
        return
    if answers(address):
        raise Unreachable(f"{address} is already in use: another program answers there")


def answers(address: Address) -> bool:
    """Return whether the address accepts connections."""
    try:
        with open_socket(address, 1.0):
            return True
    except OSError:
        return False


def becomes_bindable(address: Address, until: float) -> bool:
    """Wait for a port in TIME_WAIT; return whether it has become free.

    The first wait for an address prints a message.
    """
    if address.transport in (UNIX, PIPE, *DATAGRAMS) or is_bindable(address.host, address.port):
        return False
    if address not in _waited_for:
        _waited_for.add(address)
        complain(
            f"waiting until {address} is free (TIME-WAIT, up to a minute each time): "
            "the server does not set SO_REUSEADDR"
        )
    while time.monotonic() < until:
        time.sleep(POLL_INTERVAL)
        if is_bindable(address.host, address.port):
            return True
    return False
