"""The CONNECT handshake of a client."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.handshake import Handshake, HandshakeError, Line, Send
from pync.layers.http_connect import StatusError, connect


def run_handshake(handshake: Handshake[None], answers: bytes) -> tuple[bytes, bytes]:
    """Return the sent data, and the unread rest of the answers."""
    sent, answer = b"", None
    while True:
        try:
            step = next(handshake) if answer is None else handshake.send(answer)
        except StopIteration:
            return sent, answers
        if isinstance(step, Send):
            sent, answer = sent + step.data, None
        else:
            assert isinstance(step, Line)
            line, end, rest = answers.partition(b"\n")
            if not end or len(line) >= step.limit:
                raise HandshakeError("no line")
            answer, answers = line + end, rest


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 Connection established\r\n\r\n",
        b"HTTP/1.1 200\r\nVia: x\r\nX: y\r\n\r\n",
        b"HTTP/1.1 204 ok\n\n",
    ],
)
def test_tunnel(answer: bytes) -> None:
    sent, rest = run_handshake(connect("example.org", 443), answer + b"first\nwords")
    assert sent == b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"
    assert rest == b"first\nwords"


def test_informational_responses_are_skipped() -> None:
    # RFC 9110 15.2: one or more 1xx may come before the final response.
    informational = (
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\nVia: x\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nProxy-Authenticate: Basic\r\n\r\n",
    )
    answers = b"".join(informational) + b"HTTP/1.1 200 ok\r\n\r\nfirst\n"
    assert run_handshake(connect("h", 1), answers)[1] == b"first\n"


def test_challenges_are_taken_from_the_final_response() -> None:
    early = b"HTTP/1.1 103 x\r\nProxy-Authenticate: Basic\r\n\r\n"
    final = b"HTTP/1.1 407 x\r\nProxy-Authenticate: Digest nonce=1\r\n\r\n"
    with pytest.raises(StatusError) as refusal:
        run_handshake(connect("h", 1), early + final)
    assert refusal.value.challenges == ("Digest nonce=1",)


def test_ipv6_address_and_login() -> None:
    sent, _ = run_handshake(connect("::1", 1, "Basic am9lOnNlOmNyZXQ="), b"HTTP/1.0 200 x\r\n\r\n")
    assert sent.startswith(b"CONNECT [::1]:1 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic am9lOnNlOmNyZXQ=\r\n" in sent


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "returned status code 403"),
        (b"SSH-2.0-x\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 x\r\n" + b"A: b\r\n" * 200, "does not end"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 403 no\r\n\r\n", "status code 403"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "returned status code 101"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 50, "returned status code 100"),
    ],
)
def test_refusals(answer: bytes, said: str) -> None:
    with pytest.raises(HandshakeError, match=said):
        run_handshake(connect("h", 1), answer)


def test_error_contains_status_and_challenges() -> None:
    asks = b"Proxy-Authenticate: Basic realm=x\r\nX: y\r\nproxy-authenticate:  Digest \xff \r\n"
    with pytest.raises(StatusError) as refusal:
        run_handshake(connect("h", 1), b"HTTP/1.0 407 who?\r\n" + asks + b"\r\n")
    assert refusal.value.status == 407
    assert refusal.value.line == "HTTP/1.0 407 who?"
    assert refusal.value.challenges == ("Basic realm=x", "Digest \\xff")


@pytest.mark.parametrize("host", ["a b", "a\r\nX: y"])
def test_host_cannot_inject_a_header(host: str) -> None:
    with pytest.raises(HandshakeError, match="is not a valid host name"):
        run_handshake(connect(host, 1), b"")


@given(st.binary(max_size=300))
def test_any_answer_is_accepted_or_rejected(answers: bytes) -> None:
    try:
        _, rest = run_handshake(connect("h", 1), answers)
    except HandshakeError:
        return
    assert answers.endswith(rest)
