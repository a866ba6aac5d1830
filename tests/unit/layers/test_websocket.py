"""Frames: cases of the Autobahn test suite, with their numbers.

A listener's side receives each case whole, byte by byte, and in pieces of three bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.core.broken import WebSocketFailure

pytest.importorskip("wsproto", reason="wsproto is not installed")

from wsproto.connection import Connection, ConnectionType
from wsproto.extensions import PerMessageDeflate

from pync.layers.websocket import FRAGMENT, Framing, WebSocketCodec
from pync.layers.websocket_codes import named, shown

TEXT, BINARY, MORE, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA

LINES, WRITES = Framing(), Framing(None, "binary")


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = True
) -> bytes:
    """Return a frame (RFC 6455 5.2); its masking key is zero, so that tests are readable."""
    size, bit = len(payload), 0x80 if mask else 0
    if size < 126:
        length = bytes([bit | size])
    elif size < 65536:
        length = bytes([bit | 126]) + struct.pack("!H", size)
    else:
        length = bytes([bit | 127]) + struct.pack("!Q", size)
    key = bytes(4) if mask else b""
    return bytes([(0x80 if fin else 0) | rsv << 4 | opcode]) + length + key + payload


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


def answered(opcode: int, payload: bytes = b"") -> bytes:
    """Return a frame as a listener sends it."""
    return frame(opcode, payload, mask=False)


def listener(framing: Framing = LINES) -> WebSocketCodec:
    return WebSocketCodec(Connection(ConnectionType.SERVER), framing)


class Case(NamedTuple):
    """The bytes of the client, the resulting data, the answer, and the close code."""

    name: str
    said: bytes
    made: bytes = b""
    answer: bytes = b""
    code: int | None = None
    framing: Framing = LINES


def violation(name: str, said: bytes, code: int = 1002, made: bytes = b"") -> Case:
    return Case(name, said, made, code=code)


GREEK = "κόσμε".encode()

CASES = [
    # Sizes.
    Case("1.1.1", frame(TEXT), b"\n"),
    *(Case(f"1.1 {n}", frame(TEXT, b"*" * n), b"*" * n + b"\n") for n in (125, 126, 127, 128)),
    *(Case(f"1.1 {n}", frame(TEXT, b"*" * n), b"*" * n + b"\n") for n in (65535, 65536)),
    *(
        Case(f"1.2 {n}", frame(BINARY, b"\xfe" * n), b"\xfe" * n, framing=WRITES)
        for n in (0, 125, 126, 127, 128, 65535, 65536)
    ),
    # Pings.
    Case("2.1", frame(PING), answer=answered(PONG)),
    Case("2.2", frame(PING, b"Hello"), answer=answered(PONG, b"Hello")),
    Case("2.3", frame(PING, b"\x00\xff\xfe"), answer=answered(PONG, b"\x00\xff\xfe")),
    Case("2.4", frame(PING, bytes(125)), answer=answered(PONG, bytes(125))),
    violation("2.5", frame(PING, bytes(126))),
    Case("2.7", frame(PONG)),
    Case("2.8", frame(PONG, b"unsolicited")),
    Case(
        "2.10",
        b"".join(frame(PING, b"%d" % n) for n in range(10)),
        answer=b"".join(answered(PONG, b"%d" % n) for n in range(10)),
    ),
    # Reserved bits.
    violation("3.1", frame(TEXT, rsv=1)),
    violation("3.2", frame(TEXT, b"x") + frame(TEXT, rsv=2), made=b"x\n"),
    violation("3.3", frame(TEXT, b"x") + frame(TEXT, rsv=3), made=b"x\n"),
    violation("3.5", frame(BINARY, bytes(8), rsv=5)),
    violation("3.6", frame(PING, b"x", rsv=6)),
    violation("3.7", frame(CLOSE, rsv=7)),
    # Opcodes that are none.
    *(violation(f"4.1 {code}", frame(code, b"x")) for code in range(3, 8)),
    *(violation(f"4.2 {code}", frame(code)) for code in range(11, 16)),
    # Fragments.
    violation("5.1", frame(PING, b"a", fin=False) + frame(MORE, b"b")),
    violation("5.2", frame(PONG, b"a", fin=False) + frame(MORE, b"b")),
    Case("5.3", frame(TEXT, b"a", fin=False) + frame(MORE, b"b"), b"ab\n"),
    Case(
        "5.6",
        frame(TEXT, b"a", fin=False) + frame(PING, b"p") + frame(MORE, b"b"),
        b"ab\n",
        answered(PONG, b"p"),
    ),
    violation("5.9", frame(MORE, b"a", fin=True) + frame(TEXT, b"b")),
    violation("5.12", frame(MORE, b"a", fin=False)),
    violation(
        "5.15", frame(TEXT, b"a", fin=False) + frame(MORE, b"b") + frame(MORE, b"c"), made=b"ab\n"
    ),
    violation("5.18", frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), made=b"a"),
    Case(
        "5.19",
        b"".join(
            [
                *(frame(TEXT, b"1", fin=False), frame(MORE, b"2", fin=False)),
                *(frame(PING, b"p"), frame(MORE, b"3", fin=False), frame(PING, b"q")),
                frame(MORE, b"4"),
            ]
        ),
        b"1234\n",
        answered(PONG, b"p") + answered(PONG, b"q"),
    ),
    # UTF-8, also cut within characters.
    Case(
        "6.2", b"".join([frame(TEXT, GREEK[:3], fin=False), frame(MORE, GREEK[3:])]), GREEK + b"\n"
    ),
    violation("6.3", frame(TEXT, GREEK + b"\xed\xa0\x80edited"), 1007),
    violation("6.4", frame(TEXT, GREEK, fin=False) + frame(MORE, b"\xf4\x90\x80\x80"), 1007, GREEK),
    *(violation(f"6.6 {end}", frame(TEXT, GREEK[:end]), 1007) for end in (1, 3, 5)),
    violation("6.12", frame(TEXT, b"\xfe"), 1007),
    violation("6.14", frame(TEXT, b"\xc0\xaf"), 1007),
    Case("6.9", frame(TEXT, "\uffff\U0010ffff".encode()), "\uffff\U0010ffff\n".encode()),
    # Closing.
    Case("7.1.1", close(1000), answer=answered(CLOSE, b"\x03\xe8"), code=1000),
    Case("7.1.3", close(1000) + frame(PING), answer=answered(CLOSE, b"\x03\xe8"), code=1000),
    Case("7.1.4", close(1000) + frame(TEXT, b"x"), answer=answered(CLOSE, b"\x03\xe8"), code=1000),
    Case("7.3.1", frame(CLOSE), answer=answered(CLOSE), code=1005),
    violation("7.3.2", frame(CLOSE, b"a")),
    Case("7.3.4", close(1000, b"ok"), answer=answered(CLOSE, b"\x03\xe8ok"), code=1000),
    violation("7.3.6", frame(CLOSE, b"\x03\xe8" + b"x" * 124)),
    violation("7.5.1", close(1000, b"\xce\xba\xe1\xbd\xed\xa0\x80"), 1007),
    *(
        Case(f"7.7 {code}", close(code), answer=answered(CLOSE, struct.pack("!H", code)), code=code)
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    ),
    *(
        violation(f"7.9 {code}", close(code))
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    ),
    # For listeners: frames that are not masked; lengths in more bytes than needed.
    violation("unmasked", frame(TEXT, b"x", mask=False)),
    violation("126 for 5", b"\x81\xfe\x00\x05" + bytes(4) + b"hello"),
    violation("127 for 5", b"\x81\xff" + struct.pack("!Q", 5) + bytes(4) + b"hello"),
    violation("2**63", b"\x81\xff\xff" + bytes(7) + bytes(4)),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@pytest.mark.parametrize("piece", [10**6, 3, 1])
def test_autobahn(case: Case, piece: int) -> None:
    codec, made = listener(case.framing), b""
    if len(case.said) > 10_000:
        piece *= 997  # the pieces of Autobahn's cases 1.1.8 and 1.2.8
    for at in range(0, len(case.said), piece):
        made += codec.receive(case.said[at : at + piece])
    assert codec.close_code == case.code
    violates = codec.failure is not None and "violates" in str(codec.failure)
    if not violates:
        assert (made, codec.outgoing()) == (case.made, case.answer)
        assert codec.ended == (case.code is not None)
        assert (codec.failure is None) == (case.code in (None, 1000, 1001, 1005))
        return
    # Bytes before the wrong one may be passed on; a Close frame reports the violation.
    assert (case.made + b"\xff").startswith(made) or made.startswith(case.made)
    assert case.code is not None
    last = codec.outgoing()
    assert last[:1] == bytes([0x80 | CLOSE])
    assert struct.unpack("!H", last[2:4]) == (case.code,)
    assert codec.receive(frame(TEXT, b"x")) == b""


def test_eof_without_a_close_frame() -> None:
    codec = listener()
    assert codec.receive(frame(TEXT, b"a", fin=False)) == b"a"
    assert codec.receive(b"") == b""
    assert codec.close_code == 1006
    assert "data may be missing" in str(codec.failure)
    assert not codec.ended


def test_eof_after_our_close_frame() -> None:
    codec = listener()
    assert codec.send_eof() == answered(CLOSE, b"\x03\xe8")
    assert codec.receive(frame(TEXT, b"late") + frame(PING)) == b"late\n"
    assert codec.outgoing() == b""  # nothing follows a Close frame
    assert codec.receive(b"") == b""
    assert (codec.ended, codec.failure, codec.close_code) == (True, None, 1006)


def test_close_reason() -> None:
    codec = listener()
    codec.receive(close(1011, "kaputt: ü\x1b[2J".encode()))
    assert str(codec.failure) == ("the peer closed it with 1011 (internal error): kaputt: ü?[2J")
    assert codec.close_reason == "kaputt: ü\x1b[2J"
    assert (named(4000), shown("a\nb")) == ("4000", "a?b")


# Sending.


def frames(wire: bytes) -> Iterator[tuple[int, bool, bytes]]:
    """Yield a listener's frames: opcode, whether it is the last of its message, payload."""
    while wire:
        first, size, at = wire[0], wire[1], 2
        if size == 126:
            size, at = struct.unpack("!H", wire[2:4])[0], 4
        elif size == 127:
            size, at = struct.unpack("!Q", wire[2:10])[0], 10
        yield first & 0xF, bool(first & 0x80), wire[at : at + size]
        wire = wire[at + size :]


