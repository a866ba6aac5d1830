"""A relay over a faulty line (``--fault``, ``--control``): faults, connections, listener."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from ...core.errors import PyncError, UsageError
from ...core.fault import STREAMS, Fault, parse_fault
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.faulty import FaultyConnection
from ...engine.faulty_peer import FaultyPeer
from ...engine.loop import Loop
from ...layers.faulttable import FaultTable
from ...transports import listen

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from ...core.address import Address
    from ...core.events import Report
    from ...transports import Options
    from ...transports.listener import Listener
    from ..shared.clients import Clients
    from .inside import Inside


class FaultSetup(NamedTuple):
    """The faults at the start, the seed of their random numbers, and the control socket.

    ``place``: whether the line is one of ``streams`` or of ``datagrams``.
    """

    faults: tuple[Fault, ...] = ()
    seed: int = 1
    control: Address | None = None
    place: str = STREAMS


class SpoiledRelay:
    """The faults of a relay's connections; --control acts on this object (layers/control.Link).

    Arguments:
        setup: the faults.
    """

    def __init__(self, setup: FaultSetup) -> None:
        self._setup = setup
        self._table = FaultTable(setup.faults, setup.seed, time.monotonic())
        self._table.changed = self._changed
        self._lines: dict[int, FaultyConnection | FaultyPeer] = {}
        self._control: Listener | None = None
        self._controllers: Clients[Any] | None = None
        self._clients: Inside | None = None
        #: The listener's address and options while it is closed, to open it again.
        self._entrance: tuple[Address, Options] | None = None

    def __enter__(self) -> Self:
        """Listen for control clients. Raises ListenError."""
        if self._setup.control is not None:
            self._control = listen(self._setup.control)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._controllers is not None:
            self._controllers.close()
        if self._control is not None:
            self._control.close()
        if self._clients is not None:
            # (It may have replaced the first one.)
            self._clients.listener.close()

    # Calls of sessions.

    def refuses(self, number: int) -> bool:
        """Return whether a new client is refused."""
        return self._table.refuses(number, time.monotonic())

    def begin(self, number: int) -> FaultyConnection:
        """Return the faulty line for a new connection."""
        self._lines[number] = line = FaultyConnection(self._table, number)
        return line

    def begin_peer(self, number: int, end: Callable[[], None]) -> FaultyPeer:
        """Return the faulty line for a new datagram peer; ``end`` ends its session."""
        self._lines[number] = line = FaultyPeer(self._table, number, end)
        return line

    def end(self, number: int) -> None:
        """Forget the line of a session that has ended. Idempotent."""
        self._lines.pop(number, None)

    # Requests of control clients (layers/control.py).

    def open(self, loop: Loop, clients: Inside, report: Report) -> None:
        """Start to accept control clients, if --control is given; ``clients`` are controlled."""
        self._clients = clients
        if self._control is not None:
            from .controlling import controllers

            self._controllers = controllers(loop, self._control, self, report)
            self._controllers.open()

    def listing(self) -> dict[str, Any]:
        """Return the state of the relay, its faults and its sessions."""
        assert self._clients is not None
        now = time.monotonic()
        sessions = sorted(self._clients.sessions, key=lambda one: one.number)
        return {
            "listening": self._entrance is None,
            "seed": self._table.seed,
            "faults": [
                {"number": one.number, "fault": str(one.fault), "active": one.is_active(now)}
                for one in self._table
            ],
            "connections": [one.listing() for one in sessions],
        }

    def add(self, fault: str) -> int:
        """Switch a fault on. Raises UsageError."""
        parsed = parse_fault(fault, "fault")
        parsed.check(self._setup.place, "fault")
        return self._table.add(parsed, time.monotonic())

    def remove(self, number: int | None) -> None:
        """Switch a fault off, or all with None. Raises UsageError."""
        if number is None:
            self._table.clear()
            return
        try:
            self._table.remove(number)
        except KeyError:
            raise UsageError(f"no fault has the number {number}") from None

    def kill(self, number: int | None, by: str) -> None:
        """End a connection, or all with None. Raises UsageError."""
        assert self._clients is not None
        chosen = [one for one in self._clients.sessions if number in (None, one.number)]
        if number is not None and not chosen:
            raise UsageError(f"no connection has the number {number}")
        for session in chosen:
            line = self._lines.get(session.number)
            if line is None:
                session.give_up()  # its onward connection is not made yet
            else:
                (line.cut if by == "fin" else line.reset)()

    def listens(self, wanted: bool) -> None:
        """Close the listener, or open it again. Raises UsageError."""
        assert self._clients is not None
        if wanted == (self._entrance is None):
            return
        before = self._clients.listener
        if not wanted:
            self._entrance = (before.address, self._clients.options)
            self._clients.refuse()
            return
        assert self._entrance is not None
        try:
            listener = listen(*self._entrance)
        except PyncError as error:
            raise UsageError(str(error)) from error
        # (The access lists may have been read again since the start.)
        listener.admits = before.admits
        self._clients.come_by(listener)
        self._entrance = None

    def _changed(self) -> None:
        for line in list(self._lines.values()):
            line.change()
