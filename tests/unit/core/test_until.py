"""--until and --count stop at the same byte, however the data is split into reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.core.errors import UsageError
from pync.core.until import WINDOW, Condition, Count, Until, first_of


def kept(condition: Condition, pieces: list[bytes]) -> bytes | None:
    """Return the data up to the end; None if the end is never found."""
    before = b""
    for piece in pieces:
        end = condition.end(piece)
        assert condition.met == (end is not None)
        if end is not None:
            return before + piece[:end]
        before += piece
    return None


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (lambda: Until("login: "), b"a\xff\nlogin: "),
        (lambda: Until("^log"), b"a\xff\nlog"),
        (lambda: Until("nothing"), None),
        (lambda: Count(1), b"a\xff\n"),
        (lambda: Count(2), b"a\xff\nlogin: \n"),
        (lambda: Count(9), None),
        (lambda: Count(1, b"in: "), b"a\xff\nlogin: "),
        (lambda: first_of([Count(9), Until("in")]), b"a\xff\nlogin"),
    ],
)
def test_end_does_not_depend_on_segmentation(
    condition: object, expected: bytes | None, size: int
) -> None:
    data = b"a\xff\nlogin: \nmore\n"
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert kept(condition(), pieces) == expected  # type: ignore[operator]


@given(st.lists(st.sampled_from([b"ab", b"a", b"b", b"xaba", b"\n"])), st.integers(1, 4))
def test_count_does_not_depend_on_segmentation(pieces: list[bytes], messages: int) -> None:
    whole = b"".join(pieces)
    assert kept(Count(messages, b"ab"), pieces) == kept(Count(messages, b"ab"), [whole])


def test_each_datagram_counts_once() -> None:
    assert kept(Count(2, None), [b"a\nb\n", b"c", b"d"]) == b"a\nb\nc"


def test_data_kept_for_a_match_is_bounded() -> None:
    until = Until("a.*b")
    assert until.end(b"a" + b"." * WINDOW) is None
    assert until.end(b"b") is None
    assert until.end(b"a") is None
    assert until.end(b"b") == 1


def test_invalid_pattern() -> None:
    with pytest.raises(UsageError, match=r"--until: '\(' is not a valid regular expression"):
        Until("(")


def test_first_of_no_conditions() -> None:
    assert first_of([]) is None
