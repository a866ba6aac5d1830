"""Connecting repeatedly (--ping): counts, name look-ups, and ends."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from pync.core.address import Address
from pync.core.errors import Terminated, UnresolvedError
from pync.core.events import Event
from pync.core.pings import Pinged, PingsDone
from pync.programs.ping import PingSetup, run
from pync.programs.shared.connect import DialSetup
from pync.transports import Options, listen


def run_ping(address: Address, times: int | None, tell: Callable[[Event], None]) -> int:
    return run(PingSetup(DialSetup(address, Options(timeout=5)), times, 0.0), tell)


def test_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    look_up: Callable[..., Any] = socket.getaddrinfo

    def counting(host: Any, *rest: Any) -> Any:
        asked.append(host)
        return look_up(host, *rest)

    with listen(Address("tcp", "127.0.0.1", "0")) as listener:
        monkeypatch.setattr(socket, "getaddrinfo", counting)
        events: list[Event] = []
        named = Address("tcp", "localhost", listener.address.service)
        assert run_ping(named, 3, events.append) == 0
    assert asked == [b"localhost", b"127.0.0.1", b"127.0.0.1"]
    *each, done = events
    found = [one for one in each if isinstance(one, Pinged)]
    assert [(one.number, one.state, one.lookup is not None) for one in found] == [
        (1, "connected", True),
        (2, "connected", False),
        (3, "connected", False),
    ]
    assert isinstance(done, PingsDone)
    assert (done.sent, done.connected, done.lost, done.loss) == (3, 3, 0, 0.0)
    assert 0 < (done.minimum or 0) <= (done.average or 0) <= (done.maximum or 0)


def test_refusals_are_counted_separately() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        events: list[Event] = []
        address = Address("tcp", "127.0.0.1", str(reserved.getsockname()[1]))
        assert run_ping(address, 2, events.append) == 1
    *each, done = events
    assert [type(one) is Pinged and one.state for one in each] == ["refused", "refused"]
    assert isinstance(done, PingsDone)
    assert (done.sent, done.connected, done.refused, done.lost, done.loss) == (2, 0, 2, 0, 0.0)


def test_unknown_name_is_an_error_at_once() -> None:
    with pytest.raises(UnresolvedError):
        run_ping(Address("tcp", "nosuch.invalid", "1"), None, lambda _: None)


@pytest.mark.parametrize("signal", [KeyboardInterrupt(), Terminated(15)])
def test_signal_ends_with_the_summary(signal: BaseException) -> None:
    events: list[Event] = []

    def tell(event: Event) -> None:
        events.append(event)
        if isinstance(event, Pinged) and event.number == 2:
            raise signal

    with listen(Address("tcp", "127.0.0.1", "0")) as listener:
        if isinstance(signal, Terminated):
            with pytest.raises(Terminated):
                run_ping(listener.address, None, tell)
        else:
            assert run_ping(listener.address, None, tell) == 0
    assert isinstance(events[-1], PingsDone)
    assert events[-1].sent == 2
