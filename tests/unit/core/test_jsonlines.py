"""Events as JSON: one object per line, with any data from a peer."""

from __future__ import annotations

import json

import pytest

from pync.core.address import Address
from pync.core.errors import DialError
from pync.core.events import Event, Finished, Scanned
from pync.core.jsonlines import as_line
from pync.core.server_events import Accepted, Failed, Proxied

PEER = Address("tcp", "::1", "9000")


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (
            Accepted(PEER),
            {
                "event": "accepted",
                "peer": "tcp://[::1]:9000",
                "host": "::1",
                "port": 9000,
                "handshake": None,
            },
        ),
        (
            Accepted(Address("unix", path="a.sock")),
            {"event": "accepted", "peer": "unix:a.sock", "handshake": None},
        ),
        (
            Proxied(PEER, Address("tcp", "example.org", "80")),
            {
                "event": "proxied",
                "peer": "tcp://[::1]:9000",
                "host": "::1",
                "port": 9000,
                "target": "tcp://example.org:80",
                "target_host": "example.org",
                "target_port": 80,
            },
        ),
        (
            Proxied(Address("unix", path="a.sock"), PEER),
            {
                "event": "proxied",
                "peer": "unix:a.sock",
                "target": "tcp://[::1]:9000",
                "target_host": "::1",
                "target_port": 9000,
            },
        ),
        (
            Scanned(PEER, "localhost", "open", b"SSH\r\n\xff"),
            {
                "event": "scanned",
                "address": "tcp://[::1]:9000",
                "host": "::1",
                "port": 9000,
                "asked": "localhost",
                "state": "open",
                "banner": "SSH\r\n\\xff",
            },
        ),
        (
            Failed(DialError("dial", PEER, "timed out")),
            {"event": "failed", "error": "dial tcp://[::1]:9000: timed out"},
        ),
    ],
)
def test_event_is_a_json_object(event: Event, fields: dict[str, object]) -> None:
    assert json.loads(as_line(event, 1.5)) == {**fields, "time": 1.5}


def test_names_are_lower_case_and_numbers_stay_numbers() -> None:
    told = json.loads(as_line(Finished(PEER, 3, 4, 0.5), 0.123456789))
    assert (told["event"], told["sent"], told["received"]) == ("finished", 3, 4)
    assert told["time"] == 0.123457


def test_output_is_a_single_ascii_line() -> None:
    line = as_line(Scanned(PEER, "h\nä\x1b[2J", "open", b"\x00\n\x1b\xe4"), 0)
    assert line.isascii()
    assert line.isprintable()
