"""Relays between named pipes and TCP, in both directions."""

from __future__ import annotations

import os

import pytest

from tests.peer import Peer, connected, listening

from .programs import Program, pync

MODES = [[], ["--pipe-mode=message"]]
LISTENING = rb"Listening on "


def through(name: str, mode: list[str], client: Program, server: Peer) -> None:
    for word in (b"question", os.urandom(100_000)):
        client.write(word)
        server.hears(word)
        server.says(word[::-1])
        client.shows(word[::-1])


@pytest.mark.parametrize("mode", MODES)
def test_relay_from_a_pipe_to_tcp(name: str, mode: list[str]) -> None:
    with (
        listening() as target,
        pync("-lkv", *mode, f"pipe:{name}", f"tcp://127.0.0.1:{target.port}") as relay,
    ):
        relay.hears(LISTENING)
        for _ in range(3):
            with pync(*mode, f"pipe:{name}") as client:
                server = target.accepts()
                through(name, mode, client, server)
                server.says(b"last words")
                server.half_closes()
                client.shows(b"last words")
                client.end_input()
                client.ends()


@pytest.mark.parametrize("mode", MODES)
def test_relay_from_tcp_to_a_pipe(name: str, mode: list[str]) -> None:
    with pync("-lkv", *mode, "127.0.0.1", "0", f"pipe:{name}") as relay:
        port = int(relay.hears(rb"Listening on \S+ (\d+)")[1])
        for word in (b"question", os.urandom(10_000)):
            with pync("-lv", *mode, f"pipe:{name}") as server:
                server.hears(LISTENING)
                with connected(port) as client:
                    client.says(word)
                    server.shows(word)
                    client.half_closes()
                    server.write(word[::-1])
                    client.hears(word[::-1])
                    # A byte pipe is closed after 2 s of silence; a message pipe can signal
                    # the end of data.
                    server.end_input()
                    server.ends()
                    client.hears_end()


def test_relay_to_a_missing_pipe(name: str) -> None:
    with pync("-lkv", "127.0.0.1", "0", f"pipe:{name}") as relay:
        port = int(relay.hears(rb"Listening on \S+ (\d+)")[1])
        with connected(port) as client:
            try:
                assert client.hears_rest() == b""
            except ConnectionResetError:
                pass
        relay.hears(rb"pync: dial pipe:" + name.encode())
