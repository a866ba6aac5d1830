"""The library's face, used as its documentation says."""

from __future__ import annotations

import threading

import pytest

import pync
from pync.core.errors import IdleTimeoutError, UsageError


def test_dial_and_listen() -> None:
    with (
        pync.listen("tcp://127.0.0.1:0") as listener,
        pync.dial(str(listener.address), timeout=10) as client,
        listener.accept(10) as server,
    ):
        client.send_all(b"hello\n")
        assert isinstance(client, pync.StreamConn)
        client.send_eof()
        assert [server.recv(100), server.recv(100)] == [b"hello\n", b""]
        assert str(client.peer) == str(server.local) == str(listener.address)


def test_relay_joins_two_connections() -> None:
    with pync.listen("tcp://127.0.0.1:0") as front, pync.listen("tcp://127.0.0.1:0") as back:
        moved: list[tuple[int, int]] = []

        def forward() -> None:
            with front.accept(10) as caller, pync.dial(str(back.address)) as called:
                moved.append(pync.relay(caller, called))

        forwarding = threading.Thread(target=forward)
        forwarding.start()
        with pync.dial(str(front.address)) as client, back.accept(10) as server:
            assert isinstance(client, pync.StreamConn)
            client.settimeout(10)
            server.settimeout(10)
            client.send_all(b"question")
            client.send_eof()
            assert [server.recv(100), server.recv(100)] == [b"question", b""]
            server.send_all(b"the answer")
            server.close()
            assert [client.recv(100), client.recv(100)] == [b"the answer", b""]
        forwarding.join(10)
    assert moved == [(8, 10)]


def test_relay_gives_up_when_idle() -> None:
    with (
        pync.listen("tcp://127.0.0.1:0") as listener,
        pync.dial(str(listener.address)) as a,
        listener.accept(10) as b,
        pytest.raises(IdleTimeoutError, match=r"idle for 0\.01 s"),
    ):
        pync.relay(a, b, idle=0.01)


def test_a_source_address() -> None:
    with (
        pync.listen("tcp://127.0.0.1:0") as listener,
        pync.dial(str(listener.address), source="127.0.0.1") as conn,
    ):
        assert conn.local.host == "127.0.0.1"


@pytest.mark.parametrize("address", ["localhost:80", "tcp://", "tcp://:80", ""])
def test_an_address_that_makes_no_sense(address: str) -> None:
    with pytest.raises(UsageError):
        pync.dial(address)
