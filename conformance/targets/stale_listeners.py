"""Sockets that were bound before the target was started: its announced socket must be newer.

If a server announced another program's port, that program would be judged in its place.
Linux shows the sockets (proc_net_tcp(5)); on other systems the announcement is believed. The check
uses the age of the socket, not its owner, because a server in a container is reached through a
socket of another process.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..core.verdict import Unreachable
from .address import DATAGRAMS, PIPE, UNIX, Address

#: A bound socket: protocol, port, inode.
Bound = tuple[str, int, str]

#: States: a TCP socket that listens, a UDP socket that is bound.
_STATES = {"tcp": "0A", "udp": "07"}


def bound_sockets(tables: Path = Path("/proc/net")) -> frozenset[Bound]:
    """Return all listening sockets and bound UDP sockets; empty if they are not known."""
    found = set()
    for protocol, state in _STATES.items():
        for table in (tables / protocol, tables / f"{protocol}6"):
            with suppress(OSError), table.open(encoding="ascii") as lines:
                next(lines)
                for line in lines:
                    _, local, _, its_state, _, _, _, _, _, inode, *_ = line.split()
                    if its_state == state:
                        found.add((protocol, int(local.rpartition(":")[2], 16), inode))
                    elif protocol == "tcp":
                        break  # listening sockets come first; there may be thousands of others
    return frozenset(found)


def refuse_stale_listener(address: Address, older: frozenset[Bound]) -> None:
    """Raise Unreachable if all sockets bound to the address are older than the target."""
    if address.transport in (UNIX, PIPE) or not older:
        return
    protocol = "udp" if address.transport in DATAGRAMS else "tcp"
    there = {one for one in bound_sockets() if one[:2] == (protocol, address.port)}
    if there and there <= older:
        raise Unreachable(
            f"the target announces {address}, where another program listened before it was started"
        )
