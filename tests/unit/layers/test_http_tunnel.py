"""The usual request for a tunnel: recognised as the HTTP parser would parse it, or left to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.http_message import Destination
from pync.layers.http_proxy import DIALLING, TUNNELLING, Intermediary
from pync.layers.http_tunnel import OPEN, destination_of

USUAL = [
    b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    b"CONNECT 10.0.0.1:1 HTTP/1.1\r\nhost: x\r\nUser-Agent: curl/8.5.0\r\n"
    b"Proxy-Connection: Keep-Alive\r\n\r\n",
    b"CONNECT a:65535 HTTP/1.1\r\nUSER-AGENT: Mozilla/5.0 (X11; Linux)\r\n"
    b"Connection: keep-alive\r\nHost: a:65535\r\nAccept: */*\r\n\r\n",
]

OTHERS = [
    b"",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nmore",
    b"CONNECT a:1 HTTP/1.1\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost : a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n more\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\nHost: a\n\n",
    b"CONNECT a:1 HTTP/1.0\r\nHost: a\r\n\r\n",
    b"connect a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:65536 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT user@a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT [::1]:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nVia: 1.1 pync\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nProxy-Authorization: Basic x\r\n\r\n",
    b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
]


def parsed(head: bytes) -> Intermediary:
    """Return the proxy after it has parsed a head."""
    proxy = Intermediary(None, lambda: b"now")
    proxy.receive(head)
    return proxy


@pytest.mark.parametrize("head", USUAL)
def test_usual_request(head: bytes) -> None:
    proxy = parsed(head)
    assert proxy.state == DIALLING
    assert destination_of(head) == proxy.wanted
    proxy.connected()
    assert proxy.state == TUNNELLING
    assert (proxy.for_client(), proxy.for_origin()) == (OPEN, b"")


@pytest.mark.parametrize("head", OTHERS)
def test_other_requests_are_left_to_the_parser(head: bytes) -> None:
    assert destination_of(head) is None


@given(
    st.sampled_from(USUAL + OTHERS),
    st.integers(0, 90),
    st.integers(0, 3),
    st.sampled_from(
        [b"", b" ", b":", b"\r\n", b"\n", b"\0", b"a", b"9", b"/", b"\xff", b"Host: b"]
    ),
)
def test_changed_requests_agree_with_the_parser(
    head: bytes, at: int, gone: int, added: bytes
) -> None:
    changed = head[:at] + added + head[at + gone :]
    wanted = destination_of(changed)
    if wanted is not None:
        proxy = parsed(changed)
        assert proxy.state == DIALLING
        assert proxy.wanted == wanted


def test_incomplete_head() -> None:
    for head in USUAL:
        assert all(destination_of(head[:size]) is None for size in range(len(head)))


def test_destination() -> None:
    assert destination_of(USUAL[0]) == Destination("example.com", 443)
