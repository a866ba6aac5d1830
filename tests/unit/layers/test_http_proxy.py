"""The HTTP proxy without I/O: the data received from each side, and the data sent to it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pync.layers.http_auth import Guard, credentials, parse
from pync.layers.http_intake import LARGEST_HEAD
from pync.layers.http_message import Destination
from pync.layers.http_proxy import (
    BROKEN,
    CLOSING,
    DIALLING,
    FORWARDING,
    HOLDING,
    READING,
    TUNNELLING,
    Intermediary,
)


def proxy(guard: Guard | None = None) -> Intermediary:
    return Intermediary(guard, lambda: b"today", b"us")


GET = b"GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n"
GET_ON = b"GET /x HTTP/1.1\r\nHost: h\r\nVia: 1.1 us\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: d\r\n\r\nhi"
OK_ON = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: d\r\nVia: 1.1 us\r\n\r\nhi"


def status(said: bytes) -> list[int]:
    """Return the status codes of the proxy's answers."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def test_several_requests_on_one_connection() -> None:
    ours = proxy()
    for _ in range(3):
        assert (ours.state, ours.hears_client) == (READING, True)
        ours.receive(GET)
        assert (ours.state, ours.wanted, ours.hears_client) == (
            DIALLING,
            Destination("h", 80),
            False,
        )
        ours.connected()
        assert (ours.state, ours.hears_client) == (FORWARDING, False)
        assert ours.for_origin() == GET_ON
        ours.receive_from_origin(OK)
        assert ours.for_client() == OK_ON
    ours.receive(b"")
    assert (ours.state, ours.failure, ours.for_client()) == (CLOSING, "", b"")


