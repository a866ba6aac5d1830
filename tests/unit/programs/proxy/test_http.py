"""HTTP clients of the proxy; tests/interop/test_http_proxy.py compares it with ncat's proxy."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pync.core.events import AttemptFailed, Finished
from pync.core.server_events import Dropped, Proxied
from pync.programs.proxy import penalties
from pync.programs.proxy.http import http_sessions

from ....clock import Stopwatch
from ....peer import Peer, connected, listening

if TYPE_CHECKING:
    from .conftest import Start

http = http_sessions(None)


def head(peer: Peer) -> bytes:
    """Return a complete head."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += peer._read(1)
    return data


def test_requests_on_one_connection(start: Start) -> None:
    with listening() as target:
        running = start(http)
        for path in ("a", "b"):
            url = f"http://127.0.0.1:{target.port}/{path}"
            running.client.says(f"GET {url} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            peer = target.accepts()
            assert head(peer).startswith(f"GET /{path} HTTP/1.1\r\n".encode())
            peer.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            assert head(running.client).startswith(b"HTTP/1.1 200 OK\r\n")
            running.client.hears(b"hi")
            # Each connection to an origin is used for one request, and then closed.
            peer.hears_end()
        running.client.half_closes()
        running.client.hears_end()
        assert [type(event) for event in running.ends()] == [Proxied, Proxied]


def test_origin_is_closed_although_the_next_request_has_arrived(start: Start) -> None:
    with listening() as target:
        running = start(http)
        url = f"http://127.0.0.1:{target.port}/"
        running.client.says(f"GET {url} HTTP/1.1\r\nHost: h\r\n\r\n".encode() * 2)
        first = target.accepts()
        head(first)
        first.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        second = target.accepts()
        head(second)
        first.hears_end()
        second.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nho")
        for answer in (b"hi", b"ho"):
            head(running.client)
            running.client.hears(answer)


def test_tunnel(start: Start) -> None:
    with listening() as target:
        running = start(http)
        running.client.says(f"CONNECT 127.0.0.1:{target.port} HTTP/1.0\r\n\r\nearly".encode())
        peer = target.accepts()
        assert head(running.client) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        peer.hears(b"early")
        running.client.half_closes()
        peer.hears_end()
        peer.says(b"answer")
        peer.closes()
        running.client.hears(b"answer")
        running.client.hears_end()
        assert [type(event) for event in running.ends()] == [Proxied, Finished]


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_usual_tunnel(start: Start, parts: int) -> None:
    """Its request has come whole before the session starts, or comes in parts."""
    with listening() as target:
        where = f"127.0.0.1:{target.port}"
        asked = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode()
        size = len(asked) // parts + 1
        running = start(http, first=asked[:size])
        for at in range(size, len(asked), size):
            running.client.says(asked[at : at + size])
        peer = target.accepts()
        assert head(running.client) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        running.client.says(b"question")
        peer.hears(b"question")
        running.client.half_closes()
        peer.hears_end()
        peer.says(b"answer")
        peer.closes()
        running.client.hears(b"answer")
        running.client.hears_end()
        proxied, finished = running.ends()
        assert isinstance(proxied, Proxied)
        assert isinstance(finished, Finished)
        assert (finished.sent, finished.received) == (8, 6)


@pytest.mark.parametrize("early", [False, True])
def test_usual_tunnel_is_refused(start: Start, closed_port: int, early: bool) -> None:
    where = f"127.0.0.1:{closed_port}"
    asked = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode()
    running = start(http, first=asked if early else b"")
    if not early:
        running.client.says(asked)
    assert head(running.client).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    running.client.hears(f"dial tcp://{where}: connection refused\n".encode())
    running.client.hears_end()
    running.client.closes()
    assert [type(event) for event in running.ends()] == [AttemptFailed, Dropped]


def test_request_sent_before_the_session(start: Start) -> None:
    with listening() as target:
        where = f"127.0.0.1:{target.port}"
        asked = f"GET http://{where}/ HTTP/1.1\r\nHost: {where}\r\n\r\n".encode()
        running = start(http, first=asked)
        peer = target.accepts()
        assert head(peer).startswith(b"GET / HTTP/1.1\r\n")
        peer.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        head(running.client)
        running.client.hears(b"hi")
        running.client.half_closes()
        running.client.hears_end()
        assert [type(event) for event in running.ends()] == [Proxied]


def test_usual_tunnel_needs_login(start: Start) -> None:
    asked = b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: h\r\n\r\n"
    running = start(http_sessions(("user", "secret")), first=asked)
    assert head(running.client).startswith(b"HTTP/1.1 407 ")


def test_origin_refuses(start: Start, closed_port: int) -> None:
    running = start(http)
    for _ in range(2):
        url = f"http://127.0.0.1:{closed_port}/"
        running.client.says(f"GET {url} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        said = head(running.client)
        assert said.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
        running.client.hears(f"dial tcp://127.0.0.1:{closed_port}: connection refused\n".encode())
    running.client.closes()
    assert [type(event) for event in running.ends()] == [AttemptFailed, AttemptFailed]


def test_login_is_required(start: Start) -> None:
    running = start(http_sessions(("joe", "secret")))
    running.client.says(b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert head(running.client).startswith(b"HTTP/1.1 407 Proxy Authentication Required\r\n")
    assert running.client.hears_rest() == b"who are you?\n"
    running.client.closes()
    (dropped,) = running.ends()
    assert isinstance(dropped, Dropped)
    assert dropped.cause == "who are you?"


def test_incomplete_response_resets_the_client(start: Start) -> None:
    with listening() as target:
        running = start(http)
        url = f"http://127.0.0.1:{target.port}/"
        running.client.says(f"GET {url} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        peer = target.accepts()
        head(peer)
        peer.says(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        head(running.client)
        running.client.hears(b"4\r\nhalf\r\n")
        peer.resets()
        assert running.client.is_reset()
        assert isinstance(running.ends()[-1], Dropped)


def test_wrong_password_is_refused_after_a_delay(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penalties, "SECONDS", 0.05)
    monkeypatch.setattr(penalties, "UNDELAYED", 0)
    with listening() as target:
        running = start(http_sessions(("joe", "secret")))
        asks = f"CONNECT 127.0.0.1:{target.port} HTTP/1.1\r\nHost: h\r\n"
        stopwatch = Stopwatch()
        for word, said in ((b"joe:wrong", b"407"), (b"joe:secret", b"200")):
            encoded = base64.b64encode(word).decode()
            running.client.says(f"{asks}Proxy-Authorization: Basic {encoded}\r\n\r\n".encode())
            answer = head(running.client)
            assert answer.split()[1] == said
            if said == b"407":
                assert stopwatch.reached(0.05)
                # A refused CONNECT ends the connection.
                running.client.hears_rest()
                running.client.closes()
                running.ends()
                running = start(http_sessions(("joe", "secret")))
        target.accepts()


def test_first_wrong_passwords_are_refused_at_once(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penalties, "SECONDS", 3600.0)
    sessions = http_sessions(("joe", "secret"))
    for _ in range(penalties.UNDELAYED):
        running = start(sessions)
        running.client.says(
            b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\nProxy-Authorization: Basic x\r\n\r\n"
        )
        assert head(running.client).split()[1] == b"407"
        running.client.resets()
        running.ends()


def test_client_may_leave_during_the_delay(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(penalties, "SECONDS", 0.05)
    monkeypatch.setattr(penalties, "UNDELAYED", 0)
    running = start(http_sessions(("joe", "secret")))
    running.client.says(
        b"GET http://h/ HTTP/1.1\r\nHost: h\r\nProxy-Authorization: Basic x\r\n\r\n"
    )
    running.client.resets()
    running.ends()


def test_incomplete_request_body_is_delivered_to_the_origin(start: Start) -> None:
    with listening() as target:
        running = start(http)
        length = "Content-Length: 10"
        asks = f"POST http://127.0.0.1:{target.port}/ HTTP/1.1\r\nHost: h\r\n{length}\r\n\r\n"
        running.client.says(asks.encode() + b"abcd")
        peer = target.accepts()
        assert b"Content-Length: 10\r\n" in head(peer)
        running.client.half_closes()
        assert running.client.is_reset()
        # The end is FIN, because an RST could discard the data.
        peer.hears(b"abcd")
        peer.hears_end()
        (_, dropped) = running.ends()
        assert isinstance(dropped, Dropped)
        assert dropped.cause.startswith("the request broke off")


def test_request_to_the_proxy_itself_is_refused(pync: Callable[..., Any]) -> None:
    running = pync("-lv", "--proxy-type", "http", "--accept-timeout=1", "127.0.0.1", 0)
    port = int(running.says().rpartition(" ")[2])
    with connected(port) as client:
        client.says(f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        assert head(client).startswith(b"HTTP/1.1 403 ")
    running.ends()
