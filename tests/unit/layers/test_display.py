"""How --show, --marks and --timestamps show the data of both directions."""

from __future__ import annotations

from pync.layers.display import FORMS, Display
from pync.layers.screen import ScreenFilter, Unfiltered


def test_marks() -> None:
    display = Display(Unfiltered, is_text=True, marks=True)
    assert display.feed(b"one\r\ntwo\n") == b"< one\r\n< two\n"
    assert display.sent(b"three\n") == b"> three\n"
    assert display.end() == b""


def test_other_direction_starts_a_new_line() -> None:
    display = Display(Unfiltered, is_text=True, marks=True)
    shown = [
        display.feed(b"log"),
        display.feed(b"in: "),
        display.sent(b"joe"),
        display.feed(b"ok\n"),
    ]
    assert shown == [b"< log", b"in: ", b"\n> joe", b"\n< ok\n"]


def test_typed_line_end_is_already_echoed() -> None:
    display = Display(Unfiltered, is_text=True, marks=True, echoes=True)
    assert [display.feed(b"login: "), display.sent(b"joe\n")] == [b"< login: ", b"> joe\n"]


def test_timestamps() -> None:
    display = Display(Unfiltered, is_text=True, now=lambda: "12:00")
    assert display.feed(b"a\nb") + display.feed(b"c\n") == b"12:00 a\n12:00 bc\n"
    assert not display.shows_sent


def test_hex_dump_counts_each_direction_separately() -> None:
    display = Display(FORMS["hex"], is_text=False, marks=True, now=lambda: "12:00")
    rows = display.feed(b"x" * 17) + display.sent(b"y") + display.feed(b"z")
    assert [row[:19] for row in rows.decode().splitlines()] == [
        "12:00 < 0000   78 7",
        "12:00 < 0010   78  ",
        "12:00 > 0000   79  ",
        "12:00 < 0011   7a  ",
    ]


def test_escapes() -> None:
    display = Display(FORMS["escape"], is_text=False, marks=True)
    shown = display.feed(b"a\r\n\x1b[6n\xc3") + display.sent(b"b\n") + display.end()
    assert shown == b"< a\\r\\n\n< \\x1b[6n\n> b\\n\n< \\xc3"


def test_each_direction_is_filtered_separately() -> None:
    display = Display(ScreenFilter, is_text=True, marks=True)
    shown = [display.feed(b"\x1b[3"), display.sent(b"\x1b[6n\n"), display.feed(b"1mred\n")]
    assert shown == [b"", b"> \\e[6n\n", b"< \x1b[31mred\n"]


def test_colours_of_marks_or_lines() -> None:
    text = Display(Unfiltered, is_text=True, marks=True, colours=True)
    assert text.feed(b"a\n") == b"\x1b[32m< \x1b[39ma\n"
    assert text.sent(b"b") + text.sent(b"c") == b"\x1b[36m> \x1b[39mbc"
    escapes = Display(FORMS["escape"], is_text=False, marks=True, colours=True)
    assert escapes.feed(b"a\n") == b"\x1b[32m< a\\n\x1b[39m\n"


def test_without_marks_and_timestamps() -> None:
    display = Display(FORMS["escape"], is_text=False)
    assert display.feed(b"a\n") + display.feed(b"b") == b"a\\n\nb"
