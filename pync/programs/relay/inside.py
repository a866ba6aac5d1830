"""Who is inside a relay, whether they are connections or peers: what serving and spoiling ask."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Protocol

from ...core.address import Address
from ...engine.pipeline import Moved
from ...transports.conn import Conn


class One(Protocol):
    """One of them."""

    number: int
    began: float

    @property
    def client(self) -> Any:
        """Who has ``peer`` and ``local``, the addresses."""
        ...

    @property
    def target(self) -> Conn | None:
        """Where it goes on to; None while that is dialled."""
        ...

    @property
    def moved(self) -> Moved:
        """How many bytes have gone each way."""
        ...

    def listing(self) -> dict[str, object]:
        """It, as those see it who control the relay."""
        ...

    def give_up(self) -> None:
        """End it now, and say that it is over."""
        ...


def listed(one: One, where: Address | None) -> dict[str, object]:
    """One of them, as those see it who control the relay.

    Arguments:
        where: the address that it goes on to; None while that is dialled.
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
    """All of them: Clients (programs/shared/clients.py), Peers (peers.py)."""

    listener: Any
    options: Any

    @property
    def sessions(self) -> Iterable[Any]:
        """Each a One."""
        ...

    def open(self) -> None:
        """Let others come."""
        ...

    def come_by(self, listener: Any, /) -> None:
        """Let others come by another listener, now that the first one is closed."""
        ...

    def refuse(self) -> None:
        """Close the listener."""
        ...

    def last_call(self) -> None:
        """Let in who has come already, and then nobody any more; those inside go on."""
        ...

    def break_off(self) -> None:
        """Let go of all, by RST where there is such a thing."""
        ...
