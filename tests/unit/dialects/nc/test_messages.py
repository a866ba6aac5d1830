"""The messages of nc."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import (
    DialError,
    ListenError,
    OutputError,
    ProxyError,
    RelayError,
    UsageError,
)
from pync.core.events import AttemptFailed, Connected, Event, Scanned
from pync.core.server_events import Accepted, Bound, Listening
from pync.dialects.nc.messages import SHORT_USAGE, NcUsageError, complain, say

V4 = Address("tcp", "127.0.0.1", "60001")
UDP = V4._replace(scheme="udp")
PATH = Address("unix", path="/a")
ASKED = Config(verbose=1, nodns=True, address=Address("tcp", "localhost", "60001"))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Listening(V4), "Listening on 127.0.0.1 60001"),
        (Listening(UDP), "Bound on 127.0.0.1 60001"),
        (Listening(PATH), ("Bound on /a", "Listening on /a")),
        (Listening(PATH._replace(scheme="unixgram")), "Bound on /a"),
        (Bound(PATH), "Bound on /a"),
        (Accepted(V4), "Connection received on 127.0.0.1 60001"),
        (
            Connected(V4, "localhost"),
            "Connection to localhost (127.0.0.1) 60001 port [tcp/*] succeeded!",
        ),
        (Connected(PATH, ""), None),
        (Connected(UDP, ""), "Connection to 127.0.0.1 60001 port [udp/*] open|filtered"),
        (Scanned(V4, "127.0.0.1", "open"), "Connection to 127.0.0.1 60001 port [tcp/*] succeeded!"),
        (Scanned(V4, "", "closed"), None),
        (
            Scanned(UDP, "", "open|filtered"),
            "Connection to 127.0.0.1 60001 port [udp/*] open|filtered",
        ),
        (
            AttemptFailed(V4, "connection refused"),
            "nc: connect to localhost (127.0.0.1) port 60001 (tcp) failed: Connection refused",
        ),
    ],
)
def test_event_messages_need_v(event: Event, said: object) -> None:
    assert say(event, ASKED, False) == said
    assert say(event, Config(), False) is None


def test_missing_path_is_always_reported() -> None:
    event = AttemptFailed(PATH, "no such file or directory")
    assert say(event, Config(), False) == "nc: /a: No such file or directory"


def test_names_are_looked_up_unless_n_is_given() -> None:
    config = ASKED._replace(nodns=False)
    assert say(Accepted(V4), config, False) == "Connection received on localhost 60001"
    web = Connected(V4._replace(service="80"), "127.0.0.1")
    assert say(web, config, False) == "Connection to 127.0.0.1 80 port [tcp/http] succeeded!"


REFUSED = DialError("dial", V4, "connection refused", ((V4, "connection refused"),))


@pytest.mark.parametrize(
    ("error", "config", "said"),
    [
        (UsageError("cannot use -z and -l"), None, "nc: cannot use -z and -l"),
        (NcUsageError(""), None, tuple(SHORT_USAGE.split("\n"))),
        (ListenError("listen", V4, "address already in use"), ASKED, "nc: Address already in use"),
        (RelayError("relay", V4, "connection reset by peer"), ASKED, None),
        (REFUSED, Config(), None),
        (
            REFUSED,
            ASKED,
            "nc: connect to localhost (127.0.0.1) port 60001 (tcp) failed: Connection refused",
        ),
        (
            DialError("dial", V4, "timed out", ((V4, "timed out"),)),
            ASKED._replace(wait=1),
            "nc: connect to localhost (127.0.0.1) port 60001 (tcp) timed out: "
            "Operation now in progress",
        ),
        (
            DialError("dial", V4, "name or service not known"),
            Config(),
            'nc: getaddrinfo for host "127.0.0.1" port 60001: Name or service not known',
        ),
        (
            DialError("dial", PATH, "no such file or directory"),
            None,
            "nc: /a: No such file or directory",
        ),
        (
            OutputError("write", "x", "no space left on device"),
            None,
            "nc: write: No space left on device",
        ),
    ],
)
def test_error_messages(error: Exception, config: Config | None, said: object) -> None:
    assert complain(error, config) == said


@pytest.mark.parametrize(
    ("code", "answer", "said"),
    [
        ("socks5/5", "", "nc: connection failed, SOCKSv5 error: Connection refused"),
        ("socks5/77", "", "nc: connection failed, SOCKSv5 error: Unknown error"),
        ("socks4/91", "", "nc: connection failed, SOCKSv4 error: Request rejected or failed"),
        ("ended/1/2", "", "nc: read failed (1/3): Broken pipe"),
        ("ended/status", "", "nc: proxy read: Broken pipe"),
        ("http/220 mail", "", 'nc: Proxy error: "220 mail"'),
        ("", "HTTP/1.0 403 no", 'nc: Proxy error: "HTTP/1.0 403 no"'),
        ("", "", "nc: why"),
    ],
)
def test_refusal_by_a_proxy(code: str, answer: str, said: str) -> None:
    assert complain(ProxyError("dial", "x", "why", None, answer, code), None) == said
