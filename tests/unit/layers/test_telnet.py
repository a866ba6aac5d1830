"""TELNET: input at once and byte by byte, random input, and a session with itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.telnet import LARGEST, NOTHING, Abilities, Telnet
from pync.layers.telnet_protocol import BINARY, DO, DONT, ECHO, NAWS, SGA, TTYPE, WILL, WONT

ABILITIES = Abilities(
    ours=frozenset({BINARY, NAWS, SGA, TTYPE}),
    theirs=frozenset({BINARY, ECHO, SGA}),
    announce={NAWS: lambda: b"\x00\xff\x00\x18"},
    answer={TTYPE: lambda data: b"\x00XTERM" if data == b"\x01" else None},
)


def whole(telnet: Telnet, data: bytes) -> bytes:
    return telnet.receive(data) if data else b""


def byte_by_byte(telnet: Telnet, data: bytes) -> bytes:
    return b"".join(telnet.receive(bytes([byte])) for byte in data)


@pytest.fixture(params=[whole, byte_by_byte])
def feed(request: pytest.FixtureRequest) -> Callable[[Telnet, bytes], bytes]:
    how: Callable[[Telnet, bytes], bytes] = request.param
    return how


Feed = Callable[[Telnet, bytes], bytes]

#: The received bytes, the bytes that the user reads, and the answer.
RECEIVED = [
    (b"plain", b"plain", b""),
    (b"a\r\nb\r\0c\nd", b"a\nb\rc\nd", b""),
    (b"\r\0\n\r\r\n\r\0\0x", b"\r\n\r\n\r\0x", b""),
    (b"a\xff\xffb", b"a\xffb", b""),
    (b"a\xff\xf1b\xff\xf9c", b"abc", b""),
    (b"\xff\xfb\x01", b"", b"\xff\xfd\x01"),
    (b"\xff\xfb\x01\xff\xfb\x01", b"", b"\xff\xfd\x01"),
    (b"\xff\xfb\x63x\xff\xfd\x63", b"x", b"\xff\xfe\x63\xff\xfc\x63"),
    (b"\xff\xfc\x01\xff\xfe\x03", b"", b""),
    (b"\xff\xfd\x03\xff\xfe\x03", b"", b"\xff\xfb\x03\xff\xfc\x03"),
    (b"\xff\xfd\x06\xff\xfd\x06\xff\xfb\x06", b"", b"\xff\xfb\x06\xff\xfb\x06"),
    (b"\xff\xfd\x05", b"", b"\xff\xfc\x05"),
    (b"\xff\xfd\x1f", b"", b"\xff\xfb\x1f\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0"),
    (
        b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0z",
        b"z",
        b"\xff\xfb\x18\xff\xfa\x18\x00XTERM\xff\xf0",
    ),
    # Not agreed to: no answer. Not a wish: no answer.
    (b"\xff\xfa\x18\x01\xff\xf0", b"", b""),
    (b"\xff\xfd\x18\xff\xfa\x18\x00YOU\xff\xf0", b"", b"\xff\xfb\x18"),
    # Doubled inside, ended without SE, nested.
    (b"\xff\xfa\x07a\xff\xffb\xff\xf0x", b"x", b""),
    (b"\xff\xfa\x07abc\xff\xfb\x01x", b"x", b"\xff\xfd\x01"),
    (b"\xff\xfa\x07abc\xff\xfa\x08d\xff\xf0x", b"x", b""),
    # Empty, cut short before the option, and for option 255, which is doubled too (RFC 855).
    (b"a\xff\xfa\xff\xf0 b", b"a b", b""),
    (b"a\xff\xfa\xff\xf1 b", b"a b", b""),
    (b"a\xff\xfa\xff\xfb\x01 b", b"a b", b"\xff\xfd\x01"),
    (b"a\xff\xfa\xff\xff\xff\xf0 b", b"a b", b""),
    (b"a\xff\xfa\xff\xffaa\xff\xf0 b", b"a b", b""),
    (b"a\xff\xfa\xff\xff\xff\xff\xff\xf0 b", b"a b", b""),
    (b"a\xff\xfa\xff\xfa\xff\xf0 b", b"a b", b""),
    # Longer than what is kept.
    (b"a\xff\xfd\x18\xff\xfa\x18\x01" + b"x" * LARGEST + b"\xff\xf0 b", b"a b", b"\xff\xfb\x18"),
    (b"a\xff\xfa\xff\xff" + b"\xff\xff" * LARGEST + b"\xff\xf0 b", b"a b", b""),
    # BINARY leaves CR alone, both ways.
    (b"\xff\xfb\x00\r\n\r\0\r", b"\r\n\r\0\r", b"\xff\xfd\x00"),
    (b"\r\xff\xfb\x00\n", b"\r\n", b"\xff\xfd\x00"),
]


@pytest.mark.parametrize(("wire", "read", "answered"), RECEIVED)
def test_received_data_and_answers(wire: bytes, read: bytes, answered: bytes, feed: Feed) -> None:
    telnet = Telnet(ABILITIES)
    assert feed(telnet, wire) == read
    assert telnet.outgoing() == answered
    assert telnet.outgoing() == b""


@pytest.mark.parametrize(
    ("wire", "read", "answered"),
    [
        (b"\xff\xfd\x01\xff\xfb\x03x", b"x", b"\xff\xfc\x01\xff\xfe\x03"),
        (b"\xff\xfe\x01\xff\xfc\x03x", b"x", b""),
        (b"a\r\nb\r\0\xff\xff", b"a\r\nb\r\0\xff", b""),
        (b"\xff\xfd\x06", b"", b"\xff\xfc\x06"),
        (b"\xff\xfa\x18\x01\xff\xf0y", b"y", b""),
        (b"a\xff\xfa\xff\xf0 b", b"a b", b""),
        (b"a\xff\xfa\xff\xffaa\xff\xf0 b", b"a b", b""),
    ],
)
def test_without_abilities_and_text(wire: bytes, read: bytes, answered: bytes, feed: Feed) -> None:
    telnet = Telnet(NOTHING, text=False)
    assert feed(telnet, wire) == read
    assert telnet.outgoing() == answered
    assert telnet.send(b"a\n\xff") == b"a\n\xff"


SENT = [
    ([b"hello\n"], True, b"hello\r\n"),
    ([b"a\r\nb\n\r\n"], True, b"a\r\nb\r\n\r\n"),
    ([b"a\r", b"\nb\r", b"c"], True, b"a\r\nb\r\0c"),
    ([b"a\rb\xff"], True, b"a\r\0b\xff\xff"),
    ([b"ab\r", b"\n", b"\xff"], False, b"ab\r\0\n\xff\xff"),
]


@pytest.mark.parametrize(("typed", "lines", "wire"), SENT)
def test_sent_data(typed: list[bytes], lines: bool, wire: bytes) -> None:
    telnet = Telnet(ABILITIES)
    telnet.sends_lines = lines
    assert b"".join(map(telnet.send, typed)) + telnet.send_eof() == wire


def test_sends_crlf() -> None:
    telnet = Telnet(ABILITIES)
    telnet.sends_crlf = True
    assert telnet.send(b"a\rb\n") == b"a\r\nb\r\n"
    telnet.sends_lines = False
    assert telnet.send(b"a\r") == b"a\r\n"


def test_cr_at_eof() -> None:
    telnet = Telnet(ABILITIES)
    assert telnet.send(b"a\r") + telnet.send_eof() == b"a\r\0"
    assert telnet.receive(b"b\r") + telnet.receive(b"") == b"b\r"
    assert telnet.ended
    assert telnet.receive(b"") == b""


def test_binary_mode_escapes_only_iac() -> None:
    telnet = Telnet(ABILITIES)
    telnet.receive(b"\xff\xfd\x00")
    assert telnet.send(b"a\r\n\n\xff") == b"a\r\n\n\xff\xff"


def test_keeps_crlf_and_adds_lf() -> None:
    telnet = Telnet(ABILITIES)
    telnet.keeps_crlf = True
    assert telnet.receive(b"a\r\nb\r\0c") == b"a\r\nb\rc"
    telnet.adds_lf = True
    assert telnet.receive(b"a\rb\r\n") == b"a\r\nb\r\n"


def test_own_negotiations_are_sent_once_and_take_effect_when_answered() -> None:
    telnet = Telnet(ABILITIES)
    telnet.negotiate(WILL, NAWS)
    telnet.negotiate(WILL, NAWS)
    telnet.negotiate(DO, SGA)
    telnet.negotiate(DONT, ECHO)
    telnet.negotiate(WONT, TTYPE)
    assert telnet.outgoing() == b"\xff\xfb\x1f\xff\xfd\x03"
    assert telnet.receive(b"\xff\xfd\x1f\xff\xfc\x03") == b""
    assert telnet.outgoing() == b"\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0"
    assert telnet.us.is_on(NAWS)
    assert not telnet.peer.is_wanted(SGA)


def test_commands_in_both_directions() -> None:
    telnet = Telnet(ABILITIES)
    heard: list[int] = []
    telnet.heard = heard.append
    telnet.command(246)
    assert telnet.outgoing() == b"\xff\xf6"
    assert telnet.receive(b"\xff\xf6\xff\xf2x\xff\xef") == b"x"
    assert heard == [246, 242, 239]


def test_size_of_an_endless_subnegotiation_is_bounded(feed: Feed) -> None:
    telnet = Telnet(ABILITIES)
    feed(telnet, b"\xff\xfd\x18\xff\xfa\x18\x01")
    for _ in range(10):
        feed(telnet, b"x" * LARGEST)
        assert len(telnet._sub) <= LARGEST
    telnet.outgoing()
    assert feed(telnet, b"\xff\xf0data") == b"data"
    assert telnet.outgoing() == b""


@given(st.binary(max_size=60), st.integers(1, 7))
def test_result_does_not_depend_on_segmentation(garbage: bytes, size: int) -> None:
    check_segmentation(garbage, size)


def check_segmentation(garbage: bytes, size: int) -> None:
    one, other = Telnet(ABILITIES), Telnet(ABILITIES)
    pieces = [garbage[at : at + size] for at in range(0, len(garbage), size)]
    read = one.receive(garbage) if garbage else b""
    assert read == b"".join(map(other.receive, pieces))
    assert one.outgoing() == other.outgoing()


#: Received bytes in which every kind of command is likely, mixed with text.
LIKELY = st.lists(
    st.sampled_from([bytes([byte]) for byte in b"\xff\xfa\xf0\xfb\xfc\xfd\xfe\x00\x01\x18\r\na"]),
    max_size=40,
).map(b"".join)


@given(LIKELY, st.integers(1, 5))
def test_result_of_commands_does_not_depend_on_segmentation(garbage: bytes, size: int) -> None:
    check_segmentation(garbage, size)


@given(st.lists(st.binary(max_size=20)), st.lists(st.integers(1, 9)), st.booleans())
def test_text_round_trip(typed: list[bytes], sizes: list[int], negotiates: bool) -> None:
    sender, receiver = Telnet(ABILITIES), Telnet(ABILITIES)
    wire = b"".join(map(sender.send, typed)) + sender.send_eof()
    if negotiates:
        wire = b"\xff\xfb\x03" + wire + b"\xff\xf1"
    read, at = b"", 0
    for size in [*sizes, len(wire) + 1]:
        piece, at = wire[at : at + size], at + size
        read += receiver.receive(piece) if piece else b""
    read += receiver.receive(b"")
    assert read == b"".join(typed).replace(b"\r\n", b"\n")


@given(
    st.lists(st.tuples(st.sampled_from([WILL, WONT, DO, DONT]), st.integers(0, 40)), max_size=20)
)
def test_negotiation_between_two_sides_ends(wishes: list[tuple[int, int]]) -> None:
    one, other = Telnet(ABILITIES), Telnet(ABILITIES)
    for verb, option in wishes:
        one.negotiate(verb, option)
    for _ in range(60):
        assert other.receive(one.outgoing() or b"\0") in (b"", b"\0")
        assert one.receive(other.outgoing() or b"\0") in (b"", b"\0")
    assert one.outgoing() == b""


@given(LIKELY)
def test_negotiation_with_an_echoing_peer_ends(heard: bytes) -> None:
    telnet = Telnet(ABILITIES)
    telnet.negotiate(DO, SGA)
    telnet.negotiate(WILL, TTYPE)
    telnet.receive(heard or b"x")
    for _ in range(200):
        out = telnet.outgoing()
        if not out:
            return
        # Neither an answer to TIMING-MARK nor the echo of a refusal is a request.
        telnet.receive(out)
    raise AssertionError(f"it loops on {out!r}")
