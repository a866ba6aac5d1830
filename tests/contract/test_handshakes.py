"""One list of dialogues for every driver of a handshake: same outcome, same messages.

A blocking client and the loop of the proxy server run handshakes with proxies. A server for one
client at a time and the loop for many clients run the TLS handshakes of clients.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Union

import pytest

from pync.core.address import Address
from pync.core.config import Proxy
from pync.core.errors import ProxyError, PyncError
from pync.core.events import Event
from pync.core.server_events import Failed
from pync.engine.loop import Loop
from pync.engine.resolver import Resolver
from pync.layers.tls import TlsCodec
from pync.programs.shared.entry import Entry
from pync.programs.shared.listening import ListenSetup
from pync.programs.shared.reception import Reception
from pync.programs.shared.tls_accept import TlsAcceptor
from pync.programs.shared.upstream import UpstreamDial
from pync.programs.shared.via_proxies import Route, dial_through
from pync.transports import Options, listen
from pync.transports.conn import Conn
from pync.transports.tls.handshake import Security, client_context

from ..peer import Peer, Server, connected, consecutive_ports, listening

if TYPE_CHECKING:
    from pync.core.config import ProxyKind

#: Seconds for a handshake that never ends.
SOON = 0.3

TARGET = Address("tcp", "example.org", "80")
LOCAL = Address("tcp", "127.0.0.1", "80")
HERE = Address("tcp", "127.0.0.1", "0")

#: Bytes that a proxy sends, or the end of its input: a number of bytes, or up to an empty line.
Step = Union[bytes, int, str]

HEAD = "head"
EOF = "eof"
AGAIN = "again"


class Conversation(NamedTuple):
    """The steps of the proxies in order, and the outcome.

    ``cause`` "": the target is reached. ``code`` and ``status``: the values for dialects.
    """

    kinds: tuple[ProxyKind, ...]
    steps: tuple[Step, ...]
    cause: str = ""
    code: str = ""
    status: int | None = None
    rest: bytes = b""
    resolves: bool = False
    user: str | None = None
    seconds: float = 20.0


GREETED = (3, b"\5\0")
GRANTED5 = b"\5\0\0\1" + bytes(6)
ASKS = b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\n"
ENDED = "the connection ended in the handshake"

PROXIES = {
    "http": Conversation(("http",), (HEAD, b"HTTP/1.1 200 OK\r\n\r\n")),
    "socks 5": Conversation(("socks5",), (*GREETED, 18, GRANTED5)),
    "socks 4": Conversation(("socks4",), (21, b"\0\x5a" + bytes(6))),
    "two proxies": Conversation(
        ("socks5", "http"), (*GREETED, 13, GRANTED5, HEAD, b"HTTP/1.1 200 OK\r\n\r\n")
    ),
    "informational responses before the final one": Conversation(
        ("http",), (HEAD, b"HTTP/1.1 100 x\r\n\r\nHTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
    ),
    "trailing bytes belong to the target": Conversation(
        ("socks5",), (*GREETED, 18, GRANTED5 + b"first words"), rest=b"first words"
    ),
    "trailing bytes of HTTP": Conversation(
        ("http",), (HEAD, b"HTTP/1.1 200 OK\r\n\r\nfirst words"), rest=b"first words"
    ),
    "byte by byte": Conversation(
        ("http",), (HEAD, *(bytes([one]) for one in b"HTTP/1.1 200 OK\r\n\r\n"))
    ),
    "password on request": Conversation(
        ("http",), (HEAD, ASKS, AGAIN, HEAD, b"HTTP/1.1 200 OK\r\n\r\n"), user="joe"
    ),
    "a wrong password": Conversation(
        ("http",),
        (HEAD, ASKS, AGAIN, HEAD, ASKS),
        "the proxy returned status code 407",
        status=407,
        user="joe",
    ),
    "address looked up locally": Conversation(("socks5",), (*GREETED, 10, GRANTED5), resolves=True),
    "a refusal with its status": Conversation(
        ("http",),
        (HEAD, b"HTTP/1.1 403 Forbidden\r\n\r\n"),
        "the proxy returned status code 403",
        status=403,
    ),
    "a refusal of the second": Conversation(
        ("socks5", "http"),
        (*GREETED, 13, GRANTED5, HEAD, b"HTTP/1.1 502 no\r\n\r\n"),
        "the proxy returned status code 502",
        status=502,
    ),
    "a refusal of SOCKS 5": Conversation(
        ("socks5",),
        (*GREETED, 18, b"\5\5\0\1" + bytes(6)),
        "proxy: connection refused",
        "socks5/5",
    ),
    "a refusal of SOCKS 4": Conversation(
        ("socks4",), (21, b"\0\x5b" + bytes(6)), "proxy: request rejected or failed", "socks4/91"
    ),
    "SOCKS 5 requires a password": Conversation(
        ("socks5",), (3, b"\5\xff"), "the proxy asks for a user and a password", "socks5/methods"
    ),
    "garbage for HTTP": Conversation(
        ("http",), (HEAD, b"SSH-2.0-x\r\n"), "the proxy does not speak HTTP", "http/SSH-2.0-x"
    ),
    "garbage for SOCKS": Conversation(
        ("socks5",), (3, b"HTTP/1.1 400"), "the proxy does not speak SOCKS 5", "socks5/version"
    ),
    "a line that is too long": Conversation(
        ("http",), (HEAD, b"x" * 8192), "the peer sent too long a line"
    ),
    "an end at once": Conversation(("socks5",), (3, EOF), ENDED, "ended/0/2"),
    "an end in the middle": Conversation(
        ("socks5",), (*GREETED, 18, b"\5", EOF), ENDED, "ended/1/4"
    ),
    "an end in the status line": Conversation(
        ("http",), (HEAD, b"HTTP/1", EOF), ENDED, "ended/status"
    ),
    "an end in the headers": Conversation(
        ("http",), (HEAD, b"HTTP/1.1 200 OK\r\n", EOF), ENDED, "ended/header"
    ),
    "silence": Conversation(("socks5",), (3,), "proxy: timed out", seconds=SOON),
    "silence in the middle": Conversation(
        ("http",), (HEAD, b"HTTP/1.1 2"), "proxy: timed out", seconds=SOON
    ),
}


def connect_blocking(address: Address, route: Route, options: Options) -> Conn | PyncError:
    try:
        return dial_through(address, route, options)
    except PyncError as error:
        return error


def connect_in_a_loop(address: Address, route: Route, options: Options) -> Conn | PyncError:
    over: list[UpstreamDial] = []
    with Loop() as loop, Resolver(loop) as resolver:
        UpstreamDial(loop, resolver, options, route, address, over.append).start()
        loop.run_while(lambda: not over)
    (ended,) = over
    reached = ended.conn or ended.failure
    assert reached is not None
    return reached


@pytest.mark.parametrize("drive", [connect_blocking, connect_in_a_loop])
@pytest.mark.parametrize("name", PROXIES)
def test_with_proxies(
    name: str, drive: Callable[[Address, Route, Options], Conn | PyncError]
) -> None:
    talk = PROXIES[name]
    with listening() as server, serving(server, talk.steps):
        first = Proxy(talk.kinds[0], "127.0.0.1", server.port, talk.user, "secret")
        others = (Proxy(kind, "second", "9") for kind in talk.kinds[1:])
        target = LOCAL if talk.resolves else TARGET
        route = Route((first, *others), talk.resolves)
        reached = drive(target, route, Options(timeout=talk.seconds))
        if isinstance(reached, PyncError):
            assert str(reached) == f"dial {target}: {talk.cause}"
            assert isinstance(reached, ProxyError)
            assert (reached.code, reached.http_status) == (talk.code, talk.status)
            return
        with reached:
            assert talk.cause == ""
            assert reached.peer == target
            reached.settimeout(20)
            rest = b""
            while len(rest) < len(talk.rest):
                rest += reached.recv(len(talk.rest) - len(rest))
            assert rest == talk.rest


@contextmanager
def serving(server: Server, steps: tuple[Step, ...]) -> Iterator[None]:
    """One server acts as all proxies: the first forwards what the second receives."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            peer = server.accepts()
            for step in steps:
                peer = server.accepts() if step == AGAIN else play_step(peer, step)
        except (AssertionError, ConnectionError) as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join(20)
    assert failures == []


