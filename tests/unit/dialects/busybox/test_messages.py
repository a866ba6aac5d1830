"""The messages of busybox nc."""

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
from pync.dialects.busybox import parse
from pync.dialects.busybox.messages import BusyboxUsageError, complain, say

PEER = Address("tcp", "127.0.0.1", "60001")
PEER6 = PEER._replace(host="::1")
US = PEER._replace(service="9")


def config_for(options: str) -> Config:
    return parse([*options.split(), "127.0.0.1", "60001"])


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Listening(US), "listening on 127.0.0.1:9 ..."),
        (Listening(US._replace(host="::")), "listening on [::]:9 ..."),
        (Accepted(PEER, US), "connect to 127.0.0.1:9 from 127.0.0.1:60001 (127.0.0.1:60001)"),
        (Accepted(PEER), "connect from 127.0.0.1:60001 (127.0.0.1:60001)"),
        (Denied(PEER, "not allowed"), "nc: connect from wrong ip/port 127.0.0.1:60001 ignored"),
        (Connected(PEER, ""), "127.0.0.1 (127.0.0.1:60001) open"),
        (Scanned(PEER, "", "open"), ("127.0.0.1 (127.0.0.1:60001) open",)),
        (Scanned(PEER, "", "closed"), ()),
        (AttemptFailed(PEER, "connection refused"), None),
        (Finished(PEER, 3, 4, 0.5), None),
        (Failed(ListenError("listen", US, "timed out")), "nc: timeout"),
        (
            Exposed(US, "run the command"),
            "nc: every machine that reaches 127.0.0.1:9 can run the command",
        ),
    ],
)
def test_verbose_messages(event: Event, said: Said) -> None:
    assert say(event, config_for("-vn"), False) == said


def test_vv_reports_failures_and_byte_counts() -> None:
    refused = "nc: 127.0.0.1 (127.0.0.1:60001): Connection refused"
    config = config_for("-vvn")
    assert say(AttemptFailed(PEER, "connection refused"), config, False) == refused
    assert say(Finished(PEER, 3, 4, 0.5), config, False) == "sent 3, rcvd 4"
    assert say(Scanned(PEER, "", "closed"), config, False) == ("sent 0, rcvd 0",)
    closed = Scanned(PEER._replace(scheme="udp"), "", "closed")
    assert say(closed, config_for("-uzvvn"), False) == (refused, "sent 0, rcvd 0")


def test_no_messages_without_v() -> None:
    assert say(Connected(PEER, ""), config_for(""), False) is None


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ("", UsageError("bad port 'x'"), "nc: bad port 'x'"),
        (
            "",
            DialError("dial", PEER, "connection refused", ((PEER, "connection refused"),)),
            "nc: can't connect to remote host (127.0.0.1): Connection refused",
        ),
        (
            "",
            DialError("dial", PEER6, "connection refused", ((PEER6, "connection refused"),)),
            "nc: can't connect to remote host: Connection refused",
        ),
        ("", DialError("dial", PEER, "timed out", ((PEER, "timed out"),)), "nc: timed out"),
        ("", DialError("dial", PEER, "name or service not known"), "nc: bad address '127.0.0.1'"),
        (
            "-v",
            DialError("dial", PEER, "connection refused", ((PEER, "connection refused"),)),
            (),
        ),
        (
            "-vv",
            DialError("dial", PEER, "connection refused", ((PEER, "connection refused"),)),
            ("nc: 127.0.0.1 (127.0.0.1:60001): Connection refused", "sent 0, rcvd 0"),
        ),
        (
            "-s 192.0.2.7",
            DialError("dial", PEER, "cannot assign requested address", ((PEER, "x"),)),
            "nc: bind: Cannot assign requested address",
        ),
        ("", ListenError("listen", US, "timed out"), "nc: timed out"),
        ("", ListenError("listen", US, "name or service not known"), "nc: bad address '127.0.0.1'"),
        (
            "",
            ListenError("listen", US, "address already in use"),
            "nc: bind: Address already in use",
        ),
        (
            "",
            ExecError("exec", "cat", "no such file or directory"),
            "nc: can't execute 'cat': No such file or directory",
        ),
        (
            "",
            OutputError("open", "/x", "permission denied"),
            "nc: can't open '/x': Permission denied",
        ),
        ("", RelayError("relay", PEER, "connection reset by peer"), None),
    ],
)
def test_error_messages(options: str, error: Exception, said: Said) -> None:
    assert complain(error, config_for(options)) == said


def test_wrong_option_shows_the_usage() -> None:
    lines = complain(BusyboxUsageError("invalid option -- 'y'"), None)
    assert isinstance(lines, tuple)
    assert lines[0] == "nc: invalid option -- 'y'"
    assert "Usage: nc [OPTIONS] HOST PORT  - connect" in lines
    assert complain(BusyboxUsageError(""), None) == lines[1:]
