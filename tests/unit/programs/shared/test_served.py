"""Clients that are served in parallel in this process."""

from __future__ import annotations

from pync.core.address import Address
from pync.core.events import Event, Report
from pync.core.server_events import Listening
from pync.programs.shared.listening import ListenSetup
from pync.programs.shared.served import serve_clients
from pync.transports.listener import Listener


def test_serve_clients() -> None:
    events: list[Event] = []
    served: list[Listener] = []

    def serve(setup: ListenSetup, listener: Listener, report: Report) -> None:
        assert setup.place is None
        assert events == [Listening(listener.address)]
        assert report == events.append
        served.append(listener)

    serve_clients(ListenSetup(Address("tcp", "127.0.0.1", "0")), events.append, serve)
    assert served[0].closed
