"""WebSockets on the command line: accepted and refused options, and messages."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.core.events import Event
from pync.core.server_events import Upgraded, WebsocketClosed
from pync.dialects.pync import parse, say

PEER = Address("tcp", "127.0.0.1", "80")


def test_wss_and_tls_options_imply_ssl() -> None:
    for words in (["wss://host/x"], ["--ssl", "ws://host:443/x"], ["--insecure", "wss://host/x"]):
        config = parse(words)
        assert config.ssl
        assert config.address == Address("wss", "host", "443", "/x")
    assert not parse(["ws://host"]).ssl


def test_endings_of_a_websocket_client() -> None:
    config = parse(["ws://host"])
    assert config.endings.eof_after == 2.0
    assert config.on_peer_end == ("leave", "stay", "waiting")
    assert parse(["-N", "ws://host"]).endings.eof_after is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-u", "ws://host"], "cannot use -u with ws://host:80"),
        (["-z", "ws://host"], "cannot use -z with ws://host:80"),
        (["-t", "ws://host"], "cannot use -t with ws://host:80"),
        (["-F", "ws://host"], "cannot use -F with ws://host:80"),
        (["--starttls=smtp", "ws://host"], "cannot use --starttls with ws://host:80"),
        (["--ws-text", "--ws-binary", "ws://host"], "cannot use --ws-text and --ws-binary"),
        (["--ws-binary", "host", "80"], "--ws-binary needs a WebSocket"),
        (["--header=a: b", "host", "80"], "--header needs a WebSocket"),
        (["--header=none", "ws://host"], "'none' is not NAME: VALUE"),
        (["--header=a b: c", "ws://host"], "'a b: c' is not NAME: VALUE"),
        (["--header=a: b\r\nc: d", "ws://host"], "is not NAME: VALUE"),
        (["--header=Upgrade: h2c", "ws://host"], "the handshake sets Upgrade itself"),
        (["--header=origin: x", "ws://host"], "itself: --origin=ORIGIN"),
        (["--origin=host", "ws://host"], "'host' is not an origin"),
        (["--origin=*", "ws://host"], "--origin of a client is one"),
        (["--origin=a://b", "--origin=a://c", "ws://host"], "--origin of a client is one"),
        (["--subprotocol=a, b", "ws://host"], "'a, b' is not a name"),
        (["--ping-interval=0", "ws://host"], "'0' is too short"),
        (["-l", "--ws-deflate", "ws://:80"], "--ws-deflate is a client's"),
        (["-l", "--broker", "--ws-text", "ws://:80"], "cannot use --ws-text with --broker"),
        (["-l", "--proxy-type=http", "ws://:80"], "cannot use --proxy-type and -l with ws://:80"),
        (["ws://"], "has no host to connect to"),
        (["ws://host/x#y"], "has no fragment"),
        (["ws://host:99999/"], "is not a valid port"),
    ],
)
def test_invalid_combinations(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words)
    assert said in str(caught.value)


def test_event_messages() -> None:
    pytest.importorskip("wsproto", reason="wsproto is not installed")
    config = parse(["-v", "ws://host"])
    events: dict[str, Event] = {
        "WebSocket /x": Upgraded(PEER, "/x", "", False),
        "WebSocket / (subprotocol chat, permessage-deflate)": Upgraded(PEER, "/", "chat", True),
        "WebSocket closed with 1000 (normal closure)": WebsocketClosed(PEER, 1000, ""),
        "WebSocket closed with 4001: bye? ?[31m": WebsocketClosed(PEER, 4001, "bye\n \x1b[31m"),
    }
    for said, event in events.items():
        assert say(event, config, False) == said
        assert say(event, config._replace(verbose=0), False) is None
