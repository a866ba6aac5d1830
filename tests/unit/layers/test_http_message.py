"""One HTTP message: its target, its framing, and the headers that are forwarded."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.http_message import (
    Destination,
    Headers,
    Refused,
    answer,
    check_framing,
    for_client,
    for_origin,
    has_body,
    hops_left,
    where_to,
)

HOST = (b"Host", b"ignored")


def request(
    method: bytes,
    target: bytes = b"http://h/",
    *headers: tuple[bytes, bytes],
    version: bytes = b"1.1",
) -> h11.Request:
    return h11.Request(method=method, target=target, headers=[HOST, *headers], http_version=version)


@pytest.mark.parametrize(
    ("method", "target", "wanted", "path"),
    [
        (b"GET", b"http://h/x?y", Destination("h", 80), b"/x?y"),
        (b"GET", b"HTTP://h:8080", Destination("h", 8080), b"/"),
        (b"GET", b"http://h:/?q", Destination("h", 80), b"/?q"),
        (b"GET", b"http://h?q", Destination("h", 80), b"/?q"),
        (b"GET", b"http://[::1]:81/", Destination("::1", 81), b"/"),
        (b"GET", b"http://h//evil/", Destination("h", 80), b"//evil/"),
        (b"OPTIONS", b"http://h", Destination("h", 80), b"*"),
        (b"OPTIONS", b"http://h/", Destination("h", 80), b"/"),
        (b"CONNECT", b"h:443", Destination("h", 443), b""),
        (b"CONNECT", b"[fe80::1]:443", Destination("fe80::1", 443), b""),
    ],
)
def test_where_to(method: bytes, target: bytes, wanted: Destination, path: bytes) -> None:
    assert where_to(request(method, target)) == (wanted, path)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        (b"GET", b"/x"),
        (b"GET", b"*"),
        (b"GET", b"h:80"),
        (b"GET", b"https://h/"),
        (b"GET", b"http:///x"),
        (b"GET", b"http://user@h/"),
        (b"GET", b"http://h:65536/"),
        (b"GET", b"http://h:1x/"),
        (b"GET", b"http://h/#part"),
        (b"GET", b"http://::1/"),
        (b"CONNECT", b"h"),
        (b"CONNECT", b"h:"),
        (b"CONNECT", b":443"),
        (b"CONNECT", b"http://h:443/"),
        (b"CONNECT", b"user@h:443"),
    ],
)
def test_invalid_targets(method: bytes, target: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        where_to(request(method, target))
    assert refusal.value.status == 400


LENGTH, CHUNKED = (b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (request(b"POST", b"http://h/", LENGTH, CHUNKED), "both"),
        (request(b"POST", b"http://h/", CHUNKED, version=b"1.0"), "knows no Transfer-Encoding"),
        (request(b"CONNECT", b"h:1", LENGTH), "has no content"),
        (request(b"CONNECT", b"h:1", CHUNKED), "has no content"),
    ],
)
def test_ambiguous_framing_is_rejected(wrong: h11.Request, said: str) -> None:
    with pytest.raises(Refused, match=said) as refusal:
        check_framing(wrong)
    assert refusal.value.status == 400


def test_has_body() -> None:
    empty = (b"Content-Length", b"0")
    for right, expected in [
        (request(b"GET"), False),
        (request(b"POST", b"http://h/", empty), False),
        (request(b"POST", b"http://h/", LENGTH), True),
        (request(b"POST", b"http://h/", CHUNKED), True),
        (request(b"CONNECT", b"h:1", empty), False),
    ]:
        check_framing(right)
        assert has_body(right) is expected


def names(headers: Headers) -> list[bytes]:
    return [name for name, _ in headers]


def test_headers_for_the_origin() -> None:
    asked = request(
        b"POST",
        b"http://h:81/",
        (b"Connection", b"keep-alive, X-Mine"),
        (b"Connection", b"Content-Length"),
        (b"X-Mine", b"1"),
        (b"X-Other", b"2"),
        (b"Proxy-Connection", b"keep-alive"),
        (b"Proxy-Authorization", b"Basic x"),
        (b"Keep-Alive", b"5"),
        (b"TE", b"trailers"),
        (b"Upgrade", b"websocket"),
        (b"Via", b"1.0 before"),
        LENGTH,
    )
    assert for_origin(asked, Destination("h", 81), b"us") == [
        (b"Host", b"h:81"),
        (b"X-Other", b"2"),
        (b"Via", b"1.0 before"),
        LENGTH,
        (b"Via", b"1.1 us"),
        (b"Connection", b"close"),
    ]


def test_transfer_encoding_and_ipv6_host_for_the_origin() -> None:
    headers = for_origin(request(b"POST", b"http://h/", CHUNKED), Destination("::1", 80), b"us")
    assert headers[:2] == [(b"Host", b"[::1]"), CHUNKED]


@pytest.mark.parametrize(
    ("method", "value", "left", "goes_on"),
    [
        (b"OPTIONS", b"0", 0, None),
        (b"OPTIONS", b"3", 3, b"2"),
        (b"TRACE", b"1", 1, b"0"),
        (b"GET", b"3", None, b"3"),
        (b"OPTIONS", b"many", None, b"many"),
        (b"OPTIONS", b"9" * 5000, None, b"9" * 5000),
    ],
)
def test_max_forwards(method: bytes, value: bytes, left: int | None, goes_on: bytes | None) -> None:
    asked = request(method, b"http://h/", (b"Max-Forwards", value))
    assert hops_left(asked) == left
    if goes_on is not None:
        assert dict(for_origin(asked, Destination("h", 80), b"us"))[b"Max-Forwards"] == goes_on


def test_headers_for_the_client() -> None:
    headers: Headers = [
        (b"Server", b"x"),
        (b"Connection", b"keep-alive"),
        (b"Keep-Alive", b"5"),
        (b"Proxy-Authenticate", b"Basic"),
        LENGTH,
    ]
    response = h11.Response(status_code=200, headers=headers, http_version=b"1.0")
    assert for_client(response, b"us") == [(b"Server", b"x"), LENGTH, (b"Via", b"1.0 us")]


@pytest.mark.parametrize(("status", "headers"), [(200, [LENGTH, CHUNKED]), (204, [LENGTH])])
def test_invalid_content_length_is_not_forwarded(status: int, headers: Headers) -> None:
    response = h11.Response(status_code=status, headers=headers)
    assert names(for_client(response, b"us")) == [b"Via"]


def test_answer_of_the_proxy() -> None:
    response, body = answer(Refused(502, "because", (b"X", b"y")), [(b"Date", b"now")])
    assert (response.status_code, response.reason, body) == (502, b"Bad Gateway", b"because\n")
    assert dict(response.headers)[b"content-length"] == b"8"


@given(
    st.from_regex(rb"[!-~]{0,40}", fullmatch=True),
    st.sampled_from([b"GET", b"CONNECT", b"OPTIONS"]),
)
def test_any_target_is_valid_or_rejected(target: bytes, method: bytes) -> None:
    for one in (target, b"http://" + target):
        if not one:
            continue
        try:
            wanted, path = where_to(request(method, one))
        except Refused:
            continue
        assert wanted.host
        assert not set(wanted.host) & set("/?#@ ")
        assert 0 <= wanted.port <= 65535
        assert path[:1] in (b"/", b"*", b"")
