"""The messages of ncat."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.broken import HANDSHAKE_TIMED_OUT
from pync.core.config import Config
from pync.core.endings import Endings
from pync.core.errors import (
    DialError,
    IdleTimeoutError,
    ListenError,
    ProxyError,
    RelayError,
    TlsError,
    UsageError,
)
from pync.core.events import AttemptFailed, Connected, Event, Finished, Scanned
from pync.core.server_events import Accepted, Failed, Listening
from pync.dialects.ncat.messages import NcatOptionError, complain, say

V4 = Address("tcp", "127.0.0.1", "60001")
VERBOSE = Config(verbose=1)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Listening(V4), "Ncat: Listening on 127.0.0.1:60001"),
        (Listening(Address("tcp", "::", "9")), "Ncat: Listening on :::9"),
        (Connected(Address("tcp", "fe80::1%eth0", "9"), "x"), "Ncat: Connected to fe80::1:9."),
        (Connected(V4, "localhost"), "Ncat: Connected to 127.0.0.1:60001."),
        (
            Accepted(V4),
            ("Ncat: Connection from 127.0.0.1.", "Ncat: Connection from 127.0.0.1:60001."),
        ),
        (Accepted(V4._replace(scheme="udp")), "Ncat: Connection from 127.0.0.1."),
        (
            Accepted(Address("unix")),
            ("Ncat: Connection from a client on Unix domain socket.", "Ncat: Connection from ."),
        ),
        (Scanned(V4, "", "open"), "Ncat: Connected to 127.0.0.1:60001."),
        (Scanned(V4, "", "closed"), None),
        (
            AttemptFailed(V4, "connection refused"),
            (
                "Ncat: Connection to 127.0.0.1 failed: Connection refused.",
                "Ncat: Trying next address...",
            ),
        ),
        (
            AttemptFailed(V4, "timed out"),
            ("Ncat: Connection to 127.0.0.1 failed: TIMEOUT.", "Ncat: Trying next address..."),
        ),
        (AttemptFailed(V4, "connection refused", last=True), None),
        (Finished(V4, 3, 0, 0.031), "Ncat: 3 bytes sent, 0 bytes received in 0.03 seconds."),
    ],
)
def test_event_messages_need_v(event: Event, said: object) -> None:
    assert say(event, VERBOSE, False) == said
    assert say(event, Config(), False) is None


def test_last_failure_of_a_scan_is_an_error_message() -> None:
    scan = Config(verbose=1, zero_io=True)
    failed = AttemptFailed(V4, "connection refused", last=True)
    assert say(failed, scan, False) == "Ncat: Connection refused."
    assert say(failed, scan._replace(verbose=0), False) is None


def test_message_of_a_listener_with_test() -> None:
    assert say(Listening(V4), Config(test=True), False) == "NCAT TEST: LISTEN"


REFUSED = DialError("dial", V4, "connection refused", ((V4, "connection refused"),))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UsageError("No."), "Ncat: No. QUITTING."),
        (REFUSED, "Ncat: Connection refused."),
        (
            DialError("dial", V4._replace(host="x"), "name or service not known"),
            'Ncat: Could not resolve hostname "x": Name or service not known. QUITTING.',
        ),
        (DialError("dial", V4, "timed out", ((V4, "timed out"),)), "Ncat: TIMEOUT."),
        (TlsError("dial", V4, HANDSHAKE_TIMED_OUT), "Ncat: TIMEOUT."),
        (TlsError("dial", V4, "wrong version number"), "Ncat: Wrong version number."),
        (
            ListenError("listen", V4, "address already in use"),
            "Ncat: bind to 127.0.0.1:60001: Address already in use. QUITTING.",
        ),
        (RelayError("relay", V4, "connection reset by peer"), "Ncat: Connection reset by peer."),
        (IdleTimeoutError("relay", V4, "idle"), "Ncat: Idle timeout expired (300 ms)."),
    ],
)
def test_error_messages(error: Exception, said: str) -> None:
    config = Config(wait=1, endings=Endings(idle=0.3))
    assert complain(error, config) == said
    assert say(Failed(error), config, False) == said


def test_unknown_option_refers_to_help() -> None:
    said = complain(NcatOptionError("invalid option -- 'y'"), None)
    assert isinstance(said, tuple)
    assert said[0] == "ncat: invalid option -- 'y'"
    assert said[1].startswith("Ncat: Try `--help'")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("socks5/5", "Ncat: Error: Connection refused."),
        ("socks5/77", "Ncat: Error: unassigned value in the reply."),
        ("socks4/91", "Ncat: Proxy connection failed."),
        ("ended/1/8", "Ncat: Error: short response from proxy."),
        ("ended/header", "Ncat: Error reading proxy response header."),
        ("http/220 mail", "Ncat: Proxy returned status code -1."),
        ("ended/0/77", "Ncat: Why."),
    ],
)
def test_refusal_by_a_proxy(code: str, said: str) -> None:
    assert complain(ProxyError("dial", "x", "why", code=code), None) == said


def test_listener_does_not_report_a_broken_connection() -> None:
    error = RelayError("relay", V4, "connection reset by peer")
    assert complain(error, Config(listen=True, verbose=1)) is None
    assert complain(error, Config()) == "Ncat: Connection reset by peer."
