"""Whether the text that a script expects has arrived, in one piece or several."""

from __future__ import annotations

import re

import pytest

from pync.core.script_terms import Reader
from pync.programs.shared.script_matching import Awaited, Found


def awaited(text: str, search: bool = False) -> Awaited:
    found = Reader(text, "x:1").list(re.compile(","), "a text is missing")
    return Awaited(found, {"name": b"joe"}, search)


@pytest.mark.parametrize(
    ("text", "came", "found"),
    [
        ('"ab"', b"abc", Found(0, 2, {})),
        ('"ab"', b"a", None),
        ('"ab"', b"", None),
        ('"a", "ab"', b"abc", Found(1, 2, {})),
        ('"a", "ab"', b"ac", Found(0, 1, {})),
        ('"a", "ab"', b"a", Found(0, 1, {}, is_settled=False)),
        ("/[0-9]+/", b"47", Found(0, 2, {}, is_settled=False)),
        ("/[0-9]+/", b"47x", Found(0, 2, {})),
        ('"x", /(?P<n>[0-9]);/', b"4;", Found(1, 2, {"n": b"4"}, is_settled=False)),
        ("$name", b"joe", Found(0, 3, {})),
    ],
)
def test_match_at_the_start(text: str, came: bytes, found: Found | None) -> None:
    assert awaited(text).look(came) == found


@pytest.mark.parametrize(
    ("text", "came", "at"),
    [('"abc"', b"abd", 2), ('"ab", "xyz"', b"xyq", 2), ('"abc"', b"ab", None), ("/a/", b"b", None)],
)
def test_position_of_the_first_wrong_byte(text: str, came: bytes, at: int | None) -> None:
    looking = awaited(text)
    assert looking.look(came) is None
    assert looking.wrong_at == at


@pytest.mark.parametrize(
    ("text", "came", "found"),
    [
        ('"b"', b"aab", Found(0, 3, {})),
        ('"b", "a"', b"xab", Found(1, 2, {})),
        ("/^(?P<word>b)$/", b"a\nb\nc", Found(0, 3, {"word": b"b"})),
        ('"z"', b"aab", None),
    ],
)
def test_search(text: str, came: bytes, found: Found | None) -> None:
    assert awaited(text, search=True).look(came) == found
