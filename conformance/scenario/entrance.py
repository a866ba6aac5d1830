"""The address for a session's clients: the server, or a proxy in front of it (fault or line)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..core.budget import TOO_SLOW_LINE
from ..core.line import Line
from ..core.traffic import Traffic, now
from ..core.verdict import LineTooSlow
from ..targets.address import Address
from ..targets.backlog import let_accept

if TYPE_CHECKING:
    from ..clients.peer import Peer
    from ..faults import Proxy


class Entrance:
    """The entrance for clients; it has no address until it leads to a server.

    Arguments:
        fault: the fault's name; empty for none.
        line: the bad line to the server; None for none. Without both there is no proxy.
        stack: closes the proxy.
    """

    def __init__(self, fault: str, line: Line | None, stack: ExitStack) -> None:
        self._fault = fault
        #: The traffic on the line; None if there is no bad line.
        self.traffic = None if line is None else Traffic(line)
        self._stack = stack
        self._server: Address | None = None
        self._proxy: Proxy | None = None

    def lead_to(self, server: Address) -> None:
        """Lead all later clients to this server."""
        self._server = server
        if self._proxy is not None:
            self._proxy.lead_to(server)
        elif self._fault:
            from ..faults import faulty

            self._proxy = self._stack.enter_context(faulty(server, self._fault))
        elif self.traffic is not None:
            from ..faults import over_line

            self._proxy = self._stack.enter_context(over_line(server, self.traffic))

    def now(self) -> float:
        """Return the time in seconds, without the time in which the line carried data."""
        return now(self.traffic)

    def let_arrive(self, within: float) -> None:
        """Wait up to ``within`` seconds until everything that was sent has reached the server.

        Raises LineTooSlow if it has not: then the following steps would prove nothing.
        """
        if self.traffic is not None and not self.traffic.arrived(within):
            line = self.traffic.line
            raise LineTooSlow(f"{TOO_SLOW_LINE} ({line}) for what the clients have sent")

    @property
    def address(self) -> Address:
        """The address to which clients connect."""
        assert self._server is not None, "the session has not begun"
        return self._server if self._proxy is None else self._proxy.address

    @property
    def is_the_server_s(self) -> bool:
        """Whether there is no proxy in front of the server."""
        return self._proxy is None

    def acted(self, noticed: bool, peers: Iterable[Peer]) -> int:
        """Return how often the fault has changed something that could be seen so far.

        Arguments:
            noticed: whether the scenario has failed: then it has also seen a missing answer.
            peers: the clients; data that a client did not read was not seen.
        """
        if self._proxy is None or noticed:
            return self._proxy.acted if self._proxy else 0
        peers = list(peers)
        unread = {peer.unread for peer in peers if peer.unread}
        return self._proxy.shown(unread, any(peer.awaits_reset for peer in peers))

    def let_accept(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds until no client waits to be accepted."""
        let_accept(self.address, timeout)
        if self._proxy is not None:
            assert self._server is not None
            let_accept(self._server, timeout)
