"""Control a running relay (--control): its faults, its connections, its listener."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..peer import DEADLINE, Peer, Server, connected, is_reset_at_once, listening
from ..programs import PYNC, listening_pync

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="this system has no Unix sockets")


class Controlled:
    """A relay to a server, with a control socket."""

    def __init__(self, target: Server, folder: Path, at: str, *words: str) -> None:
        self.at = folder / "control"
        self._target = target
        onward = f"--to=tcp://127.0.0.1:{target.port}"
        control = f"--control=unix:{self.at}"
        self.relay, self.port = listening_pync("-k", control, *words, onward, at=at)

    def ask(self, *words: str) -> dict[str, Any]:
        """Return the output of pync --control-client."""
        status, shown, said = asked(f"unix:{self.at}", *words)
        assert (status, said) == (0, "")
        told: dict[str, Any] = json.loads(shown)
        assert told.pop("ok") is True
        return told

    def is_told(self, *words: str) -> str:
        """Return the error message of pync --control-client."""
        status, shown, said = asked(f"unix:{self.at}", *words)
        assert (status, shown) == (1, b"")
        return said

    @contextmanager
    def joined(self) -> Iterator[tuple[Peer, Peer]]:
        """Return a client and the server, connected through the relay."""
        with connected(self.port) as client:
            server = self._target.accepts()
            with server.sock:
                yield client, server


def asked(*words: str) -> tuple[int, bytes, str]:
    """Return status, stdout and stderr of pync --control-client."""
    done = subprocess.run(
        [*PYNC, "--control-client", *words], capture_output=True, timeout=DEADLINE, check=False
    )
    return done.returncode, done.stdout, done.stderr.decode()


def refuses(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def target() -> Any:
    with listening() as server:
        yield server


Begin = Callable[..., Controlled]


@pytest.fixture
def begin(closed_port: str) -> Iterator[Begin]:
    # (The relay may close its listener, and no other test may take the port meanwhile.)
    with ExitStack() as stack:

        def start(target: Server, folder: Path, *words: str) -> Controlled:
            link = Controlled(target, folder, closed_port, *words)
            stack.enter_context(link.relay)
            return link

        yield start


def test_fault_is_switched_on_and_off_for_existing_connections(
    begin: Begin, target: Server, tmp_path: Path
) -> None:
    link = begin(target, tmp_path)
    with link.joined() as (client, server):
        assert link.ask("add", "up", "stall-after=0") == {"number": 1}
        client.says(b"question")
        server.says(b"hello")
        client.hears(b"hello")
        assert server.has_heard_nothing()
        assert link.ask("remove", "1") == {}
        server.hears(b"question")
        assert link.is_told("remove", "1").endswith("no fault has the number 1\n")


@pytest.mark.parametrize("fault", ["delay=1h", "rate=1"])
def test_data_that_a_removed_fault_held_back_arrives(
    begin: Begin, target: Server, tmp_path: Path, fault: str
) -> None:
    link = begin(target, tmp_path)
    with link.joined() as (client, server):
        assert link.ask("add", "up", fault) == {"number": 1}
        client.says(b"question")
        assert server.has_heard_nothing()
        assert link.ask("remove", "all") == {}
        server.hears(b"question")


def test_connections_are_listed(begin: Begin, target: Server, tmp_path: Path) -> None:
    link = begin(target, tmp_path, "--fault=down delay=1ms", "--fault-seed=9")
    with link.joined() as (client, server):
        client.says(b"question")
        server.hears(b"question")
        told = link.ask()
        assert told["listening"] is True
        assert told["seed"] == 9
        assert told["faults"] == [{"number": 1, "fault": "down delay=1ms", "active": True}]
        (one,) = told["connections"]
        assert one.pop("seconds") >= 0
        assert one == {
            "number": 1,
            "peer": f"tcp://127.0.0.1:{client.sock.getsockname()[1]}",
            "target": f"tcp://127.0.0.1:{target.port}",
            "sent": 8,
            "received": 0,
        }


@pytest.mark.parametrize("by", ["fin", "rst"])
def test_killing_a_connection_does_not_affect_others(
    begin: Begin, target: Server, tmp_path: Path, by: str
) -> None:
    link = begin(target, tmp_path)
    with link.joined() as (first, one), link.joined() as (second, two):
        assert link.ask("kill", "1", by) == {}
        for end in (first, one):
            if by == "fin":
                end.hears_end()
            else:
                assert end.is_reset()
        second.says(b"alive")
        two.hears(b"alive")
        assert link.is_told("kill", "77").endswith("no connection has the number 77\n")


def test_listener_is_closed_and_opened_again(begin: Begin, target: Server, tmp_path: Path) -> None:
    link = begin(target, tmp_path)
    with link.joined() as (inside, server):
        assert link.ask("close") == link.ask("close") == {}
        assert refuses(link.port)
        assert link.ask()["listening"] is False
        inside.says(b"still here")
        server.hears(b"still here")
        assert link.ask("open") == link.ask("open") == {}
        with link.joined() as (client, other):
            client.says(b"again")
            other.hears(b"again")


def test_listener_stays_closed_if_its_port_is_in_use(
    begin: Begin, target: Server, tmp_path: Path
) -> None:
    link = begin(target, tmp_path)
    link.ask("close")
    with socket.create_server(("127.0.0.1", link.port)):
        assert "already in use" in link.is_told("open")
        assert link.ask()["listening"] is False
    assert link.ask("open") == {}


def test_share_of_the_clients_is_refused(begin: Begin, target: Server, tmp_path: Path) -> None:
    link = begin(target, tmp_path, "--fault=refuse")
    assert is_reset_at_once(link.port)
    assert link.ask("remove", "all") == {}
    with link.joined() as (client, server):
        client.says(b"let in")
        server.hears(b"let in")


def test_garbage_is_answered_with_an_error(begin: Begin, target: Server, tmp_path: Path) -> None:
    link = begin(target, tmp_path)
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(link.at))
        one.sendall(b"GET / HTTP/1.1\r\n\n\xff\xfe\n{}\n" + b"x" * 200_000)
        one.shutdown(socket.SHUT_WR)
        answers = one.makefile("rb").read().splitlines()
    assert len(answers) >= 3
    assert all(json.loads(line)["ok"] is False for line in answers)
    with link.joined() as (client, server):
        client.says(b"alive")
        server.hears(b"alive")


def test_client_that_reads_no_answers_is_not_read(
    begin: Begin, target: Server, tmp_path: Path
) -> None:
    link = begin(target, tmp_path)
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(0.5)
        one.connect(str(link.at))
        requests = b'{"do": "list"}\n' * 1_000_000
        with pytest.raises(TimeoutError):
            one.sendall(requests)
    assert link.ask()["connections"] == []
