"""Events are plain values."""

from __future__ import annotations

from pync.core.address import Address
from pync.core.events import silent
from pync.core.server_events import Listening


def test_event_holds_its_values() -> None:
    address = Address("tcp", "127.0.0.1", "9")
    assert Listening(address).address is address
    assert Listening(address) == Listening(address._replace())


def test_silent_ignores_every_event() -> None:
    silent(Listening(Address("tcp")))