def test_lines_become_messages() -> None:
    codec = listener()
    assert list(frames(codec.send(b"one\n\ntwo\nhal"))) == [
        (TEXT, True, b"one"),
        (TEXT, True, b""),
        (TEXT, True, b"two"),
    ]
    assert codec.send(b"f") == b""
    assert list(frames(codec.send_eof())) == [(TEXT, True, b"half"), (CLOSE, True, b"\x03\xe8")]
    assert codec.send_eof() == codec.leave() == codec.ping() == b""


def test_data_that_is_not_utf_8_is_sent_as_binary() -> None:
    codec = listener()
    assert list(frames(codec.send(b"\xff\nok\n"))) == [(BINARY, True, b"\xff"), (TEXT, True, b"ok")]


def test_text_framing_rejects_other_data() -> None:
    codec = listener(Framing(kind="text"))
    with pytest.raises(WebSocketFailure, match="not text in UTF-8"):
        codec.send(b"good\n\xff\nnever\n")
    assert list(frames(codec.outgoing())) == [(TEXT, True, b"good"), (CLOSE, True, b"\x03\xe9")]


def test_each_write_is_a_binary_message() -> None:
    codec = listener(WRITES)
    assert codec.whole_writes
    assert list(frames(codec.send(b"a\nb"))) == [(BINARY, True, b"a\nb")]


