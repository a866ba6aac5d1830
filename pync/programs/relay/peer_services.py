"""What the sessions of a relay of datagrams are given: what all share, and whom each is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core.address import Address
from ...core.events import Report
from ...engine.pipeline import Pipeline
from ...engine.resolver import Resolver
from .onward import Onward

if TYPE_CHECKING:
    from ...engine.record import Recorder
    from .spoiling import SpoiledRelay


class PeerServices(NamedTuple):
    """What all sessions share; see RelaySetup.

    ``make_room``: ends the session that has been silent longest; says whether there was one.
    ``roomy``: is told of a session for which nothing waits any more. ``active``: of one over which
    something has moved.
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
    """The peer, and what it has sent to."""

    peer: Address
    local: Address
