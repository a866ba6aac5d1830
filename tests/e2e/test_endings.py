"""How connections end: when each side exits, with which status, and that no data is lost.

The tests follow the table in docs/endings.md row by row. A short silence only ever proves
that pync is *still running*, never that it is fast.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..clock import Stopwatch
from ..peer import Server, connected, listening
from ..programs import Program, stays
from .conftest import Start, heard_port

#: Longer than an nc listener waits for more input after its peer has ended.
LONGER_THAN_A_PAUSE = 1.2


def any_port(program: Program) -> int:
    """Return the port that a listener reports, in any dialect."""
    return int(program.hears(rb"(?:Listening|Bound) on \S+?[ :](\d+)\n")[1])


# The input of pync ends.


def test_end_of_input_sends_fin_and_the_answer_is_received(pync: Start, server: Server) -> None:
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


def test_listener_sends_fin_at_the_end_of_input_and_receives_the_answer(pync: Start) -> None:
    program = pync("-lv", "127.0.0.1", "0")
    with connected(heard_port(program)) as peer:
        program.write(b"question")
        program.end_input()
        assert peer.hears_rest() == b"question"
        peer.says(b"answer")
        peer.half_closes()
        assert program.rest() == b"answer"
        program.ends(0)


def test_capital_n_states_the_default(pync: Start, server: Server) -> None:
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
    # Each displayed answer is one turn of the loop, in which FIN could have been sent.
    for answer in (b"one", b"two", b"three"):
        peer.says(answer)
        assert program.read(len(answer)) == answer
    assert peer.has_heard_nothing()
    peer.half_closes()
    program.ends(0)


@pytest.mark.parametrize("option", ["-q1", "--quit-after=1s", "-q 1000ms"])
def test_q_sends_fin_and_exits_after_that_time(pync: Start, server: Server, option: str) -> None:
    program = pync(*option.split(), "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"question")
    peer.hears(b"question")
    stopwatch = Stopwatch()
    program.end_input()
    peer.hears_end()
    assert program.ends(0) == b""
    assert stopwatch.reached(1.0)


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


def test_send_only_exits_when_all_is_acknowledged(
    pync: Start, server: Server, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(5_000_000))
    with sent.open("rb") as source:
        program = pync("--send-only", "127.0.0.1", server.port, stdin=source)
    peer = server.accepts()
    # pync reads and drops what the peer sends: unread data would make its close send RST.
    peer.says(b"not shown" * 1000)
    assert peer.hears_rest() == sent.read_bytes()
    assert program.rest() == b""
    program.ends(0)


@pytest.mark.parametrize("option", ["-d", "--recv-only", "--no-stdin"])
def test_stdin_is_not_read(pync: Start, server: Server, option: str) -> None:
    program = pync(option, "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"not sent")
    program.end_input()
    for word in (b"one", b"two"):
        peer.says(word)
        assert program.read(3) == word
    assert peer.has_heard_nothing()
    peer.half_closes()
    # The connection closes, and nothing was sent on it.
    peer.hears_end()
    program.ends(0)


# The peer sends FIN.


@pytest.mark.parametrize("words", [[], ["--as=nc"], ["--as=ncat"], ["--send-only"]])
def test_pause_of_the_input_does_not_end_it(pync: Start, server: Server, words: list[str]) -> None:
    """The peer's FIN ends one direction only: pync keeps sending, even after pauses."""
    program = pync(*words, "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"part 1, ")
    peer.hears(b"part 1, ")
    peer.half_closes()
    assert stays(program, LONGER_THAN_A_PAUSE)
    program.write(b"part 2")
    program.end_input()
    if "--as=nc" not in words:
        assert peer.hears_rest() == b"part 2"
    else:
        peer.hears(b"part 2")
        peer.closes()
    assert program.ends(0) == b""


@pytest.mark.parametrize("words", [[], ["--as=nc"], ["--as=ncat"]])
def test_listener_does_not_wait_for_a_silent_pipe(pync: Start, words: list[str]) -> None:
    """Under a supervisor or in a CI job, the input is a pipe to which nothing is written."""
    program = pync(*words, "-lv", "127.0.0.1", "0")
    with connected(any_port(program)) as peer:
        peer.says(b"a file")
        peer.half_closes()
        assert program.rest() == b"a file"
        program.ends(0)


def test_listener_completes_an_input_that_it_has_begun_to_send(pync: Start) -> None:
    program = pync("-lv", "127.0.0.1", "0")
    program.write(b"part 1, ")
    with connected(heard_port(program)) as peer:
        peer.half_closes()
        peer.hears(b"part 1, ")
        assert stays(program, LONGER_THAN_A_PAUSE)
        program.write(b"part 2")
        program.end_input()
        assert peer.hears_rest() == b"part 2"
    program.ends(0)


@pytest.mark.parametrize("words", [["--as=nc"], ["--as=ncat"]])
def test_listener_of_other_dialects_exits_when_its_input_is_sent(
    pync: Start, words: list[str]
) -> None:
    program = pync(*words, "-lv", "127.0.0.1", "0")
    program.write(b"typed")
    with connected(any_port(program)) as peer:
        peer.half_closes()
        assert peer.hears_rest() == b"typed"
    program.ends(0)


@pytest.mark.parametrize("words", [[], ["--as=nc"]])
def test_text_typed_between_two_clients_goes_to_the_next(pync: Start, words: list[str]) -> None:
    program = pync(*words, "-lkv", "127.0.0.1", "0")
    port = heard_port(program)
    for number in range(5):
        with connected(port) as peer:
            program.write(b"line %d\n" % number)
            peer.hears(b"line %d\n" % number)
            peer.says(b"x")
            peer.half_closes()
            assert program.read(1) == b"x"
            peer.hears_end()


@pytest.mark.parametrize("words", [[], ["--as=nc"], ["--as=ncat"]])
@pytest.mark.parametrize("role", ["client", "listener"])
@pytest.mark.parametrize("source", ["file", "pipe"])
def test_everything_is_sent_to_a_peer_that_has_ended(
    shell: Start, tmp_path: Path, words: list[str], role: str, source: str
) -> None:
    """The peer sends FIN at once, like a background job, whose input is /dev/null."""
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(5_000_000))
    command = " ".join(["pync", *words, "-v", *(["-l"] if role == "listener" else [])])
    redirected = f"cat '{sent}' | {command}" if source == "pipe" else f"{command} <'{sent}'"
    # nc sends no FIN at the end of its input without -N.
    redirected += " -N" if "--as=nc" in words else ""
    if role == "listener":
        program = shell(f"{redirected} 127.0.0.1 0")
        with connected(any_port(program)) as peer:
            peer.half_closes()
            assert peer.hears_rest() == sent.read_bytes()
    else:
        with listening() as server:
            program = shell(f"{redirected} 127.0.0.1 {server.port}")
            peer = server.accepts()
            peer.half_closes()
            assert peer.hears_rest() == sent.read_bytes()
    program.ends(0)