def test_long_line_is_sent_in_fragments() -> None:
    """The line is one message, and is not cut inside a character or the delimiter."""
    codec = listener(Framing(b"--"))
    line = "ü".encode() * FRAGMENT
    sent = list(
        frames(b"".join(codec.send(line[at : at + 777]) for at in range(0, len(line), 777)))
    )
    sent += frames(codec.send(b"-") + codec.send(b"-"))
    assert [opcode for opcode, *_ in sent] == [TEXT, *[MORE] * (len(sent) - 1)]
    assert [last for _, last, _ in sent] == [False] * (len(sent) - 1) + [True]
    assert b"".join(payload for *_, payload in sent) == line
    for _, _, payload in sent:
        payload.decode()


def test_whole_message_and_its_size_limit() -> None:
    codec = listener(Framing(whole=10))
    assert codec.receive(frame(TEXT, b"12345", fin=False)) == b""
    assert codec.receive(frame(MORE, b"6789")) == b"123456789\n"
    assert codec.receive(frame(TEXT, b"0" * 11)) == b""
    assert (codec.close_code, str(codec.failure)) == (1009, "a message is larger than 10 bytes")


def test_ping_and_pong() -> None:
    codec = listener()
    assert codec.ping() == answered(PING)
    assert codec.awaits_pong
    codec.receive(frame(PONG))
    assert not codec.awaits_pong
    codec.give_up("silent")
    codec.give_up("twice")
    assert str(codec.failure) == "silent"
    codec.stop_waiting()
    assert not codec.ended


