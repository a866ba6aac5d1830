"""SOCKS handshakes of a client: sent data, requested data, and results."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.handshake import Exactly, Handshake, HandshakeError, Send
from pync.layers.socks import connect4, connect5


def run_handshake(handshake: Handshake[None], answers: bytes) -> tuple[bytes, bytes]:
    """Return the sent data, and the unread rest of the answers. Raises HandshakeError."""
    sent, answer = b"", None
    while True:
        try:
            step = next(handshake) if answer is None else handshake.send(answer)
        except StopIteration:
            return sent, answers
        if isinstance(step, Send):
            sent, answer = sent + step.data, None
        else:
            assert isinstance(step, Exactly)
            assert step.size < 600
            if len(answers) < step.size:
                raise HandshakeError("ended")
            answer, answers = answers[: step.size], answers[step.size :]


GRANTED5 = b"\5\0" + b"\5\0\0\1\1\2\3\4\0\7"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("1.2.3.4", b"\1\1\2\3\4"),
        ("::1", b"\4" + bytes(15) + b"\1"),
        ("example.org", b"\3\x0bexample.org"),
    ],
)
def test_socks_5(host: str, address: bytes) -> None:
    sent, rest = run_handshake(connect5(host, 80), GRANTED5 + b"first words")
    assert sent == b"\5\1\0" + b"\5\1\0" + address + b"\0\x50"
    # Bytes after the handshake are not read.
    assert rest == b"first words"


def test_socks_5_with_a_password() -> None:
    answers = b"\5\2" + b"\1\0" + b"\5\0\0\3\4name\0\7"
    sent, rest = run_handshake(connect5("h", 1, "joe", "secret"), answers)
    assert sent == b"\5\2\0\2" + b"\1\3joe\6secret" + b"\5\1\0\3\1h\0\1"
    assert rest == b""


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (b"HT", "does not speak SOCKS 5"),
        (b"\5\xff", "asks for a user and a password"),
        (b"\5\1", "accepts none of the login"),
        (b"\5\0\5\5\0\1", "proxy: connection refused"),
        (b"\5\0\5\x63\0\1", "proxy: reply 99"),
        (b"\5\0\5\0\0\7", "an address of type 7"),
        (b"\5\0\4\0\0\1", "does not speak SOCKS 5"),
    ],
)
def test_refusals_of_socks_5(answers: bytes, said: str) -> None:
    with pytest.raises(HandshakeError, match=said):
        run_handshake(connect5("h", 1), answers)


def test_password_refused_or_too_long() -> None:
    with pytest.raises(HandshakeError, match="refuses the user"):
        run_handshake(connect5("h", 1, "joe"), b"\5\2\1\1")
    with pytest.raises(HandshakeError, match="up to 255 bytes"):
        run_handshake(connect5("h", 1, "j" * 256), b"\5\2")


def test_user_and_password_that_are_not_utf_8() -> None:
    sent, _ = run_handshake(connect5("h", 1, "j\udcff", "\udcfe"), b"\5\2\1\0" + GRANTED5[2:])
    assert sent.startswith(b"\5\2\0\2\1\2j\xff\1\xfe")
    sent, _ = run_handshake(connect4("1.2.3.4", 80, "j\udcff"), b"\0\x5a" + bytes(6))
    assert sent == b"\4\1\0\x50\1\2\3\4j\xff\0"


@pytest.mark.parametrize("connect", [connect4, connect5])
def test_host_names_are_encoded_in_ascii(
    connect: Callable[[str, int], Handshake[None]],
) -> None:
    granted = GRANTED5 if connect is connect5 else b"\0\x5a" + bytes(6)
    assert b"xn--bro-hoa.example" in run_handshake(connect("b\xfcro.example", 1), granted)[0]
    for name in ("x..y\xe9", "\xe9" * 64, "a\udcff", "x" * 256, ""):
        with pytest.raises(HandshakeError, match="is not a name for SOCKS"):
            run_handshake(connect(name, 1), granted)


def test_socks_4_and_4a() -> None:
    granted = b"\0\x5a" + bytes(6)
    assert run_handshake(connect4("1.2.3.4", 80, "me"), granted + b"x") == (
        b"\4\1\0\x50\1\2\3\4me\0",
        b"x",
    )
    assert run_handshake(connect4("example.org", 80), granted)[0] == (
        b"\4\1\0\x50\0\0\0\1\0example.org\0"
    )


@pytest.mark.parametrize(
    ("host", "answers", "said"),
    [
        ("h", b"\0\x5b" + bytes(6), "request rejected"),
        ("h", b"\5\x5a" + bytes(6), "does not speak SOCKS 4"),
        ("::1", b"", "does not support IPv6"),
        ("a\0b", b"", "holds a NUL"),
    ],
)
def test_refusals_of_socks_4(host: str, answers: bytes, said: str) -> None:
    with pytest.raises(HandshakeError, match=said):
        run_handshake(connect4(host, 1), answers)


@given(st.binary(max_size=400))
def test_any_answer_is_accepted_or_rejected(answers: bytes) -> None:
    for handshake in (connect5("h", 1, "u", "p"), connect4("h", 1)):
        try:
            _, rest = run_handshake(handshake, answers)
        except HandshakeError:
            continue
        assert answers.endswith(rest)
