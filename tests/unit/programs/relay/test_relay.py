"""Many relayed connections: access lists, messages, and resources."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ....peer import Peer, Server, connected, is_reset_at_once, listening

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]

#: A relay with -k ends when no client connects in time.
MANY = ("-lkv", "--accept-timeout=1", "127.0.0.1", "0")


def begin(pync: Start, target: Server, *words: str) -> tuple[Running, int]:
    running = pync(*words, *MANY, f"tcp://127.0.0.1:{target.port}")
    return running, int(running.says().rpartition(" ")[2])


def converse(client: Peer, server: Peer, word: bytes) -> None:
    client.says(word)
    server.hears(word)
    server.says(word[::-1])
    client.hears(word[::-1])


def part(client: Peer, server: Peer) -> None:
    client.half_closes()
    server.hears_end()
    server.half_closes()
    client.hears_end()


def test_each_client_has_its_own_onward_connection(pync: Start) -> None:
    with listening() as target:
        running, port = begin(pync, target)
        with connected(port) as first, connected(port) as second:
            first.says(b"1")
            one = target.accepts()
            two = target.accepts()
            one, two = (one, two) if one.sock.recv(1, 2) == b"1" else (two, one)
            one.hears(b"1")
            for _ in range(3):
                converse(first, one, b"abc")
                converse(second, two, b"xyz")
            part(first, one)
            part(second, two)
        said = running.ends()[2]
        assert said.count("Connection received on 127.0.0.1 ") == 2
        assert said.count(f" goes to 127.0.0.1 {target.port} (lookup ") == 2
        assert said.count("closed: 10 bytes sent, 9 received in ") == 1
        assert said.count("closed: 9 bytes sent, 9 received in ") == 1
        assert said.count(" s (client: end, target: end)\n") == 2


@pytest.mark.parametrize("how", ["reset", "close"])
def test_onward_connection_refused(pync: Start, closed_port: int, how: str) -> None:
    words = (f"--if-refused={how}", *MANY)
    running = pync(*words, f"tcp://127.0.0.1:{closed_port}")
    port = int(running.says().rpartition(" ")[2])
    for _ in range(2):
        if how == "reset":
            assert is_reset_at_once(port)
        else:
            with connected(port) as client:
                client.hears_end()
    said = running.ends()[2]
    assert said.count(f"pync: dial tcp://127.0.0.1:{closed_port}: connection refused") == 2


def test_first_target_that_answers_is_used(pync: Start, closed_port: int) -> None:
    with listening() as target:
        running = pync(*MANY, f"tcp://127.0.0.1:{closed_port}", "--to", f"127.0.0.1:{target.port}")
        port = int(running.says().rpartition(" ")[2])
        with connected(port) as client:
            server = target.accepts()
            converse(client, server, b"abc")
            part(client, server)
        assert "connection refused" not in running.ends()[2]


def test_one_client_only(pync: Start) -> None:
    with listening() as target:
        running = pync("-lv", "127.0.0.1", "0", f"tcp://127.0.0.1:{target.port}")
        port = int(running.says().rpartition(" ")[2])
        with connected(port) as client:
            server = target.accepts()
            with pytest.raises(ConnectionRefusedError):
                connected(port).__enter__()
            converse(client, server, b"abc")
            part(client, server)
        assert running.ends()[0] == 0


def test_two_servers(pync: Start) -> None:
    with listening() as left, listening() as right:
        running = pync(f"tcp://127.0.0.1:{left.port}", f"tcp://127.0.0.1:{right.port}")
        one, two = left.accepts(), right.accepts()
        converse(one, two, b"abc")
        part(two, one)
        assert running.ends()[0] == 0


def test_one_of_two_servers_refuses(pync: Start, closed_port: int) -> None:
    with listening() as left:
        running = pync(f"tcp://127.0.0.1:{left.port}", f"tcp://127.0.0.1:{closed_port}")
        assert left.accepts().is_reset()
        status, _, said = running.ends()
        assert status == 1
        assert said.startswith(f"pync: dial tcp://127.0.0.1:{closed_port}: connection refused")


def test_access_lists_and_limits(pync: Start) -> None:
    with listening() as target:
        running, port = begin(pync, target, "--max-conns=1")
        with connected(port) as client:
            server = target.accepts()
            converse(client, server, b"abc")
            with connected(port) as other:
                assert other.hears_rest() == b""
            part(client, server)
        assert "connection limit reached (1)" in running.ends()[2]
        running, port = begin(pync, target, "--deny=127.0.0.1")
        with connected(port) as client:
            assert client.hears_rest() == b""
        assert "denied: not allowed" in running.ends()[2]


def test_events_as_json(pync: Start) -> None:
    with listening() as target:
        words = ("-lk", "--json", "--accept-timeout=1", "127.0.0.1", "0")
        running = pync(*words, f"tcp://127.0.0.1:{target.port}")
        port = json.loads(running.says())["port"]
        with connected(port) as client:
            server = target.accepts()
            converse(client, server, b"abc")
            server.resets()
            assert client.is_reset()
        events = [json.loads(line) for line in running.ends()[2].splitlines()[:-1]]
        assert [event["event"] for event in events] == ["accepted", "dialled", "closed"]
        dialled, closed = events[1:]
        assert dialled["target"] == f"tcp://127.0.0.1:{target.port}"
    assert dialled["lookup"] >= 0
    assert dialled["connect"] >= 0
    assert dialled["handshake"] is None
    assert (closed["sent"], closed["received"]) == (3, 3)
    assert (closed["peer_end"], closed["target_end"]) == ("open", "reset")
    assert closed["seconds"] > 0


def test_one_file_per_connection(pync: Start, tmp_path: Path) -> None:
    with listening() as target:
        running, port = begin(pync, target, "--output", str(tmp_path / "{n}-{peer}.log"))
        for word in (b"first", b"second"):
            with connected(port) as client:
                name = client.sock.getsockname()[1]
                server = target.accepts()
                client.says(word)
                server.hears(word)
                part(client, server)
            number = 1 if word == b"first" else 2
            assert (tmp_path / f"{number}-127.0.0.1-{name}.log").read_bytes() == word
        running.ends()


def test_one_file_for_all_connections(pync: Start, tmp_path: Path) -> None:
    record = tmp_path / "log"
    record.write_bytes(b"old")
    with listening() as target:
        running, port = begin(pync, target, "--output", str(record))
        for word in (b"first", b"second"):
            with connected(port) as client:
                server = target.accepts()
                client.says(word)
                server.hears(word)
                part(client, server)
        running.ends()
    assert record.read_bytes() == b"firstsecond"


def test_through_a_proxy(pync: Start) -> None:
    with listening() as proxy:
        words = ("--proxy", f"socks4://127.0.0.1:{proxy.port}", *MANY)
        running = pync(*words, "tcp://10.1.2.3:80")
        port = int(running.says().rpartition(" ")[2])
        with connected(port) as client:
            server = proxy.accepts()
            server.hears(b"\4\1\0\x50\x0a\1\2\3\0")
            server.says(b"\0\x5a" + bytes(6))
            converse(client, server, b"abc")
            part(client, server)
        assert " goes to 10.1.2.3 80 " in running.ends()[2]
