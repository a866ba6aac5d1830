"""The sessions of a relay, for serving.py and spoiling.py: of connections or of datagram peers."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ...core.address import Address
from ...core.typed import TYPE_CHECKING, Protocol
from ...engine.pipeline import Moved
from ...transports.conn import Conn

if TYPE_CHECKING:
    from typing import Any


class One(Protocol):
    """One session."""

    number: int
    began: float

    @property
    def client(self) -> Any:
        """The client, with its addresses ``peer`` and ``local``."""

    @property
    def target(self) -> Conn | None:
        """The onward connection; None while it is dialled."""

    @property
    def moved(self) -> Moved:
        """The number of bytes moved in each direction."""

    def listing(self) -> dict[str, object]:
        """Return the session's row for --control."""

    def give_up(self) -> None:
        """End the session now, and call its ``left``."""


def listed(one: One, where: Address | None) -> dict[str, object]:
    """Return a session's row for --control.

    Arguments:
        where: the onward address; None while it is dialled.
    """
    return {
        "number": one.number,
        "peer": str(one.client.peer),
        "target": None if where is None else str(where),
        "sent": one.moved.sent,
        "received": one.moved.received,
        "seconds": round(time.monotonic() - one.began, 3),
    }


class Inside(Protocol):
    """All sessions: Clients (programs/shared/clients.py) or Peers (peers.py)."""

    listener: Any
    options: Any

    @property
    def sessions(self) -> Iterable[Any]:
        """The sessions, each a One."""

    def open(self) -> None:
        """Start to accept clients."""

    def come_by(self, listener: Any, /) -> None:
        """Accept clients from another listener; the first one is closed."""

    def refuse(self) -> None:
        """Close the listener."""

    def last_call(self) -> None:
        """Accept the clients that wait already, and no more; sessions continue."""

    def break_off(self) -> None:
        """End all sessions, by RST where the protocol has one."""
