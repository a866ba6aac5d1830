"""The steps on a new connection before data is exchanged."""

from __future__ import annotations

import pytest

from pync.core.events import Event, silent
from pync.core.server_events import PeerProcess
from pync.programs.shared.entry import Entry, welcome
from pync.transports.conn import StreamConn
from pync.transports.memory import pair
from pync.transports.telnet import TelnetConn


@pytest.mark.parametrize("entry", [None, Entry()])
def test_connection_is_unchanged_by_default(entry: Entry | None) -> None:
    near, far = pair()
    with far, welcome(near, entry, silent) as conn:
        assert conn is near


def test_telnet() -> None:
    near, far = pair()
    with far, welcome(near, Entry(telnet=True), silent) as conn:
        assert isinstance(conn, TelnetConn)


@pytest.mark.parametrize(("details", "told"), [(True, 1), (False, 0)])
def test_process_of_the_peer_is_reported_with_details(
    details: bool, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StreamConn, "peer_process", lambda _: 7, raising=False)
    near, far = pair()
    events: list[Event] = []
    with far, welcome(near, Entry(details=details), events.append):
        assert events == [PeerProcess(near.peer, 7)] * told
