"""A target behind several proxies, which the test simulates."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pync.core.address import Address
from pync.core.config import Proxy
from pync.engine.loop import Loop
from pync.engine.resolver import Resolver
from pync.programs.shared.upstream import UpstreamDial
from pync.programs.shared.via_proxies import Route
from pync.transports import Options

from ....peer import Peer, Server, listening

TARGET = Address("tcp", "example.org", "80")


@contextmanager
def proxies_played(server: Server, *plays: Callable[[Peer], None]) -> Iterator[None]:
    """Handle the accepted connections in order by these functions."""
    failures: list[BaseException] = []

    def serve() -> None:
        try:
            for play in plays:
                play(server.accepts())
        except AssertionError as error:
            failures.append(error)
        except ConnectionError:
            pass  # the client has closed already, with unread input

    thread = threading.Thread(target=serve)
    thread.start()
    yield
    thread.join(10)
    assert failures == []


def dial_through(proxies: tuple[Proxy, ...], seconds: float | None = 10) -> UpstreamDial:
    over: list[UpstreamDial] = []
    with Loop() as loop, Resolver(loop) as resolver:
        options = Options(timeout=seconds)
        UpstreamDial(loop, resolver, options, Route(proxies), TARGET, over.append).start()
        loop.run_while(lambda: not over)
    (reaching,) = over
    return reaching


def socks(peer: Peer) -> None:
    peer.hears(b"\5\1\0")
    peer.says(b"\5\0")
    peer.hears(b"\5\1\0\3\x06second\0\x09")
    peer.says(b"\5\0\0\1" + bytes(6))


def head(peer: Peer) -> bytes:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += peer._read(1)
    return data


def demands_login(peer: Peer) -> None:
    socks(peer)
    assert head(peer).startswith(b"CONNECT example.org:80 HTTP/1.1\r\n")
    peer.says(b"HTTP/1.0 407 x\r\nProxy-Authenticate: Basic\r\n\r\n")


def accepts_login(peer: Peer) -> None:
    socks(peer)
    assert b"Proxy-Authorization: Basic am9lOnNlY3JldA==\r\n" in head(peer)
    peer.says(b"HTTP/1.0 200 x\r\n\r\nwelcome")


def two(server: Server) -> tuple[Proxy, Proxy]:
    return (
        Proxy("socks5", "127.0.0.1", server.port),
        Proxy("http", "second", "9", "joe", "secret"),
    )


def test_two_proxies_one_with_login() -> None:
    with listening() as server, proxies_played(server, demands_login, accepts_login):
        reaching = dial_through(two(server))
        conn = reaching.conn
        assert conn is not None
        with conn:
            conn.settimeout(10)
            # The first data of the target is not read.
            assert conn.recv(7) == b"welcome"


def test_login_refused() -> None:
    with listening() as server, proxies_played(server, demands_login, demands_login):
        failure = dial_through(two(server)).failure
        assert str(failure) == "dial tcp://example.org:80: the proxy returned status code 407"


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (b"\5\0\5\5\0\1" + bytes(6), "proxy: connection refused"),
        (b"\5\xff", "the proxy asks for a user and a password"),
        (b"", "the connection ended in the handshake"),
    ],
)
def test_refusal_of_a_proxy(said: bytes, cause: str) -> None:
    def cannot(peer: Peer) -> None:
        peer.hears(b"\5\1\0")
        peer.says(said)
        peer.half_closes()
        peer.hears_rest()  # with unread input, close would reset the connection

    with listening() as server, proxies_played(server, cannot):
        failure = dial_through((Proxy("socks5", "127.0.0.1", server.port),)).failure
        assert failure is not None
        assert failure.cause == cause


def test_proxy_not_reached(closed_port: int) -> None:
    failure = dial_through((Proxy("http", "127.0.0.1", str(closed_port)),)).failure
    assert str(failure) == f"dial tcp://127.0.0.1:{closed_port}: connection refused"


def test_silent_proxy_times_out() -> None:
    with listening() as server:
        failure = dial_through((Proxy("http", "127.0.0.1", server.port),), 0.05).failure
        assert str(failure) == "dial tcp://example.org:80: proxy: timed out"
