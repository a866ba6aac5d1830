"""Where a session's clients come: to the server, or to a proxy before it (a fault, a bad line)."""

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
    """Closed until it leads to a server.

    Arguments:
        fault: the fault's name; empty for none.
        line: what the line to the server does; None for nothing. Without both there is no proxy.
        stack: closes the proxy.
    """

    def __init__(self, fault: str, line: Line | None, stack: ExitStack) -> None:
        self._fault = fault
        #: What is under way on the line; None where there is none.
        self.traffic = None if line is None else Traffic(line)
        self._stack = stack
        self._server: Address | None = None
        self._proxy: Proxy | None = None

    def lead_to(self, server: Address) -> None:
        """Clients that come from now on are this server's."""
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
        """The time in seconds, without that in which the line carried something."""
        return now(self.traffic)

    def let_arrive(self, within: float) -> None:
        """Wait up to ``within`` seconds until all that was sent is with the server.

        Raises LineTooSlow where it is not: what follows would say nothing of it.
        """
        if self.traffic is not None and not self.traffic.arrived(within):
            line = self.traffic.line
            raise LineTooSlow(f"{TOO_SLOW_LINE} ({line}) for what the clients have sent")

    @property
    def address(self) -> Address:
        """Where clients connect."""
        assert self._server is not None, "the session has not begun"
        return self._server if self._proxy is None else self._proxy.address

    @property
    def is_the_server_s(self) -> bool:
        """Whether nothing is between."""
        return self._proxy is None

    def acted(self, noticed: bool, peers: Iterable[Peer]) -> int:
        """How often the fault has changed something so far that could be seen.

        Arguments:
            noticed: whether the scenario has failed: an answer that did not come was seen, too.
            peers: the clients; what was sent to one that did not read it was not seen.
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
