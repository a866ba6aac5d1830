"""SOCKS clients of the proxy; tests/interop/test_socks_server.py uses other clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pync.core.events import Finished
from pync.core.server_events import Dropped, Proxied
from pync.programs.proxy import penalties
from pync.programs.proxy.socks import socks_sessions

from ....peer import Peer, listening

if TYPE_CHECKING:
    from pync.programs.proxy.session import Make

    from .conftest import Start


socks = socks_sessions("socks", None)


def asks5(client: Peer, port: str, *, early: bytes = b"") -> None:
    client.says(b"\5\1\0")
    client.hears(b"\5\0")
    client.says(b"\5\1\0\1\x7f\0\0\1" + int(port).to_bytes(2, "big") + early)


def is_granted(client: Peer) -> None:
    client.hears(b"\5\0\0\1\x7f\0\0\1")
    assert len(client.sock.recv(2)) == 2


def test_data_and_eof_in_both_directions(start: Start) -> None:
    with listening() as target:
        running = start(socks)
        # Data sent right after the request is for the target, and waits for it.
        asks5(running.client, target.port, early=b"question\n")
        peer = target.accepts()
        is_granted(running.client)
        peer.hears(b"question\n")
        running.client.half_closes()
        peer.hears_end()
        peer.says(b"answer\n")
        peer.closes()
        running.client.hears(b"answer\n")
        running.client.hears_end()
        names = [type(event) for event in running.ends()]
        assert names == [Proxied, Finished]
        finished = running.events[1]
        assert isinstance(finished, Finished)
        assert (finished.sent, finished.received) == (9, 7)


@pytest.mark.parametrize("sent", range(14))
def test_bytes_sent_before_the_session(start: Start, sent: int) -> None:
    with listening() as target:
        port = int(target.port).to_bytes(2, "big")
        said = b"\5\1\0" + b"\5\1\0\1\x7f\0\0\1" + port + b"question\n"
        running = start(socks, first=said[:sent])
        running.client.says(said[sent:])
        running.client.hears(b"\5\0")
        is_granted(running.client)
        peer = target.accepts()
        peer.hears(b"question\n")
        peer.says(b"answer\n")
        running.client.hears(b"answer\n")


@pytest.mark.parametrize(
    ("make", "first", "answer"),
    [
        (socks_sessions("socks", ("joe", "secret")), b"\5\1\0", b"\5\xff"),
        (socks_sessions("socks4", None), b"\5\1\0", b""),
        (socks, b"\5\1\2", b"\5\xff"),
        (socks, b"\5\2\0\2", b"\5\0"),
    ],
)
def test_greeting_sent_before_the_session(
    start: Start, make: Make, first: bytes, answer: bytes
) -> None:
    running = start(make, first=first)
    running.client.hears(answer)
    running.client.half_closes()
    running.client.hears_end()


def test_socks_4(start: Start) -> None:
    with listening() as target:
        running = start(socks)
        port = int(target.port).to_bytes(2, "big")
        running.client.says(b"\4\1" + port + b"\0\0\0\1me\0localhost\0")
        running.client.hears(b"\0\x5a" + bytes(6))
        target.accepts().says(b"hello\n")
        running.client.hears(b"hello\n")


def test_target_refuses(start: Start, closed_port: int) -> None:
    running = start(socks)
    asks5(running.client, str(closed_port))
    running.client.hears(b"\5\5\0\1" + bytes(6))
    running.client.hears_end()
    running.client.closes()
    (dropped,) = running.ends()
    assert isinstance(dropped, Dropped)
    assert dropped.cause == f"dial tcp://127.0.0.1:{closed_port}: connection refused"


def test_unknown_name(start: Start) -> None:
    running = start(socks)
    running.client.says(b"\5\1\0")
    running.client.hears(b"\5\0")
    running.client.says(b"\5\1\0\3\xff" + b"a" * 255 + b"\0\1")
    running.client.hears(b"\5\4\0\1" + bytes(6))
    running.client.hears_end()


def test_wrong_login_is_refused(start: Start) -> None:
    running = start(socks_sessions("socks", ("joe", "secret")))
    running.client.says(b"\5\2\0\2")
    running.client.hears(b"\5\2")
    running.client.says(b"\1\3joe\5wrong")
    running.client.hears(b"\1\1")
    running.client.hears_end()
    running.client.closes()
    dropped = running.ends()[-1]
    assert isinstance(dropped, Dropped)
    assert dropped.cause == "the user or the password is wrong"


def test_first_wrong_passwords_are_refused_at_once(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penalties, "SECONDS", 3600.0)
    sessions = socks_sessions("socks", ("joe", "secret"))
    for _ in range(penalties.UNDELAYED):
        running = start(sessions)
        running.client.says(b"\5\1\2\1\3joe\5wrong")
        running.client.hears(b"\5\2\1\1")
        running.client.hears_end()
        running.client.closes()
        running.ends()
