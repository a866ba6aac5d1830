"""A relay between two WebSockets keeps message types, message boundaries and close codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..frames import BINARY, CLOSE, NORMAL, PING, PONG, TEXT, accepts, asks, frame, hears, masked
from ..peer import Peer, Server, connected
from ..programs import Program
from .conftest import Start, heard_port

pytest.importorskip("wsproto", reason="wsproto is not installed")

#: The first frame of a fragmented text message, and a continuation frame that is not the last.
BEGUN, MORE, LAST = b"\x01", b"\x00", b"\x80"


@contextmanager
def joined(pync: Start, server: Server, *words: object) -> Iterator[tuple[Peer, Peer, Program]]:
    """A client and the server, connected by a relay."""
    program = pync("-lkv", *words, "ws://127.0.0.1:0", f"ws://127.0.0.1:{server.port}/x")
    with connected(heard_port(program)) as client:
        asks(client)
        yield client, accepts(server), program


def test_messages_keep_their_type_and_boundaries(pync: Start, server: Server) -> None:
    with joined(pync, server) as (client, target, _):
        for kind, data in ((TEXT, b"one"), (BINARY, b"\xfftwo"), (TEXT, b""), (BINARY, b"")):
            client.says(masked(kind, data))
            hears(target, kind, data)
            target.says(frame(kind, data))
            client.hears(frame(kind, data))
        # Two messages that are sent together remain two.
        client.says(masked(TEXT, b"a") + masked(TEXT, b"b"))
        hears(target, TEXT, b"a")
        hears(target, TEXT, b"b")


def test_pings_are_not_relayed(pync: Start, server: Server) -> None:
    with joined(pync, server) as (client, target, _):
        client.says(masked(PING, b"p"))
        client.hears(frame(PONG, b"p"))
        target.says(frame(PING, b"q"))
        hears(target, PONG, b"q")


def test_unfinished_message_is_relayed_in_parts(pync: Start, server: Server) -> None:
    with joined(pync, server) as (client, target, _):
        client.says(masked(BEGUN, b"be"))
        hears(target, BEGUN, b"be")
        client.says(masked(PING, b"p") + masked(MORE, b"g\xc3"))
        client.hears(frame(PONG, b"p"))
        # Half a character waits for its other half.
        hears(target, MORE, b"g")
        client.says(masked(LAST, b"\xbc"))
        hears(target, LAST, "ü".encode())


@pytest.mark.parametrize(
    "close",
    [b"\x03\xe8", b"\x03\xe9", b"", b"\x03\xf0not allowed", b"\x0f\xa0", b"\x0f\xa1bye"],
)
def test_close_by_the_client_keeps_its_code_and_reason(
    pync: Start, server: Server, close: bytes
) -> None:
    with joined(pync, server) as (client, target, program):
        client.says(masked(TEXT, b"last words") + masked(CLOSE, close))
        hears(target, TEXT, b"last words")
        hears(target, CLOSE, close)
        target.says(frame(CLOSE, close))
        client.hears(frame(CLOSE, close))
        client.hears_end()
        target.hears_end()
        program.hears(rb"closed: 10 bytes sent, 0 received")


@pytest.mark.parametrize("close", [b"\x03\xe8", b"\x03\xf3overload", b"\x0f\xa1bye"])
def test_close_by_the_target_keeps_its_code_and_reason(
    pync: Start, server: Server, close: bytes
) -> None:
    with joined(pync, server) as (client, target, _):
        target.says(frame(TEXT, b"last words") + frame(CLOSE, close))
        client.hears(frame(TEXT, b"last words") + frame(CLOSE, close))
        hears(target, CLOSE, close)
        client.says(masked(CLOSE, close))
        client.hears_end()
        target.hears_end()


def test_data_from_the_target_is_dropped_while_the_client_closes(
    pync: Start, server: Server
) -> None:
    with joined(pync, server) as (client, target, program):
        client.says(masked(CLOSE, b"\x03\xe8"))
        client.hears(NORMAL)
        target.says(frame(TEXT, b"too late") * 100)
        hears(target, CLOSE, b"\x03\xe8")
        target.says(NORMAL)
        client.hears_end()
        program.hears(rb" closed: ")


@pytest.mark.parametrize("last", [b"", masked(TEXT, b"\xff"), b"\xff\x80"])
def test_client_that_ends_without_close_resets_the_target(
    pync: Start, server: Server, last: bytes
) -> None:
    with joined(pync, server) as (client, target, _):
        client.says(masked(TEXT, b"x"))
        hears(target, TEXT, b"x")
        client.says(last)
        client.half_closes()
        assert target.is_reset()


def test_target_that_does_not_read_blocks_its_client(pync: Start, server: Server) -> None:
    with joined(pync, server) as (client, target, _):
        # A message of many frames that is never finished.
        client.says(masked(BEGUN, b"x"))
        part = MORE + b"\xfe\xff\xff" + bytes(4) + b"y" * 65535
        taken = client.offers(part * 1000)
        assert taken < len(part) * 1000
        hears(target, BEGUN, b"x")
        # When the target reads, everything arrives.
        assert len(target.sock.recv(1 << 16)) > 0


def test_recording_does_not_change_messages(pync: Start, server: Server, tmp_path: Path) -> None:
    record = tmp_path / "record"
    with joined(pync, server, "--output", record) as (client, target, program):
        client.says(masked(TEXT, b"question"))
        hears(target, TEXT, b"question")
        target.says(frame(TEXT, b"answer"))
        client.hears(frame(TEXT, b"answer"))
        client.says(masked(CLOSE, b""))
        hears(target, CLOSE, b"")
        target.says(frame(CLOSE, b""))
        program.hears(rb" closed: ")
    assert record.read_bytes() == b"questionanswer"


@pytest.mark.parametrize(("word", "kind"), [("--ws-binary", BINARY), ("--fault=delay=1ms", BINARY)])
def test_as_a_stream_messages_are_binary(
    pync: Start, server: Server, word: str, kind: bytes
) -> None:
    with joined(pync, server, word) as (client, target, _):
        client.says(masked(TEXT, b"text"))
        hears(target, kind, b"text")


def test_subprotocol_is_requested_on_both_sides(pync: Start, server: Server) -> None:
    program = pync(
        "-lkv", "--subprotocol=mqtt", "ws://127.0.0.1:0", f"ws://127.0.0.1:{server.port}/x"
    )
    with connected(heard_port(program)) as client:
        client.says(
            b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
        )
        assert b"mqtt" in client.hears_to(b"\r\n\r\n", 10)
        target = server.accepts()
        assert b"Sec-WebSocket-Protocol: mqtt\r\n" in target.hears_to(b"\r\n\r\n", 10)
