"""STARTTLS dialogues of binary protocols, as transcripts."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.handshake import HandshakeError
from pync.layers.starttls import PROTOCOLS

from .dialogue import check_error_at_every_end, check_tls_begins, run_dialogue
from .test_starttls import AGREED as OF_LINES


def ldap(code: int, said: bytes = b"") -> bytes:
    result = bytes([0x0A, 1, code, 0x04, 0, 0x04, len(said)]) + said
    response = bytes([0x02, 1, 1, 0x78, len(result)]) + result
    return bytes([0x30, len(response)]) + response


def mysql(capabilities: int, version: int = 10) -> bytes:
    greeting = bytes([version]) + b"11.4\0" + bytes(4) + b"saltsalt" + b"\0"
    greeting += capabilities.to_bytes(2, "little") + bytes(20)
    return len(greeting).to_bytes(3, "little") + b"\0" + greeting


#: Protocol -> (the data from the server, the data to the server).
AGREED = {
    "postgres": (b"S", b"\0\0\0\x08\x04\xd2\x16\x2f"),
    "mysql": (
        mysql(0xFFFF),
        b"\x20\0\0\1" + b"\x01\x8a\x08\0" + b"\0\0\0\1" + b"\x2d" + bytes(23),
    ),
    "ldap": (ldap(0), b"\x30\x1d\x02\1\1\x77\x18\x80\x161.3.6.1.4.1.1466.20037"),
}


def test_every_protocol_has_a_transcript() -> None:
    assert AGREED.keys() | OF_LINES.keys() == PROTOCOLS.keys()


@pytest.mark.parametrize("protocol", AGREED)
def test_server_begins_tls(protocol: str) -> None:
    check_tls_begins(protocol, *AGREED[protocol])


@pytest.mark.parametrize("protocol", AGREED)
def test_connection_ends_at_any_byte(protocol: str) -> None:
    check_error_at_every_end(protocol, AGREED[protocol][0])


@pytest.mark.parametrize(
    ("protocol", "says", "cause"),
    [
        ("postgres", b"N", "does not offer TLS"),
        ("postgres", b"E", "does not speak PostgreSQL: it answered 'E'"),
        ("mysql", mysql(0xF7FF), "does not offer TLS"),
        ("mysql", mysql(0xFFFF, 9), "does not speak MySQL"),
        ("mysql", b"\7\0\0\0\xff\x10\4busy", "refuses: 'busy'"),
        ("mysql", b"HTTP", "does not speak MySQL"),
        ("ldap", ldap(52, b"later"), r"LDAP result 52 \(later\)"),
        ("ldap", b"HTTP/1.1", "does not speak LDAP"),
        ("ldap", b"\x30\x84\0\0\0\1\x02", "does not speak LDAP"),
        ("ldap", b"\x30\x88", "does not speak LDAP"),
    ],
)
def test_refusal_of_the_server(protocol: str, says: bytes, cause: str) -> None:
    with pytest.raises(HandshakeError, match=cause):
        run_dialogue(protocol, says)


@given(st.sampled_from(sorted(AGREED)), st.binary(max_size=60), st.integers(0, 200))
def test_any_answer_is_accepted_or_rejected(protocol: str, noise: bytes, at: int) -> None:
    says, _ = AGREED[protocol]
    with suppress(HandshakeError):
        assert run_dialogue(protocol, says[: at % len(says)] + noise).heard