def test_byte_by_byte() -> None:
    ours, to_origin, to_client = proxy(), b"", b""
    post = b"POST http://h/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"3\r\nabc\r\n10;x=y\r\n" + b"z" * 16 + b"\r\n0\r\nTrailer: t\r\n\r\n"
    for byte in post + body:
        assert ours.hears_client
        ours.receive(bytes([byte]))
        if ours.state == DIALLING:
            ours.connected()
        to_origin += ours.for_origin()
    assert to_origin.startswith(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nVia")
    pieces = re.findall(rb"\r\n([0-9a-f]+)\r\n([^\r]*)(?=\r\n)", to_origin.partition(b"close")[2])
    assert b"".join(piece for _, piece in pieces) == b"abc" + b"z" * 16
    assert to_origin.endswith(b"\r\n0\r\n\r\n")
    for byte in OK:
        ours.receive_from_origin(bytes([byte]))
        to_client += ours.for_client()
    assert to_client == OK_ON
    assert ours.state == READING


def test_pipelined_requests_are_forwarded_one_by_one() -> None:
    ours = proxy()
    ours.receive(GET + GET.replace(b"/x", b"/y") + b"GET http://h/z")
    for path in (b"/x", b"/y"):
        assert ours.state == DIALLING
        ours.connected()
        assert ours.for_origin().startswith(b"GET " + path + b" HTTP/1.1\r\n")
        ours.receive_from_origin(OK)
    assert ours.state == READING
    assert ours.for_client() == OK_ON * 2


@pytest.mark.parametrize(
    ("response", "goes_on"),
    [
        # A body that ends with its connection becomes chunks.
        (b"HTTP/1.0 200 OK\r\nDate: d\r\n\r\nabc", b"\r\n3\r\nabc\r\n0\r\n\r\n"),
        (
            b"HTTP/1.1 200 OK\r\nDate: d\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            b"\r\n1\r\na\r\n0\r\n\r\n",
        ),
        (
            b"HTTP/1.1 304 Not Modified\r\nDate: d\r\nContent-Length: 7\r\n\r\n",
            b"Content-Length: 7\r\nVia: 1.1 us\r\n\r\n",
        ),
        (
            b"HTTP/1.1 204 No Content\r\nDate: d\r\nContent-Length: 7\r\n\r\n",
            b"Date: d\r\nVia: 1.1 us\r\n\r\n",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"Date: today\r\n\r\n"),
    ],
)
def test_the_ends_of_responses(response: bytes, goes_on: bytes) -> None:
    ours = proxy()
    ours.receive(GET)
    ours.connected()
    ours.receive_from_origin(response)
    if ours.state == FORWARDING:
        ours.receive_from_origin(b"")
    said = ours.for_client()
    assert said.endswith(goes_on), said
    assert ours.state == READING


def test_http_1_0_client_gets_a_body_that_ends_with_the_connection() -> None:
    ours = proxy()
    ours.receive(b"GET http://h/ HTTP/1.0\r\n\r\n")
    ours.connected()
    assert b"Via: 1.0 us\r\n" in ours.for_origin()
    ours.receive_from_origin(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert ours.for_client() == b""
    chunked = b"HTTP/1.1 200 OK\r\nDate: d\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
    ours.receive_from_origin(chunked)
    said = ours.for_client()
    assert said.endswith(b"Connection: close\r\n\r\na")
    assert ours.state == CLOSING


def test_head_has_no_body() -> None:
    ours = proxy()
    ours.receive(GET.replace(b"GET", b"HEAD"))
    ours.connected()
    ours.receive_from_origin(OK.removesuffix(b"hi"))
    assert ours.for_client() == OK_ON.removesuffix(b"hi")
    ours.receive(GET.replace(b"GET", b"HEAD"))
    ours.failed("refused")
    assert ours.for_client().endswith(b"\r\n\r\n")
    assert ours.state == READING


def test_expect_100_continue_is_forwarded() -> None:
    ours = proxy()
    ours.receive(
        b"PUT http://h/ HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    )
    ours.connected()
    assert b"Expect: 100-continue\r\n" in ours.for_origin()
    ours.receive_from_origin(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert ours.for_client() == b"HTTP/1.1 100 Continue\r\nVia: 1.1 us\r\n\r\n"
    ours.receive(b"abc")
    assert ours.for_origin() == b"abc"
    ours.receive_from_origin(OK)
    assert (ours.for_client(), ours.state) == (OK_ON, READING)


def test_early_response_ends_the_connection() -> None:
    ours = proxy()
    ours.receive(b"PUT http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: 300\r\n\r\nabc")
    ours.connected()
    ours.receive_from_origin(OK)
    assert (ours.for_client(), ours.state) == (OK_ON, CLOSING)


# CONNECT.

CONNECT = b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_tunnel(version: bytes) -> None:
    ours = proxy()
    ours.receive(CONNECT.replace(b"1.1", version) + b"first words\r\n\r\n")
    assert (ours.state, ours.wanted) == (DIALLING, Destination("h", 443))
    ours.connected()
    assert ours.state == TUNNELLING
    assert ours.for_client() == b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert ours.for_origin() == b"first words\r\n\r\n"


def test_data_for_a_failed_tunnel_is_not_parsed_as_a_request() -> None:
    ours = proxy()
    ours.receive(CONNECT + GET)
    ours.failed("dial tcp://h:443: connection refused")
    said = ours.for_client()
    assert status(said) == [502]
    assert b"Connection: close\r\n" in said
    assert said.endswith(b"dial tcp://h:443: connection refused\n")
    assert ours.state == CLOSING


# Errors.


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET http://h/ HTTP/1.1\r\n\r\n", 400),
        (b"GET http://h/ HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400),
        (b"GET http://h/ HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"GET http://h/ HTTP/1.1\r\nHost: h\r\nBad Header\r\n\r\n", 400),
        (b"GET http://h/ HTTP/1.1\r\nHost : h\r\n\r\n", 400),
        (
            b"POST http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
        ),
        (b"POST http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", 400),
        (
            b"POST http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"POST http://h/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST http://h/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST http://h/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501),
        (CONNECT.replace(b"h:443 HTTP", b"h HTTP"), 400),
        (GET[:-2] + b"X: " + b"x" * LARGEST_HEAD, 431),
    ],
)
def test_requests_that_are_refused_are_the_last(request_: bytes, expected: int) -> None:
    ours = proxy()
    ours.receive(request_ if expected == 431 else request_ + GET)
    assert ours.state == CLOSING
    said = ours.for_client()
    assert status(said) == [expected]
    assert b"Connection: close\r\n" in said
    assert ours.for_origin() == b""
    assert ours.failure


def test_origin_not_reached() -> None:
    ours = proxy()
    ours.receive(GET)
    ours.failed("timed out", 504)
    assert status(ours.for_client()) == [504]
    assert ours.state == READING
    ours.receive(b"POST http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
    ours.failed("refused")
    # Otherwise the rest of the body would be parsed as a request.
    assert (status(ours.for_client()), ours.state) == ([502], CLOSING)


@pytest.mark.parametrize(
    ("response", "expected", "state"),
    [
        (b"", [502], READING),
        (b"SSH-2.0-x\r\n\r\n", [502], READING),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", [502], READING),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", [200], BROKEN),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", [200], BROKEN),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", [200], BROKEN),
    ],
)
def test_incomplete_or_invalid_response(response: bytes, expected: list[int], state: str) -> None:
    ours = proxy()
    ours.receive(GET)
    ours.connected()
    ours.receive_from_origin(response)
    if ours.state == FORWARDING and response:
        ours.receive_from_origin(b"")
    assert (status(ours.for_client()), ours.state) == (expected, state)
    ours.lost_origin("again")
    assert ours.state == state


def test_origin_resets() -> None:
    ours = proxy()
    ours.receive(GET)
    ours.connected()
    ours.lost_origin("connection reset by peer")
    assert (status(ours.for_client()), ours.state) == ([502], READING)


def test_incomplete_request_body() -> None:
    ours = proxy()
    ours.receive(b"PUT http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
    ours.connected()
    ours.receive(b"")
    assert ours.state == BROKEN
    assert ours.failure.startswith("the request broke off")


def test_client_times_out() -> None:
    ours = proxy()
    ours.time_out()
    assert (ours.state, ours.for_client()) == (CLOSING, b"")
    ours = proxy()
    ours.receive(GET[:-2])
    ours.time_out()
    assert (ours.state, status(ours.for_client())) == (CLOSING, [408])


def test_max_forwards() -> None:
    ours = proxy()
    options = b"OPTIONS http://h HTTP/1.1\r\nHost: h\r\nMax-Forwards: %d\r\n\r\n"
    ours.receive(options % 0)
    said = ours.for_client()
    assert status(said) == [200]
    assert b"Allow: CONNECT" in said
    ours.receive(options.replace(b"OPTIONS", b"TRACE") % 0)
    assert status(ours.for_client()) == [405]
    ours.receive(options % 1)
    ours.connected()
    assert ours.for_origin().startswith(b"OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n")


# Logins.


def guard() -> Guard:
    return Guard("joe", "secret", b"key", lambda: 5.0)


def test_login_is_required() -> None:
    ours = proxy(guard())
    ours.receive(GET)
    said = ours.for_client()
    assert status(said) == [407]
    assert ours.state == READING
    headers = re.findall(rb"Proxy-Authenticate: (.*)\r\n", said)
    challenges = [one for header in headers for one in parse(header.decode())]
    assert [one.scheme for one in challenges] == ["Digest", "Digest", "Basic"]
    answer = credentials(challenges, "GET", "http://h/x", "joe", "secret", "once").encode()
    asked = GET.replace(b"\r\n\r\n", b"\r\nProxy-Authorization: " + answer + b"\r\n\r\n")
    ours.receive(asked)
    assert ours.state == DIALLING
    ours.connected()
    # The password is for the proxy only.
    assert ours.for_origin() == GET_ON
    ours.receive_from_origin(OK)
    ours.receive(asked)
    said = ours.for_client().removeprefix(OK_ON)
    assert status(said) == [407]
    assert b"stale=true" in said


def test_tunnel_requires_login() -> None:
    ours = proxy(guard())
    ours.receive(CONNECT + GET)
    said = ours.for_client()
    assert status(said) == [407]
    assert ours.state == CLOSING
    ours = proxy(guard())
    basic = b"\r\nProxy-Authorization: basic am9lOnNlY3JldA==\r\n\r\n"
    ours.receive(CONNECT.replace(b"\r\n\r\n", basic))
    assert ours.state == DIALLING


def test_many_refusals_in_one_read() -> None:
    ours = proxy(guard())
    ours.receive(GET * 1500)
    assert status(ours.for_client()) == [407] * 1500
    assert ours.state == READING


# Random data.

_SPOKEN = [GET, CONNECT, OK, b"POST http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"]


def play(
    ours: Intermediary, pieces: list[tuple[bool, bytes]], connects: Callable[[], bool]
) -> None:
    for from_client, piece in pieces:
        if ours.state == DIALLING:
            ours.connected() if connects() else ours.failed("no")
        if from_client and ours.hears_client:
            ours.receive(piece)
        elif not from_client and ours.state == FORWARDING:
            ours.receive_from_origin(piece)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.booleans(), st.one_of(st.binary(max_size=60), st.sampled_from(_SPOKEN)))),
    st.booleans(),
)
def test_any_input_leaves_the_proxy_in_a_valid_state(
    pieces: list[tuple[bool, bytes]], connects: bool
) -> None:
    ours = proxy()
    play(ours, pieces, lambda: connects)
    assert ours.state in (READING, DIALLING, FORWARDING, TUNNELLING, CLOSING, BROKEN)
    ours.for_client()
    ours.for_origin()


@given(st.lists(st.integers(1, 400), max_size=12))
def test_result_does_not_depend_on_segmentation(cuts: list[int]) -> None:
    words = GET + _SPOKEN[3] + GET
    ours, to_origin, to_client = proxy(), b"", b""
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(words)]):
        rest = words[start:end]
        while rest or ours.state == DIALLING:
            if ours.state == DIALLING:
                ours.connected()
            if rest and ours.hears_client:
                ours.receive(rest)
                rest = b""
            to_origin += ours.for_origin()
            if ours.state == FORWARDING and not ours.hears_client:
                ours.receive_from_origin(OK)
                to_client += ours.for_client()
    assert to_client == OK_ON * 3
    assert to_origin.count(b"Via: 1.1 us\r\n") == 3
    assert b"\r\n\r\nabcGET /x" in to_origin


