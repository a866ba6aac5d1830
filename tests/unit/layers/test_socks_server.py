"""SOCKS handshakes of a server, also with our own client."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.handshake import Exactly, Handshake, HandshakeError, Line, Pause, Send, Step
from pync.layers.socks import connect4, connect5
from pync.layers.socks_server import PENALTY, Admits, Asked, granted, names, refused, serve

JOE = names("joe", "secret")


class ServerRun:
    """The sent data of a server, its result, and the unread rest of the client's bytes."""

    def __init__(self, handshake: Handshake[Asked], client: bytes) -> None:
        self.said, self.rest = b"", client
        self.asked: Asked | None = None
        self.error = ""
        self.paused = 0.0
        answer: bytes | None = None
        while True:
            try:
                step = next(handshake) if answer is None else handshake.send(answer)
                answer = self._answer(step)
            except StopIteration as ended:
                self.asked = ended.value
                return
            except HandshakeError as error:
                self.error = str(error)
                return
            if answer is None and not isinstance(step, (Send, Pause)):
                self.error = "waits"
                return

    def _answer(self, step: Step) -> bytes | None:
        if isinstance(step, Send):
            self.said += step.data
            return None
        if isinstance(step, Pause):
            self.paused += step.seconds
            return None
        if isinstance(step, Exactly):
            size = step.size
        else:
            size = self.rest.find(step.end) + 1
            if size > step.limit or (not size and len(self.rest) >= step.limit):
                raise HandshakeError("too long")
            size = size or len(self.rest) + 1
        if len(self.rest) < size:
            return None
        answer, self.rest = self.rest[:size], self.rest[size:]
        return answer


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (b"\1\1\2\3\4", "1.2.3.4"),
        (b"\4" + bytes(15) + b"\1", "::1"),
        (b"\3\x0bexample.org", "example.org"),
        (b"\3\x06b\xc3\xbcro.", "büro."),
    ],
)
def test_socks_5(address: bytes, host: str) -> None:
    heard = ServerRun(serve(), b"\5\1\0" + b"\5\1\0" + address + b"\0\x50" + b"first words")
    assert heard.asked == Asked(5, host, 80)
    assert heard.said == b"\5\0"
    # Bytes after the request are for the target.
    assert heard.rest == b"first words"


def test_socks_5_with_a_password() -> None:
    words = b"\5\2\0\2" + b"\1\3joe\6secret" + b"\5\1\0\3\1h\0\1"
    heard = ServerRun(serve(JOE), words)
    assert heard.asked == Asked(5, "h", 1)
    assert heard.said == b"\5\2" + b"\1\0"


def test_user_and_password_that_are_not_utf_8() -> None:
    auth = names("j\udcff", "\udcfe")
    asks = b"\5\1\0\3\1h\0\1"
    assert ServerRun(serve(auth), b"\5\1\2\1\2j\xff\1\xfe" + asks).asked == Asked(5, "h", 1)
    assert "is wrong" in ServerRun(serve(auth), b"\5\1\2\1\2j\xfe\1\xfe" + asks).error


@pytest.mark.parametrize(
    ("auth", "words", "said", "error"),
    [
        (None, b"GET / HTTP/1.0\r\n", b"", "does not speak SOCKS"),
        (None, b"\5\0", b"\5\xff", "offers no method"),
        (None, b"\5\1\2", b"\5\xff", "offers no method"),
        (JOE, b"\5\1\0", b"\5\xff", "offers no method"),
        (JOE, b"\5\1\2\1\3joe\5wrong", b"\5\2\1\1", "user or the password is wrong"),
        (JOE, b"\5\1\2\1\4anna\6secret", b"\5\2\1\1", "user or the password is wrong"),
        (JOE, b"\5\1\2\1\0\0", b"\5\2\1\1", "user or the password is wrong"),
        (JOE, b"\5\1\2\2\3joe\6secret", b"\5\2\1\1", "user or the password is wrong"),
        (None, b"\5\1\0\4\1\0\1\1", b"\5\0", "does not speak SOCKS 5"),
        (None, b"\5\1\0\5\1\0\7\1", b"\5\0" + b"\5\x08\0\1" + bytes(6), "address of type 7"),
        (None, b"\5\1\0\5\2\0\1" + bytes(6), b"\5\0\5\7\0\1" + bytes(6), "command 2"),
        (None, b"\5\1\0\5\3\0\3\1h\0\1", b"\5\0\5\7\0\1" + bytes(6), "command 3"),
        (None, b"\5\1\0\5\1\0\3\0\0\1", b"\5\0\5\1\0\1" + bytes(6), "names no host"),
        (None, b"\5\1\0\5\1\0\3\3a\nb\0\1", b"\5\0\5\1\0\1" + bytes(6), "names no host"),
        (None, b"\5\1\0\5\1\0\3\1\xff\0\1", b"\5\0\5\1\0\1" + bytes(6), "names no host"),
        (None, b"\4\2\0\1\1\2\3\4\0", b"\0\x5b" + bytes(6), "command 2"),
        (None, b"\4\1\0\1\0\0\0\1me\0a b\0", b"\0\x5b" + bytes(6), "names no host"),
        (JOE, b"\4\1\0\1\1\2\3\4joe\0", b"\0\x5b" + bytes(6), "has no password"),
        (None, b"\4\1\0\1\1\2\3\4" + b"u" * 300, b"", "too long"),
    ],
)
def test_refusals(auth: Admits | None, words: bytes, said: bytes, error: str) -> None:
    heard = ServerRun(serve(auth), words)
    assert heard.asked is None
    assert heard.said == said
    assert error in heard.error
    assert heard.paused == (PENALTY if "is wrong" in heard.error else 0)


