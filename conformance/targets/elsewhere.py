"""Detect a command that listens on another port than the expected one.

Linux shows which process has a listening socket (proc_net_tcp(5), and the descriptors in
/proc/PID/fd); on other systems nothing is found.
"""

from __future__ import annotations

import os
import sys
import time

from .address import DATAGRAMS, PIPE, UNIX, Address
from .process import Process
from .stale_listeners import bound_sockets

#: Seconds for which a command may listen only elsewhere: it may be about to open its port.
ELSEWHERE_AFTER = 2.0

#: Seconds between two checks.
_PAUSE = 0.5


class Elsewhere:
    """A search for the port of a command that does not answer at its expected address.

    Arguments:
        process: the command, with all processes that it has started.
        expected: the addresses where it should listen.
        untold: whether nothing in the command says where to listen.
    """

    def __init__(self, process: Process, expected: list[Address], *, untold: bool) -> None:
        self._process = process
        self._expected = expected
        self._untold = untold
        self._since: float | None = None
        self._next = 0.0

    def is_settled(self) -> bool:
        """Return whether a command that was given no address listens elsewhere permanently."""
        return self._untold and not self._process.announced and bool(self.settled())

    def settled(self) -> list[int]:
        """Return the unexpected ports, if it has listened only on these for some time."""
        now = time.monotonic()
        if now < self._next:
            return []
        self._next = now + _PAUSE
        others = self._others()
        self._since = (self._since or now) if others else None
        return others if self._since is not None and now - self._since >= ELSEWHERE_AFTER else []

    def cause(self) -> str:
        """Return why the command cannot be found; empty if nothing is known."""
        others = self._others()
        if others:
            place = f"{self._expected[0].transport.rstrip('6')}://127.0.0.1:{others[0]}"
            found = f"it listens on port {others[0]}"
            if self._untold:
                return f"{found}; write {{port}} in the command, or --at {place}"
            return f"{found} instead (--at {place})"
        if self._untold and not self._process.announced:
            return "the command has no {port}, and printed no line LISTENING tcp://HOST:PORT"
        return ""

    def _others(self) -> list[int]:
        """Return the ports on which it listens; empty if an expected port is among them."""
        expected = {one.port for one in self._expected}
        if self._expected[0].transport in (UNIX, PIPE) or not sys.platform.startswith("linux"):
            return []
        protocol = "udp" if self._expected[0].transport in DATAGRAMS else "tcp"
        bound = {inode: port for kind, port, inode in bound_sockets() if kind == protocol}
        ports = {bound[inode] for inode in _sockets_of(self._process.pid) if inode in bound}
        return [] if ports & expected else sorted(ports)


def _sockets_of(session: int) -> set[str]:
    """Return the inodes of the sockets that the processes of a session hold."""
    found = set()
    for entry in os.listdir("/proc"):
        try:
            if not entry.isdigit() or os.getsid(int(entry)) != session:
                continue
            for descriptor in os.listdir(f"/proc/{entry}/fd"):
                name = os.readlink(f"/proc/{entry}/fd/{descriptor}")
                if name.startswith("socket:["):
                    found.add(name[len("socket:[") : -1])
        except OSError:
            continue  # the process has ended, or closed the descriptor
    return found
