"""The services that all sessions of a datagram relay share."""

from __future__ import annotations

from typing import Any, cast

from pync.core.events import silent
from pync.engine.pipeline import Pipeline
from pync.programs.relay.peer_services import PeerServices


def test_default_callbacks() -> None:
    nothing = cast("Any", None)
    services = PeerServices(nothing, nothing, Pipeline, None, silent, None)
    assert services.make_room() is False
    services.roomy(object())
    services.active(object())