def play_step(peer: Peer, step: Step) -> Peer:
    if step == EOF:
        peer.half_closes()
    elif step == HEAD:
        peer.hears_to(b"\r\n\r\n", 1)
    elif isinstance(step, int):
        peer._read(step)
    else:
        assert isinstance(step, bytes)
        peer.says(step)
    return peer


@pytest.mark.parametrize("drive", [connect_blocking, connect_in_a_loop])
def test_proxy_refuses_the_connection(
    drive: Callable[[Address, Route, Options], Conn | PyncError],
) -> None:
    with consecutive_ports(1) as (taken,):  # nothing listens on it
        port = str(taken.getsockname()[1])
        # The error names the proxy, not the target, whose name is not looked up yet.
        route = Route((Proxy("http", "127.0.0.1", port),), resolves=True)
        failure = drive(TARGET, route, Options(timeout=20))
    assert str(failure) == f"dial tcp://127.0.0.1:{port}: connection refused"


# TLS.


class Greeting(NamedTuple):
    """The actions of a TLS client, and the outcome."""

    client: Callable[[Peer], None]
    cause: str = ""
    rest: bytes = b""
    seconds: float = 20.0


def hello() -> tuple[TlsCodec, bytes]:
    codec = TlsCodec(client_context(Security(verify=False)), server_side=False)
    codec.start()
    return codec, codec.outgoing()


