"""The messages that chat users see."""

from __future__ import annotations

import pytest

from pync.layers.chat import LONGEST_LINE, Speaker, arrival, departure, printable


def test_every_line_starts_with_the_name() -> None:
    assert Speaker(5).says(b"one\n<user4> forged\n") == b"<user5> one\n<user5> <user4> forged\n"


def test_line_in_pieces_is_shown_once() -> None:
    speaker = Speaker(5)
    assert speaker.says(b"he") == b""
    assert speaker.says(b"llo\nyou") == b"<user5> hello\n"
    assert speaker.says(b"") == b"<user5> you\n"
    assert speaker.says(b"") == b""


def test_length_of_an_unfinished_line_is_bounded() -> None:
    speaker = Speaker(5)
    assert speaker.says(b"x" * LONGEST_LINE) == b""
    assert speaker.says(b"y") == b"<user5> " + b"x" * LONGEST_LINE + b"y\n"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"text\r", b"text"),
        (b"\tx", b"\tx"),
        ("grüße".encode(), "grüße".encode()),
        (b"\x1b[2Jx", b"\\033[2Jx"),
        (b"a\xff\x00", b"a\\377\\000"),
        (b"a\rb", b"a\\015b"),
        ("\u202eabc".encode(), b"\\342\\200\\256abc"),
    ],
)
def test_control_characters_are_escaped(line: bytes, shown: bytes) -> None:
    assert printable(line) == shown


def test_arrivals_and_departures() -> None:
    assert arrival("<user4>", "127.0.0.1:5", []) == (
        b"<announce> 127.0.0.1:5 is connected as <user4>.\n<announce> already connected: nobody.\n"
    )
    assert arrival("<user6>", "[::1]:5", [("<user4>", "a:1"), ("<user5>", "b:2")]) == (
        b"<announce> [::1]:5 is connected as <user6>.\n"
        b"<announce> already connected: a:1 as <user4>, b:2 as <user5>.\n"
    )
    assert departure("<user4>") == b"<announce> <user4> is disconnected.\n"