def test_peer_eof_does_not_stop_a_file(pync: Start, tmp_path: Path) -> None:
    """However slow the peer is: data that waits for it does not count as silence."""
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(20_000_000))
    with listening(receives=4096) as server, sent.open("rb") as source:
        program = pync("127.0.0.1", server.port, stdin=source)
        peer = server.accepts()
        peer.half_closes()
        assert stays(program, LONGER_THAN_A_PAUSE)
        assert peer.hears_rest() == sent.read_bytes()
        program.ends(0)


def test_peer_eof_does_not_stop_a_pipe(shell: Start, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(20_000_000))
    with listening(receives=4096) as server:
        program = shell(f"cat '{sent}' | pync 127.0.0.1 {server.port}")
        peer = server.accepts()
        peer.half_closes()
        assert stays(program, LONGER_THAN_A_PAUSE)
        assert peer.hears_rest() == sent.read_bytes()
        program.ends(0)


def test_end_of_input_after_peer_eof_ends_pync(pync: Start, server: Server) -> None:
    program = pync("--half-open", "127.0.0.1", server.port)
    peer = server.accepts()
    peer.half_closes()
    assert stays(program, LONGER_THAN_A_PAUSE)
    program.write(b"late but welcome")
    peer.hears(b"late but welcome")
    assert stays(program, 0.1)
    program.end_input()
    peer.hears_end()
    program.ends(0)


