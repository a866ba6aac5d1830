"""Read requests on a stream that is split into reads in every possible way."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.core.readahead import (
    Exactly,
    IncompleteError,
    LimitError,
    Line,
    Matching,
    ReadAhead,
    ReadTimeoutError,
    Request,
    Rest,
    Until,
    timed_out,
)

PEER = "tcp://h:1"

Make = Callable[[], "Request[bytes] | Request[re.Match[bytes]]"]


def play(pieces: list[bytes], requests: list[Make]) -> list[object]:
    """Return the results of requests on a stream that arrives in these pieces, and the rest."""
    held, coming = ReadAhead(), iter([*pieces, None])
    answers: list[object] = []
    ended = False
    for make in requests:
        request = make()
        try:
            while (found := request.look(held, PEER)) is None:
                piece = None if ended else next(coming)
                if piece is None:
                    ended = True
                    found = request.at_end(held, PEER)
                    break
                held.feed(piece)
            answers.append(found if isinstance(found, bytes) else found.group())
        except (IncompleteError, LimitError) as error:
            answers.append(type(error))
    rest = b"".join(piece for piece in coming if piece)
    return [*answers, held.look() + rest]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    return [stream[start:end] for start, end in pairwise(ends)]


requests = st.one_of(
    st.integers(0, 6).map(lambda size: lambda: Exactly(size)),
    st.builds(
        lambda delimiter, limit: lambda: Until(delimiter, limit),
        st.sampled_from([b"\n", b"ab", b"aab", b"\r\n"]),
        st.sampled_from([None, 1, 3, 8]),
    ),
    st.sampled_from([None, 2, 5]).map(lambda limit: lambda: Line(limit)),
    st.sampled_from([None, 4]).map(lambda limit: lambda: Rest(limit)),
    # Patterns whose first match does not grow with further data.
    st.builds(
        lambda pattern, limit: lambda: Matching(pattern, limit),
        st.sampled_from([rb"a+b", rb"\r?\n", rb"(b)a\1", rb"[^\n]*\n"]),
        st.sampled_from([None, 3, 8]),
    ),
)
streams = st.lists(st.sampled_from([b"a", b"b", b"aab", b"\r\n", b"\n", b"\0"]), max_size=12).map(
    b"".join
)


@given(streams, st.lists(st.integers(0, 40), max_size=8), st.lists(requests, max_size=6))
def test_results_do_not_depend_on_segmentation(
    stream: bytes, places: list[int], wanted: list[Make]
) -> None:
    assert play(cut(stream, places), wanted) == play([stream] if stream else [], wanted)


@given(streams, st.lists(st.integers(0, 40), max_size=8), st.lists(requests, max_size=6))
def test_no_byte_is_lost_or_duplicated(
    stream: bytes, places: list[int], wanted: list[Make]
) -> None:
    *answers, rest = play(cut(stream, places), wanted)
    taken = b"".join(answer for answer in answers if isinstance(answer, bytes))
    assert isinstance(rest, bytes)
    assert stream.endswith(rest)
    # (A match is returned without the data before it.)
    assert len(taken) + len(rest) <= len(stream)


def held_of(data: bytes) -> ReadAhead:
    held = ReadAhead()
    held.feed(data)
    return held


def test_delimiter_split_between_two_reads_is_found() -> None:
    held = held_of(b"GET /\r")
    until = Until(b"\r\n", None)
    assert until.look(held, PEER) is None
    held.feed(b"\nHost")
    assert until.look(held, PEER) == b"GET /\r\n"
    assert held.look() == b"Host"


def test_delimiter_search_skips_bytes_already_searched() -> None:
    """So the time for a long line in small pieces is proportional to its length."""
    starts: list[int] = []

    class Watched(ReadAhead):
        def find(self, delimiter: bytes, start: int) -> int:
            starts.append(start)
            return super().find(delimiter, start)

    held, until = Watched(), Until(b"\r\n", None)
    for _ in range(4):
        held.feed(b"12345")
        assert until.look(held, PEER) is None
    assert starts == [0, 4, 9, 14]


def test_limit_includes_the_delimiter_and_keeps_received_data() -> None:
    held = held_of(b"1234\nrest")
    with pytest.raises(LimitError) as overlong:
        Until(b"\n", 4).look(held, PEER)
    assert overlong.value.received == b"1234\nrest"
    assert str(overlong.value) == (
        r"recv_until(b'\n') tcp://h:1: more than 4 bytes without it (limit=); "
        r"received b'1234\nrest'"
    )
    assert Until(b"\n", 5).look(held, PEER) == b"1234\n"


def test_last_line_may_lack_a_newline() -> None:
    held = held_of(b"one\ntwo")
    line = Line(None)
    assert line.look(held, PEER) == b"one\n"
    assert Line(None).look(held, PEER) is None
    assert Line(None).at_end(held, PEER) == b"two"
    assert Line(None).at_end(held, PEER) == b""


@pytest.mark.parametrize(
    ("request_", "operation"),
    [
        (Exactly(9), "recv_exactly(9)"),
        (Until(b"\n", None), r"recv_until(b'\n')"),
        (Matching(rb"\d+", None), r"expect(b'\\d+')"),
    ],
)
def test_early_eof_error_contains_received_data(request_: Request[bytes], operation: str) -> None:
    held = held_of(b"part")
    with pytest.raises(EOFError) as early:
        request_.at_end(held, PEER)
    assert isinstance(early.value, IncompleteError)
    assert isinstance(early.value, OSError)
    assert str(early.value) == f"{operation} tcp://h:1: the peer ended; received b'part'"
    assert early.value.received == held.look() == b"part"


def test_long_data_is_abbreviated_in_the_message() -> None:
    shown = str(timed_out("recv_line()", PEER, held_of(b"a" * 500 + b"b" * 500)))
    assert shown.startswith("recv_line() tcp://h:1: timed out; received 1000 bytes: b'aaa")
    assert shown.endswith("bbb'")
    assert len(shown) < 200


def test_timeout_is_a_built_in_timeout_error() -> None:
    error = timed_out("recv_line()", PEER, ReadAhead())
    assert isinstance(error, TimeoutError)
    assert str(error) == "recv_line() tcp://h:1: timed out; nothing had come"
    copied = pickle.loads(pickle.dumps(error))
    assert (type(copied), str(copied)) == (ReadTimeoutError, str(error))


def test_match_includes_preceding_data() -> None:
    held = held_of(b"Welcome\nlogin: ")
    match = Matching(re.compile(rb"(\w+): "), None).look(held, PEER)
    assert match is not None
    assert match.string[: match.start()] == b"Welcome\n"
    held.feed(b"more")
    assert (match.group(1), held.look()) == (b"login", b"more")


def test_pattern_is_not_retried_on_the_same_bytes() -> None:
    held, matching = held_of(b"a"), Matching(b"b", None)
    assert matching.look(held, PEER) is None
    assert matching.look(held, PEER) is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Until(b"", None), "the delimiter is empty"),
        (lambda: Exactly(-1), "a size cannot be negative: -1"),
    ],
)
def test_invalid_arguments(make: Make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
