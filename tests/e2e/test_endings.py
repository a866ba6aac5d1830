"""How connections end: who leaves when, with which status, and that nothing is lost then.

Row by row of the table in the README. A moment of silence is only ever used to prove
that pync is *still there*, never that it is fast.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ..peer import Server, connected, listening
from ..programs import stays
from .conftest import Start, heard_port

#: Longer than the second of silence after which pync leaves a peer that has ended.
LONGER_THAN_QUIET = 1.5


# Our input ends.


def test_our_eof_is_fin_and_the_answer_still_comes(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"question")
    program.end_input()
    assert peer.hears_rest() == b"question"
    assert stays(program, 0.3)
    peer.says(b"answer " * 10_000)
    peer.closes()
    assert program.rest() == b"answer " * 10_000
    assert program.ends(0) == b""


def test_a_listeners_eof_is_fin_and_the_answer_still_comes(pync: Start) -> None:
    program = pync("-lv", "127.0.0.1", "0")
    with connected(heard_port(program)) as peer:
        program.write(b"question")
        program.end_input()
        assert peer.hears_rest() == b"question"
        peer.says(b"answer")
        peer.half_closes()
        assert program.rest() == b"answer"
        program.ends(0)


def test_capital_n_is_the_default_said_aloud(pync: Start, server: Server) -> None:
    program = pync("-N", "127.0.0.1", server.port)
    peer = server.accepts()
    program.end_input()
    peer.hears_end()
    peer.closes()
    program.ends(0)


def test_no_shutdown_sends_no_fin(pync: Start, server: Server) -> None:
    program = pync("--no-shutdown", "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"question")
    program.end_input()
    peer.hears(b"question")
    # Each answer shown is a round of the loop in which FIN could have been sent.
    for answer in (b"one", b"two", b"three"):
        peer.says(answer)
        assert program.read(len(answer)) == answer
    assert peer.has_heard_nothing()
    peer.half_closes()
    program.ends(0)


@pytest.mark.parametrize("option", ["-q1", "--quit-after=1s", "-q 1000ms"])
def test_q_sends_fin_and_leaves_after_that_time(pync: Start, server: Server, option: str) -> None:
    program = pync(*option.split(), "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"question")
    peer.hears(b"question")
    before = time.monotonic()
    program.end_input()
    peer.hears_end()
    assert program.ends(0) == b""
    assert time.monotonic() - before >= 1.0


def test_q_does_not_wait_when_the_peer_ends(pync: Start, server: Server) -> None:
    program = pync("-q", "10m", "127.0.0.1", server.port)
    peer = server.accepts()
    program.end_input()
    peer.hears_end()
    peer.says(b"answer")
    peer.closes()
    assert program.rest() == b"answer"
    program.ends(0)


def test_q_zero_still_delivers_what_was_piped_in(
    pync: Start, server: Server, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(5_000_000))
    with sent.open("rb") as source:
        program = pync("-q", "0", "127.0.0.1", server.port, stdin=source)
    peer = server.accepts()
    assert peer.hears_rest() == sent.read_bytes()
    program.ends(0)


def test_send_only_leaves_when_all_is_acknowledged(
    pync: Start, server: Server, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(5_000_000))
    with sent.open("rb") as source:
        program = pync("--send-only", "127.0.0.1", server.port, stdin=source)
    peer = server.accepts()
    # What we say is dropped, and read: unread it would turn pync's close into RST.
    peer.says(b"not shown" * 1000)
    assert peer.hears_rest() == sent.read_bytes()
    assert program.rest() == b""
    program.ends(0)


@pytest.mark.parametrize("option", ["-d", "--recv-only", "--no-stdin"])
def test_not_reading_stdin(pync: Start, server: Server, option: str) -> None:
    program = pync(option, "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"not sent")
    program.end_input()
    for word in (b"one", b"two"):
        peer.says(word)
        assert program.read(3) == word
    assert peer.has_heard_nothing()
    peer.half_closes()
    # The connection closes, and still nothing was sent on it.
    peer.hears_end()
    program.ends(0)


# The peer ends.


def test_the_peers_end_leaves_after_a_second_of_silence(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"all there is")
    assert program.read(12) == b"all there is"
    before = time.monotonic()
    peer.half_closes()
    assert program.ends(0) == b""
    assert time.monotonic() - before >= 0.9
    peer.hears_end()


def test_the_peers_end_does_not_stop_a_file(pync: Start, tmp_path: Path) -> None:
    """However long the peer takes: what waits for it is not silence."""
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(20_000_000))
    with listening(receives=4096) as server, sent.open("rb") as source:
        program = pync("127.0.0.1", server.port, stdin=source)
        peer = server.accepts()
        peer.half_closes()
        assert stays(program, LONGER_THAN_QUIET)
        assert peer.hears_rest() == sent.read_bytes()
        program.ends(0)


def test_the_peers_end_does_not_stop_a_pipe(shell: Start, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(20_000_000))
    with listening(receives=4096) as server:
        program = shell(f"cat '{sent}' | pync 127.0.0.1 {server.port}")
        peer = server.accepts()
        peer.half_closes()
        assert stays(program, LONGER_THAN_QUIET)
        assert peer.hears_rest() == sent.read_bytes()
        program.ends(0)


def test_the_end_of_input_after_the_peers_is_the_end(pync: Start, server: Server) -> None:
    program = pync("--half-open", "127.0.0.1", server.port)
    peer = server.accepts()
    peer.half_closes()
    assert stays(program, LONGER_THAN_QUIET)
    program.write(b"late but welcome")
    peer.hears(b"late but welcome")
    assert stays(program, 0.1)
    program.end_input()
    peer.hears_end()
    program.ends(0)


def test_the_output_ends_when_the_peer_does(pync: Start, server: Server) -> None:
    """``--half-open`` may go on for long; who reads the output need not wait for it."""
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"everything")
    peer.half_closes()
    assert program.rest() == b"everything"
    program.ends(0)


def test_data_and_fin_at_once_are_all_shown(pync: Start, server: Server) -> None:
    for _ in range(10):
        program = pync("127.0.0.1", server.port)
        program.end_input()
        peer = server.accepts()
        peer.says(b"x" * 60_000)
        peer.closes()
        assert program.rest() == b"x" * 60_000
        program.ends(0)