@pytest.mark.parametrize("words", [[], ["--half-open"], ["--as=ncat"], ["--as=ncat", "-k"]])
def test_output_is_closed_at_peer_eof(pync: Start, server: Server, words: list[str]) -> None:
    """Sending may continue for long; the reader of the output does not have to wait for it."""
    program = pync(*words, "127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"everything")
    peer.half_closes()
    assert program.rest() == b"everything"
    program.write(b"more")
    program.end_input()
    assert peer.hears_rest() == b"more"
    program.ends(0)


def test_data_that_arrives_with_fin_is_shown(pync: Start, server: Server) -> None:
    for _ in range(10):
        program = pync("127.0.0.1", server.port)
        program.end_input()
        peer = server.accepts()
        peer.says(b"x" * 60_000)
        peer.closes()
        assert program.rest() == b"x" * 60_000
        program.ends(0)


# The reader of pync's output exits.


@pytest.mark.parametrize(("words", "status"), [([], 141), (["--as=nc"], 0)])
@pytest.mark.parametrize("role", ["client", "listener"])
def test_closed_reader_is_noticed_after_the_end_of_input(
    pync: Start, server: Server, words: list[str], status: int, role: str
) -> None:
    """The peer is silent, so no failed write shows that the reader is gone."""
    with ExitStack() as stack:
        if role == "client":
            program = pync(*words, "127.0.0.1", server.port)
            peer = server.accepts()
        else:
            program = pync(*words, "-lv", "127.0.0.1", "0")
            peer = stack.enter_context(connected(heard_port(program)))
        program.write(b"question")
        program.stops_reading()
        peer.hears(b"question")
        # The input has not ended, and sending it may be the purpose.
        assert stays(program, 0.2)
        program.write(b"more")
        peer.hears(b"more")
        program.end_input()
        peer.hears_end()
        program.ends(status)


def test_ncat_stays_when_the_reader_is_lost(pync: Start, server: Server) -> None:
    program = pync("--as=ncat", "127.0.0.1", server.port)
    peer = server.accepts()
    program.stops_reading()
    program.end_input()
    peer.hears_end()
    assert stays(program, 0.3)
    peer.says(b"x")
    assert program.ends(2) == b"write: Broken pipe\n"


def test_nc_continues_sending_without_a_reader(pync: Start, server: Server) -> None:
    program = pync("--as=nc", "-N", "127.0.0.1", server.port)
    peer = server.accepts()
    program.stops_reading()
    for number in range(3):
        peer.says(b"nobody reads this" * 10_000)
        program.write(b"%d" % number)
        peer.hears(b"%d" % number)
    program.end_input()
    peer.hears_end()
    program.ends(0)


@pytest.mark.parametrize(
    ("command", "status"), [("pync", 141), ("pync --as=nc", 0), ("pync --recv-only", 141)]
)
def test_output_is_piped_to_head(shell: Start, server: Server, command: str, status: int) -> None:
    program = shell(f"{{ {command} 127.0.0.1 {server.port} </dev/null; echo $? >&2; }} | head -1")
    peer = server.accepts()
    peer.says(b"one\n")
    assert program.rest() == b"one\n"
    assert program.ends(0) == b"%d\n" % status
    peer.hears_end()
