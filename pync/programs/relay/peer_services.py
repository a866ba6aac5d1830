"""The parameters of the sessions of a datagram relay: the common ones, and each one's client."""

from __future__ import annotations

from collections.abc import Callable

from ...core.address import Address
from ...core.events import Report
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.pipeline import Pipeline
from ...engine.resolver import Resolver
from .onward import Onward

if TYPE_CHECKING:
    from typing import Any

    from ...engine.record import Recorder
    from .spoiling import SpoiledRelay


class PeerServices(NamedTuple):
    """The parameters that all sessions share; see RelaySetup.

    ``make_room``: ends the session that has been silent longest; returns whether there was one.
    ``roomy``: called with a session whose last waiting datagram was sent. ``active``: called with a
    session that has sent or received a datagram.
    """

    onward: Onward
    resolver: Resolver
    pipeline: Callable[[], Pipeline]
    recorder: Callable[[int, Address], Recorder] | None
    report: Report
    spoiled: SpoiledRelay | None
    make_room: Callable[[], bool] = lambda: False
    roomy: Callable[[Any], None] = lambda _: None
    active: Callable[[Any], None] = lambda _: None


class Client(NamedTuple):
    """The peer's address, and the address that it has sent to."""

    peer: Address
    local: Address
