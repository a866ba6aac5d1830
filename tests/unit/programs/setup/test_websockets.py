"""The Wish, Offer and Framing that the options of a WebSocket result in."""

from __future__ import annotations

import pytest

from pync.dialects.pync import parse

pytest.importorskip("wsproto", reason="wsproto is not installed")

from pync.layers.websocket import Framing
from pync.layers.websocket_handshake import Offer, Wish
from pync.programs.setup.websockets import LARGEST_SHARED, delimiter_of, upgrade_of


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        (["ws://host"], Wish("host")),
        (["ws://host:8080/a?b=c"], Wish("host:8080", "/a?b=c")),
        (["wss://host"], Wish("host")),
        (["wss://host:80"], Wish("host:80")),
        (["ws://[::1%lo]"], Wish("[::1]")),
        (["ws://me:secret@host?q"], Wish("host", "/?q", "me:secret")),
        (["ws://host/ü x"], Wish("host", "/%C3%BC%20x")),
        (["--header=Cookie: a=b", "ws://host"], Wish("host", headers=((b"Cookie", b"a=b"),))),
        (["--header=Host: other", "ws://host"], Wish("other")),
        (["--origin=http://x", "ws://host"], Wish("host", headers=((b"Origin", b"http://x"),))),
        (
            ["--subprotocol=a", "--subprotocol=b", "--ws-deflate", "ws://host"],
            Wish("host", subprotocols=("a", "b"), deflate=True),
        ),
    ],
)
def test_request_of_a_client(words: list[str], wish: Wish) -> None:
    assert upgrade_of(parse(words)).how == wish


def test_clients_that_a_listener_accepts() -> None:
    assert upgrade_of(parse(["-l", "ws://:80"])).how == Offer()
    words = ["-l", "--origin=*", "--subprotocol=a", "--header=A: b", "ws://u:p@:80/x"]
    offer = Offer("/x", "u:p", ("*",), ((b"A", b"b"),), ("a",))
    assert upgrade_of(parse(words)).how == offer


@pytest.mark.parametrize(
    ("words", "framing"),
    [
        ([], Framing()),
        (["--ws-text"], Framing(kind="text")),
        (["--ws-binary"], Framing(None, "binary")),
        (["--delimiter=\\0"], Framing(b"\0")),
        (["--ws-binary", "--delimiter=x"], Framing(b"x", "binary")),
        (["-lk", "--broker"], Framing(whole=LARGEST_SHARED)),
    ],
)
def test_framing(words: list[str], framing: Framing) -> None:
    config = parse([*words, "ws://host"])
    assert upgrade_of(config).framing == framing
    assert delimiter_of(config) == framing.delimiter


def test_ping_interval_and_timeout() -> None:
    upgrade = upgrade_of(parse(["--ping-interval=30", "--connect-timeout=3", "ws://host"]))
    assert (upgrade.ping_interval, upgrade.timeout) == (30.0, 3.0)