def complete_handshake(peer: Peer, then: bytes = b"") -> None:
    codec, first = hello()
    peer.says(first)
    while not codec.established:
        codec.receive(peer.sock.recv(1 << 16))
    peer.says(codec.outgoing() + (codec.send(then) if then else b""))


def send_after_the_handshake(peer: Peer) -> None:
    complete_handshake(peer, b"first words")


def send_http(peer: Peer) -> None:
    peer.says(b"GET / HTTP/1.1\r\n\r\n")


def close_at_once(peer: Peer) -> None:
    peer.half_closes()


def close_during_the_handshake(peer: Peer) -> None:
    peer.says(hello()[1][:50])
    peer.half_closes()


def stop_during_the_handshake(peer: Peer) -> None:
    peer.says(hello()[1][:50])


ENDED_TLS = "the peer ended the connection in the handshake"

CLIENTS = {
    "a handshake": Greeting(complete_handshake),
    "trailing bytes are read first": Greeting(send_after_the_handshake, rest=b"first words"),
    "garbage": Greeting(send_http, "http request"),
    "an end at once": Greeting(close_at_once, ENDED_TLS),
    "an end in the middle": Greeting(close_during_the_handshake, ENDED_TLS),
    "silence": Greeting(lambda _: None, "the handshake timed out", seconds=SOON),
    "silence in the middle": Greeting(
        stop_during_the_handshake, "the handshake timed out", seconds=SOON
    ),
}


def accept_one(tls: Security, greeting: Greeting) -> tuple[Conn | None, list[Event]]:
    """A server without -k, which raises the error."""
    told: list[Event] = []
    setup = ListenSetup(HERE, entry=Entry(tls))
    with listen(HERE) as listener:
        with connected(int(listener.address.service)) as peer:
            thread = threading.Thread(target=greeting.client, args=(peer,))
            thread.start()
            try:
                with Reception(listener, setup, told.append) as reception:
                    conn: Conn | None = reception.accept()
            except PyncError as error:
                conn = None
                told.append(Failed(error))
            thread.join(20)
            return _read_rest(conn, greeting), told


def accept_many(tls: Security, greeting: Greeting) -> tuple[Conn | None, list[Event]]:
    """A server of many clients in a loop."""
    told: list[Event] = []
    entered: list[Conn] = []
    with listen(HERE) as listener, Loop() as loop:
        with connected(int(listener.address.service)) as peer:
            acceptor = TlsAcceptor(loop, Entry(tls), told.append, entered.append)
            acceptor.take(listener.accept())
            thread = threading.Thread(target=greeting.client, args=(peer,))
            thread.start()
            loop.run_while(lambda: not entered and not any(isinstance(one, Failed) for one in told))
            thread.join(20)
            acceptor.close()
            return _read_rest(entered[0] if entered else None, greeting), told


def _read_rest(conn: Conn | None, greeting: Greeting) -> Conn | None:
    """Return the connection after the data that came with the handshake has been read."""
    if conn is None:
        return None
    conn.settimeout(20)
    rest = b""
    while len(rest) < len(greeting.rest):
        rest += conn.recv(len(greeting.rest) - len(rest))
    assert rest == greeting.rest
    conn.close()
    return conn


@pytest.mark.parametrize("serve", [accept_one, accept_many])
@pytest.mark.parametrize("name", CLIENTS)
def test_with_tls_clients(
    name: str, serve: Callable[[Security, Greeting], tuple[Conn | None, list[Event]]]
) -> None:
    greeting = CLIENTS[name]
    conn, told = serve(Security(timeout=greeting.seconds), greeting)
    failures = [one.error for one in told if isinstance(one, Failed)]
    assert (conn is None) == bool(greeting.cause)
    causes = [failure.cause for failure in failures if isinstance(failure, PyncError)]
    assert causes == ([greeting.cause] if greeting.cause else [])
    for failure in failures:
        assert str(failure).startswith("accept tls://127.0.0.1:")
