r"""Filtering control sequences for a terminal, with input that is split in every way."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.control_sequences import LONGEST
from pync.layers.screen import ScreenFilter

Feed = Callable[[bytes], bytes]


def whole(data: bytes, *, utf8: bool = True) -> bytes:
    screen = ScreenFilter(utf8=utf8)
    return screen.feed(data) + screen.end()


def in_pieces(pieces: list[bytes], *, utf8: bool = True) -> bytes:
    screen = ScreenFilter(utf8=utf8)
    return b"".join(map(screen.feed, pieces)) + screen.end()


def byte_by_byte(data: bytes) -> bytes:
    return in_pieces([data[at : at + 1] for at in range(len(data))])


@pytest.fixture(params=[whole, byte_by_byte])
def feed(request: pytest.FixtureRequest) -> Feed:
    how: Feed = request.param
    return how


#: Text, and sequences that draw on the screen; they are passed on unchanged.
HARMLESS = [
    b"plain text\r\n\ttabs, \x08 and \x07 bells\x0b\x0c\x00\x7f",
    "Grüße, Привет, 日本語, 🐍 e\u0301".encode(),
    b"\x1b[m\x1b[0;1;31mred\x1b[38;5;208m\x1b[38;2;1;2;3m\x1b[4:3m\x1b[58:2::1:2:3m",
    b"\x1b[H\x1b[2J\x1b[J\x1b[1J\x1b[K\x1b[1K\x1b[10;20H\x1b[5A\x1b[B\x1b[2C\x1b[D\x1b[3;4f\x1b[1d\x1b[7G",
    b"\x1b[2L\x1b[M\x1b[3P\x1b[@\x1b[4X\x1b[S\x1b[2T\x1b[3b\x1b[1;24r\x1b[s\x1b[u\x1b[g\x1b[3g\x1b[I\x1b[Z",
    b"\x1b7\x1b8\x1bD\x1bE\x1bH\x1bM\x1b=\x1b>\x1b#8",
    b"\x1b(B\x1b)0\x0eqqq\x0f\x1b(0lqk\x1b(B",
    b"\x1b[?25l\x1b[?25h\x1b[?1049h\x1b[?1049l\x1b[?7l\x1b[?1h\x1b[?12;25h\x1b[4h\x1b[4l\x1b[?2026h",
    b"\x1b[!p\x1b[2 q\x1b[ q",
]

#: Sequences that are not passed on: the bytes received, and the bytes shown instead.
HARMFUL = [
    # The clipboard, the title, its stack, hyperlinks, notifications, a program (ConEmu's OSC 9;7).
    (b"\x1b]52;c;cm0gLXJm\x07x", rb"\e]52;c;cm0gLXJm\ax"),
    (b"\x1b]52;c;?\x1b\\x", rb"\e]52;c;?\e\x"),
    (b"\x1b]0;title\x07\x07", b"\\e]0;title\\a\x07"),
    (b"\x1b[22;0t\x1b[23;0t", rb"\e[22;0t\e[23;0t"),
    (b"\x1b]8;;http://a/\x1b\\b\x1b]8;;\x1b\\", rb"\e]8;;http://a/\e\b\e]8;;\e" + b"\\"),
    (b"\x1b]9;7;calc\x07", rb"\e]9;7;calc\a"),
    # Queries: DA 1 to 3, DECID, DSR, DECXCPR, DECRQM, XTVERSION, DECREQTPARM, window reports, ENQ.
    (b"\x1b[c\x1b[0c\x1b[>c\x1b[=c\x1bZ", rb"\e[c\e[0c\e[>c\e[=c\eZ"),
    (b"\x1b[5n\x1b[6n\x1b[?6n\x1b[?25$p\x1b[>q\x1b[x", rb"\e[5n\e[6n\e[?6n\e[?25$p\e[>q\e[x"),
    (b"\x1b[21t\x1b[14t\x1b[8;1;1t", rb"\e[21t\e[14t\e[8;1;1t"),
    (b"\x05", rb"\x05"),
    (b"\x1b[1;1;1;1;1;1*y", rb"\e[1;1;1;1;1;1*y"),
    # DCS: DECRQSS, XTGETTCAP, DECUDK (keys), sixels; SOS, PM, APC (kitty's graphics).
    (b"\x1bP$qm\x1b\\", rb"\eP$qm\e" + b"\\"),
    (b"\x1bP+q544e\x1b\\", rb"\eP+q544e\e" + b"\\"),
    (b"\x1bP1;1|17/726d\x1b\\", rb"\eP1;1|17/726d\e" + b"\\"),
    (b"\x1bXa\x1b\\\x1b^b\x1b\\\x1b_Gc\x1b\\", rb"\eXa\e\\e^b\e\\e_Gc\e" + b"\\"),
    # The keyboard, the mouse, pastes, printing, the scrollback, tests, resets.
    (b"\x1b[?1000h\x1b[?1004h\x1b[?2004h\x1b[2h", rb"\e[?1000h\e[?1004h\e[?2004h\e[2h"),
    (b"\x1b[?25;1003h", rb"\e[?25;1003h"),
    (b"\x1b[>4;2m\x1b[>1u\x1b[=1u\x1b[?u", rb"\e[>4;2m\e[>1u\e[=1u\e[?u"),
    (b'\x1b[5i\x1b[?5i\x1b[0;59;"rm"p', rb'\e[5i\e[?5i\e[0;59;"rm"p'),
    (b"\x1bc\x1b[2;1y\x1b[1;2;3;4;5T\x1b[3;3J", rb"\ec\e[2;1y\e[1;2;3;4;5T\e[3;3J"),
    # As ``clear`` sends it: the screen is erased, the scrollback is not.
    (b"\x1b[H\x1b[2J\x1b[3J$ ", b"\x1b[H\x1b[2J$ "),
    # Other encodings, a switch to 8-bit controls, VT52, Tektronix.
    (b"\x1b%@\x1b%G\x1b G\x1b[?2l\x1b\x0c", b"\\e%@\\e%G\\e G\\e[?2l\\e\x0c"),
    # C1 controls: as bytes, as UTF-8, as overlong UTF-8, and cut off.
    (b"\x9b6n\x9d52;c;a\x9c\x90$qm\x9c", rb"\x9b6n\x9d52;c;a\x9c\x90$qm\x9c"),
    ("\x9b6n\x9d0;a\x9c".encode(), rb"\u009b6n\u009d0;a\u009c"),
    (b"\xe0\x82\x9b6n\xc0\x9b\xe2\x9b", rb"\xe0\x82\x9b6n\xc0\x9b\xe2\x9b"),
    (b"caf\xe9 \xff", rb"caf\xe9 \xff"),
    # Sequences cut by the end, another ESC, a control character (terminals obey one inside).
    (b"\x1b", rb"\e"),
    (b"a\x1b[31", rb"a\e[31"),
    (b"\x1b\x1b[31m", b"\\e\x1b[31m"),
    (b"\x1b[\r6n\x1b[6\x1bc", b"\\e[\r6n\\e[6\\ec"),
    (b"\x1b]0;a\x1b[31mb", b"\\e]0;a\x1b[31mb"),
    # Numbers that are too large, or too many.
    (b"\x1b[999999b", rb"\e[999999b"),
    (b"\x1b[" + b"1" * (LONGEST + 1) + b"m", rb"\e[" + b"1" * (LONGEST + 1) + b"m"),
    (b"\x1b[[A", rb"\e[[A"),
]


@pytest.mark.parametrize("data", HARMLESS)
def test_harmless_sequences_pass(feed: Feed, data: bytes) -> None:
    assert feed(data) == data


@pytest.mark.parametrize(("data", "shown"), HARMFUL)
def test_harmful_sequences_are_shown_as_text(feed: Feed, data: bytes, shown: bytes) -> None:
    assert feed(data) == shown


def test_plain_text_is_not_copied() -> None:
    for text in (b"plain\n" * 1000, "Привет\n".encode() * 1000):
        assert ScreenFilter().feed(text) is text


def test_endless_sequence_is_not_buffered() -> None:
    screen = ScreenFilter()
    assert screen.feed(b"\x1b]52;c;") == rb"\e]52;c;"
    for _ in range(100):
        assert screen.feed(b"A" * 1000) == b"A" * 1000
    assert screen.feed(b"\x1b[" + b"1" * 1000) == rb"\e[" + b"1" * 1000
    assert screen.end() == b""


def test_terminal_without_utf_8() -> None:
    assert whole(b"caf\xe9 \x9b6n \xc3\x9b6n", utf8=False) == b"caf\xe9 \\x9b6n \xc3\\x9b6n"


#: Combinations of bytes as a malicious peer might send them.
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from([data for data, _ in HARMFUL] + HARMLESS),
        st.sampled_from([b"\x1b", b"[", b"]", b"?", b";", b"6", b"n", b"m", b"\x07", b"\\", b"("]),
        st.sampled_from([b"\xc2", b"\x9b", b"\xe2\x82", b"\xf0\x9f", b"\xac", b"\xed\xa0"]),
        st.binary(max_size=5),
    ),
    max_size=12,
)


@given(HOSTILE, st.booleans())
def test_any_segmentation(pieces: list[bytes], utf8: bool) -> None:
    assert in_pieces(pieces, utf8=utf8) == whole(b"".join(pieces), utf8=utf8)


@given(HOSTILE, st.data())
def test_cut_at_any_byte(pieces: list[bytes], data: st.DataObject) -> None:
    text = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
    bounds = [0, *cuts, len(text)]
    cut = [text[start:end] for start, end in itertools.pairwise(bounds)]
    assert in_pieces(cut) == whole(text)


#: Written independently of the filter: an ESC may start only these; no C1 control is allowed.
ALLOWED = re.compile(
    rb"\x1b(?:\[[\x20-\x3f]*[@-Zabdefghlmpqrsu`]|[78DEHM=>]|#[34568]|[()*+][0-2A-Z])"
)
QUERY = re.compile(rb"\x1b\[[\x20-\x3f]*[cntxiy]|\x1bZ|\x05|\x1b[\]PX^_]")


@given(HOSTILE)
def test_output_contains_no_queries_and_no_data_is_lost(pieces: list[bytes]) -> None:
    sent = b"".join(pieces)
    shown = whole(sent)
    shown.decode()  # bytes that are not text are shown
    assert not re.search("[\x80-\x9f]", shown.decode())
    assert not QUERY.search(shown)
    assert b"\x1b" not in ALLOWED.sub(b"", shown)
    assert len(shown) >= len(sent.replace(b"\x1b[3J", b""))