def test_proxy_pauses_after_enough_work_and_continues_when_told() -> None:
    ours = Intermediary(None, lambda: b"today", b"us", enough=lambda: True)
    ours.receive(b"OPTIONS http://h/ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n" * 3 + GET)
    for _ in range(3):
        assert ours.unfinished
        assert status(ours.for_client()) == [200]
        ours.go_on()
    assert (ours.state, ours.for_client()) == (DIALLING, b"")
    ours.connected()
    assert ours.for_origin() == GET_ON
    ours.receive_from_origin(OK)
    said = b""
    while ours.unfinished:
        said += ours.for_client()
        ours.go_on()
    assert said + ours.for_client() == OK_ON
    assert (ours.state, ours.unfinished) == (READING, False)


def test_answer_to_a_wrong_password_is_delayed() -> None:
    ours = proxy(Guard("joe", "secret", b"key", lambda: 1000.0))
    ours.receive(GET)
    assert (ours.state, status(ours.for_client())) == (READING, [407])
    wrong = GET.replace(b"Host: h", b"Host: h\r\nProxy-Authorization: Basic am9lOngK")
    ours.receive(wrong + wrong)
    for _ in range(2):
        assert (ours.state, ours.hears_client, ours.for_client()) == (HOLDING, False, b"")
        ours.release()
        assert status(ours.for_client()) == [407]
    assert ours.state == READING


@pytest.mark.parametrize(
    "via", [b"1.1 us", b"1.0 other, 1.1 us (comment)", b"1.1 other\r\nVia: 1.1 us"]
)
def test_forwarding_loop_is_detected(via: bytes) -> None:
    ours = proxy()
    for target in (b"/x", b"http://h/x"):
        ours.receive(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\nVia: " + via + b"\r\n\r\n")
        assert (ours.state, status(ours.for_client())) == (READING, [403])
    ours.receive(GET.replace(b"Host: h", b"Host: h\r\nVia: 1.1 us-too"))
    assert ours.state == DIALLING


def test_target_too_long() -> None:
    ours = proxy()
    ours.receive(b"CONNECT " + b"h" * 24000 + b":80 HTTP/1.1\r\nHost: h\r\n\r\n")
    answer = ours.for_client()
    assert (status(answer), len(answer) < 500) == ([414], True)