# Compression (Autobahn's 12 and 13), and bytes that are not frames.


def compressing_pair() -> tuple[WebSocketCodec, WebSocketCodec]:
    """Return both ends, which have agreed on permessage-deflate."""
    client, server = PerMessageDeflate(), PerMessageDeflate()
    accepted = server.accept(f"permessage-deflate; {client.offer()}")
    client.finalize(f"permessage-deflate; {accepted}")
    kinds = (ConnectionType.CLIENT, client), (ConnectionType.SERVER, server)
    ours, theirs = (WebSocketCodec(Connection(kind, [one]), LINES) for kind, one in kinds)
    return ours, theirs


@given(st.lists(st.binary(max_size=300).map(lambda line: line.replace(b"\n", b"")), max_size=20))
def test_compression(lines: list[bytes]) -> None:
    client, server = compressing_pair()
    stream = b"".join(line + b"\n" for line in lines)
    for one, other in ((client, server), (server, client)):
        assert other.receive(one.send(stream) or frame(PONG, mask=one is client)) == stream


def test_invalid_compressed_data() -> None:
    _, server = compressing_pair()
    server.receive(frame(TEXT, b"\xff\xff not deflated", rsv=4))
    assert "violates the protocol" in str(server.failure)


def test_compression_bomb_is_read_in_pieces() -> None:
    """The plain bytes of one read are limited (READ_DEFLATED, transports/websocket.py)."""
    deflate = zlib.compressobj(wbits=-15)
    bomb = deflate.compress(bytes(64 * 1024 * 1024)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    _, server = compressing_pair()
    made = server.receive(frame(BINARY, bomb[:-4], rsv=4)[: 16 * 1024])
    assert len(made) <= 17 * 1024 * 1024


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=20))
def test_any_bytes_end_or_fail_the_connection(pieces: list[bytes]) -> None:
    for codec in (listener(), *compressing_pair()):
        for piece in pieces:
            codec.receive(piece)
            codec.outgoing()
        codec.receive(b"")
        assert codec.ended or isinstance(codec.failure, WebSocketFailure)


@given(
    st.lists(
        st.tuples(st.integers(0, 255), st.binary(max_size=200), st.booleans(), st.booleans()),
        max_size=10,
    ),
    st.integers(1, 50),
)
def test_any_frames_are_accepted_or_fail_the_connection(
    parts: list[tuple[int, bytes, bool, bool]], size: int
) -> None:
    wire = b"".join(
        frame(first & 0xF, payload, fin=fin, rsv=first >> 4 & 7 if mask else 0)
        for first, payload, fin, mask in parts
    )
    codec = listener()
    for at in range(0, len(wire), size):
        codec.receive(wire[at : at + size])
    assert codec.failure is None or isinstance(codec.failure, WebSocketFailure)
    whole = listener()
    whole.receive(wire or frame(PONG))
    assert (whole.ended, str(whole.failure)) == (codec.ended, str(codec.failure))


@given(st.lists(st.binary(max_size=100), max_size=10), st.sampled_from([b"\n", b"\0", b"\r\n"]))
def test_stream_round_trip(writes: list[bytes], delimiter: bytes) -> None:
    framing = Framing(delimiter)
    sender = WebSocketCodec(Connection(ConnectionType.CLIENT), framing)
    receiver = listener(framing)
    received = b"".join(receiver.receive(sent) for data in writes if (sent := sender.send(data)))
    received += receiver.receive(sender.send_eof())
    stream = b"".join(writes)
    expected = stream if not stream or stream.endswith(delimiter) else stream + delimiter
    assert received == expected
    assert receiver.ended


def test_fragments_are_passed_on() -> None:
    near, far = listener(Framing(None, "binary", passes_on=True)), listener()
    assert near.passes_on
    near.fragments = []
    assert near.receive(frame(1, b"t\xc3", fin=False) + frame(0, b"\xbc") + frame(2, b"")) == b""
    sent = b"".join(far.send_fragment(data, finished=end) for data, end in near.fragments)
    joined = [(opcode, b"") for opcode, _, _ in frames(sent)]
    assert b"".join(data for _, _, data in frames(sent)) == "tü".encode()
    assert joined[-1] == (2, b"")
    # The close code and reason are passed on too; data after them is dropped.
    near.receive(close(4001, b"enough"))
    far.close_as(near)
    assert far.send_eof() == answered(8, (4001).to_bytes(2, "big") + b"enough")
    assert far.send_fragment("late", finished=True) == b""
