"""Relays between WebSockets and other addresses: data both ways, and how closing is relayed."""

from __future__ import annotations

import pytest

from ..frames import BINARY, CLOSE, NORMAL, PING, PONG, TEXT, accepts, asks, frame, hears, masked
from ..peer import Server, connected
from .conftest import Start, heard_port

pytest.importorskip("wsproto", reason="wsproto is not installed")


CLOSED = masked(CLOSE, b"\x03\xe8")


def from_websocket(pync: Start, server: Server, *words: str) -> int:
    """Start a relay that accepts WebSocket clients; return its port."""
    program = pync("-lkv", *words, "ws://127.0.0.1:0", f"tcp://127.0.0.1:{server.port}")
    return heard_port(program)


def to_websocket(pync: Start, server: Server, *words: str) -> int:
    """Start a relay that connects to its target with WebSocket; return its port."""
    program = pync("-lkv", *words, "tcp://127.0.0.1:0", f"ws://127.0.0.1:{server.port}/x")
    return heard_port(program)


def test_messages_become_bytes_and_bytes_become_messages(pync: Start, server: Server) -> None:
    with connected(from_websocket(pync, server)) as client:
        asks(client)
        client.says(masked(BINARY, b"\x00one") + masked(TEXT, b"two") + masked(PING, b"p"))
        target = server.accepts()
        target.hears(b"\x00onetwo")
        client.hears(frame(PONG, b"p"))
        target.says(b"\xffback")
        client.hears(frame(BINARY, b"\xffback"))
        # The target's FIN becomes a Close frame for the client, and the reverse.
        target.half_closes()
        client.hears(NORMAL)
        client.says(CLOSED)
        target.hears_end()
        client.hears_end()


def test_lines_become_text_messages(pync: Start, server: Server) -> None:
    with connected(from_websocket(pync, server, "--ws-text")) as client:
        asks(client)
        client.says(masked(TEXT, b"one"))
        target = server.accepts()
        target.hears(b"one\n")
        target.says(b"a\nb\n")
        client.hears(frame(TEXT, b"a") + frame(TEXT, b"b"))


def test_client_that_closes_ends_its_target(pync: Start, server: Server) -> None:
    with connected(from_websocket(pync, server)) as client:
        asks(client)
        client.says(masked(BINARY, b"last words") + CLOSED)
        target = server.accepts()
        assert target.hears_rest() == b"last words"
        client.hears(NORMAL)
        target.closes()
        client.hears_end()


@pytest.mark.parametrize("last", [b"", masked(CLOSE, b"\x03\xf3"), b"\x81\x01x", b"\xff\x80"])
def test_client_that_ends_abnormally_resets_its_target(
    pync: Start, server: Server, last: bytes
) -> None:
    with connected(from_websocket(pync, server)) as client:
        asks(client)
        client.says(masked(BINARY, b"x"))
        target = server.accepts()
        target.hears(b"x")
        client.says(last)
        client.half_closes()
        assert target.is_reset()


def test_target_that_resets_resets_its_client(pync: Start, server: Server) -> None:
    with connected(from_websocket(pync, server)) as client:
        asks(client)
        client.says(masked(BINARY, b"x"))
        target = server.accepts()
        target.hears(b"x")
        target.resets()
        assert client.is_reset()


def test_from_tcp_to_a_websocket(pync: Start, server: Server) -> None:
    with connected(to_websocket(pync, server, "--header=Cookie: a=b")) as client:
        client.says(b"one\ntwo")
        target = accepts(server)
        hears(target, BINARY, b"one\ntwo")
        target.says(frame(TEXT, b"text") + frame(BINARY, b"\xff"))
        client.hears(b"text\xff")
        client.half_closes()
        # The relay waits for the answer: the target could not send it after our Close frame.
        target.says(frame(BINARY, b"answer"))
        client.hears(b"answer")
        hears(target, CLOSE, b"\x03\xe8")
        target.says(NORMAL)
        client.hears_end()


def test_target_that_closes_ends_its_client(pync: Start, server: Server) -> None:
    with connected(to_websocket(pync, server)) as client:
        target = accepts(server)
        target.says(frame(BINARY, b"bye") + NORMAL)
        assert client.hears_rest() == b"bye"
        hears(target, CLOSE, b"\x03\xe8")


@pytest.mark.parametrize("last", [b"", frame(CLOSE, b"\x03\xf3"), b"\x82\x05hal"])
def test_target_that_ends_abnormally_resets_its_client(
    pync: Start, server: Server, last: bytes
) -> None:
    with connected(to_websocket(pync, server)) as client:
        target = accepts(server)
        client.says(b"x")
        hears(target, BINARY, b"x")
        target.says(last)
        target.half_closes()
        assert client.is_reset()


def test_target_without_websocket_is_reported_and_resets_its_client(
    pync: Start, server: Server
) -> None:
    where = f"ws://127.0.0.1:{server.port}/x"
    program = pync("-lk", "--report-port", "tcp://127.0.0.1:0", where)
    port = int(program.hears(rb"(\d+)\n").group(1))
    with connected(port) as client:
        target = server.accepts()
        target.hears_to(b"\r\n\r\n", 50)
        target.says(b"HTTP/1.1 404 Not Found\r\n\r\n")
        said = f"pync: dial {where}: the server answered 404 Not Found\n"
        program.hears(said.encode().replace(b".", rb"\."))
        assert client.is_reset()


def test_from_one_websocket_to_another(pync: Start, server: Server) -> None:
    program = pync("-lkv", "ws://127.0.0.1:0", f"ws://127.0.0.1:{server.port}/x")
    with connected(heard_port(program)) as client:
        asks(client)
        client.says(masked(BINARY, b"there"))
        target = accepts(server)
        hears(target, BINARY, b"there")
        target.says(frame(BINARY, b"back") + NORMAL)
        client.hears(frame(BINARY, b"back") + NORMAL)
