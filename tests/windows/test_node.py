"""Named pipes between pync and Node, an independent implementation, in both directions."""

from __future__ import annotations

import os

from .programs import node, pync


def test_node_server_and_pync_client(name: str) -> None:
    with node("pipe-server.js", name, "echo") as server:
        server.hears(b"LISTENING")
        with pync(f"pipe:{name}") as client:
            client.write(b"hello\n")
            client.shows(b"hello\n")
            client.write(bytes(range(256)))
            client.shows(bytes(range(256)))


def test_node_client_and_pync_server(name: str) -> None:
    with pync("-lv", f"pipe:{name}") as server:
        server.hears(b"Listening")
        with node("pipe-client.js", name) as client:
            client.hears(b"CONNECTED")
            client.write(b"from node")
            server.shows(b"from node")
            server.write(b"from pync")
            client.shows(b"from pync")
            server.process.kill()
            client.ends()


def test_greeting_and_eof_of_node(name: str) -> None:
    with node("pipe-server.js", name, "greet") as server:
        server.hears(b"LISTENING")
        with pync("--recv-only", f"pipe:{name}") as client:
            client.ends()
            assert client.rest() == b"hello from node\n"


def test_three_megabytes_in_both_directions(name: str) -> None:
    sent = os.urandom(3 * 1024 * 1024)
    with node("pipe-server.js", name, "echo") as server:
        server.hears(b"LISTENING")
        with pync(f"pipe:{name}") as client:
            client.write(sent)
            client.shows(sent)


def test_several_pync_clients_at_once(name: str) -> None:
    with node("pipe-server.js", name, "echo") as server:
        server.hears(b"LISTENING")
        with (
            pync(f"pipe:{name}") as one,
            pync(f"pipe:{name}") as two,
            pync(f"pipe:{name}") as three,
        ):
            for number, client in enumerate((one, two, three)):
                client.write(b"client %d" % number)
            for number, client in enumerate((one, two, three)):
                client.shows(b"client %d" % number)


def test_several_node_clients_of_a_broker(name: str) -> None:
    with pync("-lv", "--broker", f"pipe:{name}") as server:
        server.hears(b"Listening")
        with node("pipe-client.js", name) as one, node("pipe-client.js", name) as two:
            one.hears(b"CONNECTED")
            two.hears(b"CONNECTED")
            server.hears(rb"Connection received.*\n(.*\n)*.*Connection received")
            one.write(b"to the others")
            two.shows(b"to the others")


def test_node_server_is_killed(name: str) -> None:
    with node("pipe-server.js", name, "listen") as server:
        server.hears(b"LISTENING")
        with pync(f"pipe:{name}") as client:
            client.write(b"before")
            server.shows(b"before")
            server.process.kill()
            client.end_input()
            client.ends()


def test_node_client_is_killed(name: str) -> None:
    with pync("-lkv", f"pipe:{name}") as server:
        server.hears(b"Listening")
        with node("pipe-client.js", name) as client:
            client.write(b"before")
            server.shows(b"before")
            client.process.kill()
        with pync("--send-only", f"pipe:{name}") as second:
            second.write(b"after")
            second.end_input()
            second.ends()
        server.shows(b"after")
