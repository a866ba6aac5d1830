"""The messages of pync: events, with and without -v, and errors."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import DialError
from pync.core.events import AttemptFailed, Connected, Event, LineCut, PeerEnded, Scanned
from pync.core.server_events import Accepted, Dropped, Exposed, Failed, Listening, Proxied
from pync.dialects.pync.messages import complain, say

V4 = Address("tcp", "127.0.0.1", "9")
UDP = Address("udp", "127.0.0.1", "9")
EXPOSED = (
    "pync: warning: anyone who can connect to tcp://0.0.0.0:9 can use the proxy; "
    "restrict it with -l 127.0.0.1 PORT or --allow"
)
REFUSED = DialError("dial", V4, "connection refused")
CUT = (
    "pync: a line has 4095 bytes, the most that the terminal keeps: what was typed after"
    " them is lost (--edit takes longer lines, and so does a pipe)"
)


@pytest.mark.parametrize(
    ("event", "quietly", "verbosely"),
    [
        (Listening(Address("tcp", "0.0.0.0", "9")), None, "Listening on 0.0.0.0 9"),
        (Listening(Address("udp", "0.0.0.0", "9")), None, "Bound on 0.0.0.0 9"),
        (Listening(Address("unix", path="a")), None, "Listening on a"),
        (LineCut(4095), CUT, CUT),
        (Accepted(V4), None, "Connection received on 127.0.0.1 9"),
        (Accepted(Address("unix")), None, "Connection received on (unnamed)"),
        (
            Connected(V4._replace(service="60001"), "localhost"),
            None,
            "Connection to localhost (127.0.0.1) 60001 port [tcp/*] succeeded!",
        ),
        (
            Connected(V4._replace(service="60001"), "127.0.0.1"),
            None,
            "Connection to 127.0.0.1 60001 port [tcp/*] succeeded!",
        ),
        (
            Connected(UDP._replace(service="60001"), ""),
            None,
            "Sending to 127.0.0.1 60001 port [udp/*]",
        ),
        (
            Proxied(V4, V4._replace(host="h")),
            None,
            "Connection from 127.0.0.1 9 goes to h 9",
        ),
        (Proxied(Address("unix"), V4), None, "Connection from (unnamed) goes to 127.0.0.1 9"),
        (Dropped(V4, "why"), None, "Connection from 127.0.0.1 9 dropped: why"),
        (Dropped(Address("unix"), "why"), None, "Connection from (unnamed) dropped: why"),
        (
            Exposed(Address("tcp", "0.0.0.0", "9"), "use the proxy"),
            EXPOSED,
            EXPOSED,
        ),
        (AttemptFailed(V4, "no"), None, "pync: dial tcp://127.0.0.1:9: no"),
        (
            Scanned(V4._replace(service="60001"), "", "open"),
            None,
            "Connection to 127.0.0.1 60001 port [tcp/*] succeeded!",
        ),
        (Scanned(V4, "", "closed"), None, None),
        (
            Scanned(UDP._replace(service="60001"), "", "open|filtered"),
            "127.0.0.1 60001 port [udp/*] open|filtered",
            "127.0.0.1 60001 port [udp/*] open|filtered",
        ),
        (PeerEnded(V4), None, None),
        (Failed(REFUSED), complain(REFUSED, None), complain(REFUSED, None)),
    ],
)
def test_event_messages(event: Event, quietly: str | None, verbosely: str | None) -> None:
    assert say(event, Config(), False) == quietly
    assert say(event, Config(verbose=1), False) == verbosely


def test_terminal_user_is_told_that_the_peer_closed() -> None:
    assert say(PeerEnded(V4), Config(), True) == "Connection closed by foreign host."


def test_service_name_of_a_known_port() -> None:
    said = say(Scanned(V4._replace(service="22"), "", "open"), Config(verbose=1), False)
    assert said == "Connection to 127.0.0.1 22 port [tcp/ssh] succeeded!"


def test_error_message() -> None:
    assert complain(REFUSED, None) == (
        "pync: dial tcp://127.0.0.1:9: connection refused (is a server listening there?)"
    )