def test_refusal_is_delayed_by_the_given_time() -> None:
    words = b"\5\1\2\1\3joe\5wrong"
    assert ServerRun(serve(JOE, delay=lambda: 0.25), words).paused == 0.25
    assert ServerRun(serve(JOE, delay=lambda: 0.0), words).paused == 0


@pytest.mark.parametrize(("version", "words"), [(4, b"\5\1"), (5, b"\4\1")])
def test_only_the_given_versions_are_accepted(version: int, words: bytes) -> None:
    assert "does not speak SOCKS" in ServerRun(serve(None, (version,)), words).error


def test_socks_4_and_4a() -> None:
    assert ServerRun(serve(), b"\4\1\0\x50\1\2\3\4me\0x").asked == Asked(4, "1.2.3.4", 80)
    heard = ServerRun(serve(), b"\4\1\0\x50\0\0\0\1\0example.org\0x")
    assert heard.asked == Asked(4, "example.org", 80)
    assert (heard.said, heard.rest) == (b"", b"x")
    # 0.0.0.0 is an address, and does not announce a name (as in SOCKS 4a).
    assert ServerRun(serve(), b"\4\1\0\x50\0\0\0\0\0").asked == Asked(4, "0.0.0.0", 80)


def test_answers() -> None:
    five, four = Asked(5, "h", 1), Asked(4, "h", 1)
    assert granted(five, "1.2.3.4", 80) == b"\5\0\0\1\1\2\3\4\0\x50"
    assert granted(five, "fe80::1%lo", 80) == (
        b"\5\0\0\4" + ipaddress.ip_address("fe80::1").packed + b"\0\x50"
    )
    assert granted(four, "1.2.3.4", 80) == b"\0\x5a" + bytes(6)
    assert refused(four, "connection refused") == b"\0\x5b" + bytes(6)


@pytest.mark.parametrize(
    ("cause", "reply"),
    [
        ("connection refused", 5),
        ("no route to host", 4),
        ("network is unreachable", 3),
        ("timed out", 4),
        ("something else", 1),
    ],
)
def test_reply_for_each_cause(cause: str, reply: int) -> None:
    answer = refused(Asked(5, "h", 1), cause)
    assert (answer[0], answer[1], len(answer)) == (5, reply, 10)
    assert refused(Asked(5, "h", 1), cause, resolved=False)[1] == 4


def _both(client: Handshake[None], server: Handshake[Asked]) -> Asked:
    """Run our client with our server until the server knows the target."""
    to_server, to_client = b"", b""
    wanted, answer = next(client), None
    step: object = next(server)
    while True:
        if isinstance(wanted, Send):
            to_server += wanted.data
            wanted = next(client)
        elif isinstance(wanted, Exactly) and len(to_client) >= wanted.size:
            answer, to_client = to_client[: wanted.size], to_client[wanted.size :]
            wanted = client.send(answer)
        try:
            if isinstance(step, Send):
                to_client += step.data
                step = next(server)
            elif isinstance(step, Exactly) and len(to_server) >= step.size:
                given, to_server = to_server[: step.size], to_server[step.size :]
                step = server.send(given)
            elif isinstance(step, Line) and step.end in to_server:
                size = to_server.index(step.end) + 1
                given, to_server = to_server[:size], to_server[size:]
                step = server.send(given)
        except StopIteration as ended:
            assert to_server == b""
            asked: Asked = ended.value
            return asked


_HOSTS = st.one_of(
    st.ip_addresses().map(str),
    st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,5}){0,2}", fullmatch=True),
)
_WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=40)


@given(_HOSTS, st.integers(0, 65535), st.none() | st.tuples(_WORDS, _WORDS))
def test_our_client_with_our_server(host: str, port: int, auth: tuple[str, str] | None) -> None:
    user, password = auth or (None, "")
    asked = _both(connect5(host, port, user, password), serve(names(*auth) if auth else None))
    assert asked == Asked(5, host, port)
    if ":" not in host and auth is None and not host.startswith("0.0.0."):
        assert _both(connect4(host, port), serve()) == Asked(4, host, port)


@given(st.binary(max_size=700), st.sampled_from([None, JOE]))
def test_any_request_is_accepted_or_rejected(words: bytes, auth: Admits | None) -> None:
    heard = ServerRun(serve(auth), words)
    assert words.endswith(heard.rest)
    assert heard.asked is not None or heard.error
    assert len(heard.said) <= 16


@given(
    st.sampled_from(
        [
            b"\5\2\0\2\5\1\0\3\x0bexample.org\0\x50",
            b"\4\1\0\x50\0\0\0\1user\0example.org\0",
            b"\5\1\0\5\1\0\4" + bytes(16) + b"\0\x50",
        ]
    ),
    st.binary(max_size=50),
)
def test_handshake_ends_exactly_at_its_last_byte(words: bytes, trailing: bytes) -> None:
    whole = ServerRun(serve(), words + trailing)
    assert whole.asked is not None
    assert whole.rest == trailing
    for end in range(len(words)):
        assert ServerRun(serve(), words[:end]).error == "waits"
