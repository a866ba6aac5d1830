"""The messages of nc.traditional."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import (
    DialError,
    ExecError,
    ListenError,
    OutputError,
    RelayError,
    UsageError,
)
from pync.core.events import AttemptFailed, Connected, Event, Finished, Scanned
from pync.core.server_events import Accepted, Denied, Exposed, Failed, Listening
from pync.dialects import Said
from pync.dialects.traditional import parse
from pync.dialects.traditional.messages import TraditionalOptionError, complain, say

PEER = Address("tcp4", "127.0.0.1", "60001")
US = PEER._replace(service="9")
REFUSED = "(UNKNOWN) [127.0.0.1] 60001 (?) : Connection refused"
COUNTS = " sent 0, rcvd 0"


def config_for(options: str) -> Config:
    return parse([*options.split(), "127.0.0.1", "60001"])


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Listening(US._replace(host="0.0.0.0")), ("listening on [any] 9 ...",)),
        (Listening(US), ("listening on [127.0.0.1] 9 ...",)),
        (Accepted(PEER, US), "connect to [127.0.0.1] from (UNKNOWN) [127.0.0.1] 60001"),
        (Accepted(PEER), "connect to [any] from (UNKNOWN) [127.0.0.1] 60001"),
        (Denied(PEER, "not allowed"), "invalid connection from (UNKNOWN) [127.0.0.1] 60001"),
        (Connected(PEER, ""), ("(UNKNOWN) [127.0.0.1] 60001 (?) open",)),
        (Scanned(PEER, "", "open"), ("(UNKNOWN) [127.0.0.1] 60001 (?) open",)),
        (Scanned(PEER, "", "closed"), ()),
        (AttemptFailed(PEER, "connection refused"), (REFUSED,)),
        (Finished(PEER, 3, 4, 0.5), None),
        (Failed(DialError("dial", PEER, "x", ((PEER, "connection refused"),))), (REFUSED,)),
        (
            Exposed(US, "run the command"),
            "every machine that reaches 127.0.0.1 port 9 can run the command",
        ),
    ],
)
def test_verbose_messages(event: Event, said: Said) -> None:
    assert say(event, config_for("-vn"), False) == said


@pytest.mark.parametrize(
    ("options", "event", "said"),
    [
        ("-n", Connected(PEER, ""), None),
        ("-n", AttemptFailed(PEER, "connection refused"), (REFUSED,)),
        ("-zn", AttemptFailed(PEER, "connection refused"), ()),
        ("-vvn", Finished(PEER, 3, 4, 0.5), " sent 3, rcvd 4"),
        ("-vvzn", Scanned(PEER, "", "closed"), (COUNTS,)),
        (
            "-uvzn",
            Scanned(PEER._replace(scheme="udp4"), "", "open|filtered"),
            ("(UNKNOWN) [127.0.0.1] 60001 (?) open|filtered",),
        ),
    ],
)
def test_messages_depend_on_options(options: str, event: Event, said: Said) -> None:
    assert say(event, config_for(options), False) == said


def test_closed_port_in_a_range_is_reported_only_with_vv() -> None:
    event = AttemptFailed(PEER, "connection refused")
    assert say(event, parse(["-vzn", "127.0.0.1", "60001-60002"]), False) == ()
    assert say(event, parse(["-vvzn", "127.0.0.1", "60001-60002"]), False) == (REFUSED,)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UsageError("no destination"), "no destination"),
        (
            TraditionalOptionError("invalid option -- 'y'"),
            ("nc.traditional: invalid option -- 'y'", "nc -h for help"),
        ),
        (
            DialError("dial", PEER, "name or service not known"),
            "127.0.0.1: forward host lookup failed: Unknown host",
        ),
        (
            DialError("dial", PEER, "cannot assign requested address", ((PEER, "x"),)),
            "Can't grab 0.0.0.0:0 with bind : Cannot assign requested address",
        ),
        (
            ListenError("listen", US, "address already in use"),
            "Can't grab 127.0.0.1:9 with bind : Address already in use",
        ),
        (
            ListenError("listen", US, "name or service not known"),
            "127.0.0.1: forward host lookup failed: Unknown host",
        ),
        (ListenError("accept", US, "timed out"), "no connection : Connection timed out"),
        (
            ExecError("exec", "./cat", "no such file or directory"),
            "exec cat failed : No such file or directory",
        ),
        (
            OutputError("open", "/x", "permission denied"),
            "can't open /x : Permission denied",
        ),
        (RelayError("relay", PEER, "connection reset by peer"), None),
    ],
)
def test_error_messages(error: Exception, said: Said) -> None:
    assert complain(error, config_for("-n")) == said
