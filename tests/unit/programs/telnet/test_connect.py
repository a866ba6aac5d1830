"""Each address is printed before the connection attempt."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.errors import DialError
from pync.core.events import AttemptFailed, Event, Told, Trying
from pync.programs.telnet.connect import dial
from pync.transports import Options, tcp
from pync.transports.internet import Endpoint

from ....peer import Server


def test_address_answers(host: Server) -> None:
    said: list[Event] = []
    conn = dial(Address("tcp", "127.0.0.1", host.port), Options(), said.append)
    assert conn is not None
    conn.close()
    assert said == [Trying(Address("tcp", "127.0.0.1", host.port))]


def test_next_address_is_tried(host: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    host.sock.listen()
    ends = [Endpoint(2, ("127.0.0.1", 1)), Endpoint(2, ("127.0.0.1", int(host.port)))]
    monkeypatch.setattr(tcp, "resolve", lambda *_: ends)
    said: list[Event] = []
    conn = dial(Address("tcp", "many", host.port), Options(), said.append)
    assert conn is not None
    conn.close()
    assert [type(event) for event in said] == [Trying, AttemptFailed, Trying]
    said.clear()
    monkeypatch.setattr(tcp, "resolve", lambda *_: ends[:1] * 2)
    with pytest.raises(DialError, match="refused"):
        dial(Address("tcp", "many", "1"), Options(), said.append)
    assert [type(event) for event in said] == [Trying, AttemptFailed, Trying]


@pytest.mark.parametrize(
    ("address", "options", "said"),
    [
        (
            Address("tcp", "127.0.0.1", "no-such-service"),
            Options(),
            "Server lookup failure:  127.0.0.1:no-such-service, "
            "Servname not supported for ai_socktype",
        ),
        (Address("tcp", "::1", "1"), Options(family=4), "Server lookup failure:  ::1:1, "),
        (
            Address("tcp", "127.0.0.1", "1"),
            Options(source="nope", numeric=True),
            "Could not resolve",
        ),
    ],
)
def test_unknown_names_and_services(address: Address, options: Options, said: str) -> None:
    heard: list[Event] = []
    assert dial(address, options, heard.append) is None
    assert isinstance(heard[0], Told)
    assert heard[0].text.startswith(said)
