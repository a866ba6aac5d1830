"""--until and --count: exit at the exact byte, however the data was split into reads."""

from __future__ import annotations

import pytest

from ..peer import connected, listening, mailbox
from ..programs import listening_pync, pync


def test_until_ends_behind_the_match() -> None:
    with listening() as server, pync("--until", "^login: ", "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        for piece in (b"Welcome\nlog", b"in", b": and more", b""):
            peer.says(piece)
        assert ours.rest() == b"Welcome\nlogin: "
        ours.ends(0)


def test_without_a_match_it_fails() -> None:
    with listening() as server, pync("--until", "yes", "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        peer.says(b"no\n")
        peer.closes()
        assert ours.rest() == b"no\n"
        assert b"what was awaited had not come\n" in ours.ends(1)


def test_count_ends_behind_the_last_line() -> None:
    with listening() as server, pync("--count", "2", "127.0.0.1", server.port) as ours:
        server.accepts().says(b"one\ntwo\nthree\n")
        assert ours.rest() == b"one\ntwo\n"
        ours.ends(0)


def test_until_with_text_that_ends_messages() -> None:
    with (
        listening() as server,
        pync("--count", "2", "--delimiter", r"\0", "127.0.0.1", server.port) as ours,
    ):
        server.accepts().says(b"one\n\0two\0three\0")
        assert ours.rest() == b"one\n\0two\0"
        ours.ends(0)


def test_question_is_sent_before_the_answer_is_counted() -> None:
    with listening() as server, pync("--count", "1", "127.0.0.1", server.port) as ours:
        ours.write(b"question\n")
        peer = server.accepts()
        peer.hears(b"question\n")
        peer.says(b"answer\n")
        assert ours.rest() == b"answer\n"
        ours.ends(0)


def test_listener_with_k_exits_after_the_match() -> None:
    ours, port = listening_pync("-k", "--until", "stop")
    with ours:
        with connected(port) as first:
            first.says(b"go on\n")
            first.half_closes()
            first.hears_end()
        with connected(port) as second:
            second.says(b"stop\n")
            assert ours.rest() == b"go on\nstop"
            ours.ends(0)


def test_datagrams_are_counted_and_marked() -> None:
    with (
        mailbox() as box,
        pync("-u", "--count", "2", "--delimiter", r"\n", "127.0.0.1", box.port) as ours,
    ):
        ours.write(b"one\nt")
        box.hears(b"one")
        ours.write(b"wo\n\nthree")
        box.hears(b"two")
        box.says(b"eins")
        box.says(b"zwei")
        assert ours.rest() == b"eins\nzwei\n"
        ours.ends(0)


def test_unfinished_last_line_is_sent_as_a_datagram() -> None:
    with mailbox() as box, pync("-u", "--delimiter", ";", "-w1", "127.0.0.1", box.port) as ours:
        ours.write(b"a;b")
        box.hears(b"a")
        ours.end_input()
        box.hears(b"b")


@pytest.mark.parametrize("option", ["--until=x", "--count=1"])
def test_reset_is_reported_as_a_reset(option: str) -> None:
    with listening() as server, pync(option, "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        peer.says(b"no\n"[:2])
        assert ours.read(2) == b"no"
        peer.resets()
        assert b"connection reset by peer" in ours.ends(1)
