"""UDP: each read is one datagram, a listener answers its first peer, and no datagram means EOF."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack

import pytest

from ..clock import Stopwatch
from ..peer import Mailbox, mailbox
from ..programs import stays
from .conftest import Start, heard_port, keeps_saying

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux: 127.0.0.2")


@pytest.mark.parametrize(
    "words", ["-u 127.0.0.1 {port}", "udp://127.0.0.1:{port}", "--udp -4 localhost {port}"]
)
def test_conversation(pync: Start, box: Mailbox, words: str) -> None:
    program = pync(*words.format(port=box.port).split())
    for word in (b"one\n", b"two\n", bytes(range(256))):
        program.write(word)
        box.hears(word)
        box.says(word.upper())
        assert program.read(len(word)) == word.upper()
    assert stays(program, 0.1)


def test_conversation_on_ipv6(pync: Start) -> None:
    with mailbox("::1") as box:
        program = pync("-u", "::1", box.port)
        program.write(b"hello")
        box.hears(b"hello")
        box.says(b"hi")
        assert program.read(2) == b"hi"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("words", ["-luv 0", "-luv {host} 0"])
def test_listener_answers_its_first_peer(pync: Start, words: str, host: str) -> None:
    program = pync(*words.format(host=host).split())
    port = heard_port(program)
    with mailbox(host) as box:
        box.says(b"hello", (host, port))
        program.hears(b"Connection received on %s %s\n" % (host.encode(), box.port.encode()))
        assert program.read(5) == b"hello"
        program.write(b"hi")
        box.hears(b"hi")
        assert box.correspondent[:2] == (host, port)


@linux
def test_listener_joins_a_group(pync: Start) -> None:
    listener = pync("-luv", "239.255.77.78%lo", "0")
    port = str(heard_port(listener))
    member = pync("-u", "-s", "127.0.0.1", "239.255.77.78%lo", port)
    for question in (b"question\n", b"another\n"):
        member.write(question)
        assert listener.read(len(question)) == question
    listener.write(b"answer\n")
    # The answer comes from the listener's address, not from the group's.
    assert member.read(7) == b"answer\n"


@linux
def test_answers_to_a_broadcast_are_shown(pync: Start) -> None:
    listener = pync("-4luv", "0")
    client = pync("-ub", "127.255.255.255", str(heard_port(listener)))
    for question in (b"question\n", b"another\n"):
        client.write(question)
        assert listener.read(len(question)) == question
    listener.write(b"answer\n")
    assert client.read(7) == b"answer\n"


@linux
def test_answer_has_the_source_address_that_was_asked(pync: Start) -> None:
    """A listener on all addresses: a packet filter would drop an answer from another address."""
    program = pync("-luv", "0")
    port = heard_port(program)
    with mailbox() as box:
        for word in (b"one", b"two"):
            box.says(word, ("127.0.0.2", port))
            assert program.read(3) == word
            program.write(word)
            box.hears(word)
            assert box.correspondent == ("127.0.0.2", port)


def test_datagrams_of_other_peers_are_ignored(pync: Start) -> None:
    program = pync("-luv", "127.0.0.1", "0")
    there = ("127.0.0.1", heard_port(program))
    with mailbox() as first, mailbox() as stranger:
        first.says(b"first", there)
        stranger.says(b"stranger", there)
        assert program.read(5) == b"first"
        try:
            stranger.says(b"stranger", there)
        except ConnectionRefusedError:
            pass  # the kernel may report that the socket is connected to another peer
        first.says(b"again", there)
        assert program.read(5) == b"again"
        program.write(b"answer")
        first.hears(b"answer")


def test_keep_open_receives_from_all_and_answers_the_latest(pync: Start) -> None:
    program = pync("-lukv", "127.0.0.1", "0")
    there = ("127.0.0.1", heard_port(program))
    with ExitStack() as stack:
        boxes = [stack.enter_context(mailbox()) for _ in range(3)]
        for number, box in enumerate([*boxes, *boxes]):
            word = b"number %d" % number
            box.says(word, there)
            assert program.read(len(word)) == word
            program.write(word)
            box.hears(word)


# Boundaries.


@pytest.mark.parametrize("size", [1, 1472, 8192, 9216])
def test_each_read_of_the_input_is_a_datagram(pync: Start, box: Mailbox, size: int) -> None:
    program = pync("-u", "127.0.0.1", box.port)
    for number in range(3):
        word = bytes([number]) * size
        # One write of up to PIPE_BUF to a pipe is read at once; a larger one may be split.
        program.write(word)
        got = b""
        while len(got) < size:
            piece, box.correspondent = box.sock.recvfrom(70_000)
            got += piece
        assert got == word
        box.says(word)
        assert program.read(size) == word


def test_typed_line_is_a_datagram(terminal: object, box: Mailbox) -> None:
    person = terminal("-u", "127.0.0.1", box.port)  # type: ignore[operator]
    person.types(b"one\rtwo\r")
    box.hears(b"one\n")
    box.hears(b"two\n")
    box.says(b"answer\n")
    person.sees(b"answer\r\n")
    person.presses_control("c")
    assert person.ends() == -signal.SIGINT


@pytest.mark.skipif(sys.platform == "darwin", reason="only on Linux: 9 KiB is macOS's limit")
def test_largest_datagram_is_shown_completely(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "127.0.0.1", box.port)
    program.write(b"?")
    box.hears(b"?")
    largest = bytes(range(251)) * 261
    box.says(largest[:65_507])
    assert program.read(65_507) == largest[:65_507]


def test_empty_datagram_is_not_eof(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "127.0.0.1", box.port)
    program.write(b"?")
    box.hears(b"?")
    box.says(b"")
    box.says(b"after it")
    assert program.read(8) == b"after it"


def test_empty_datagram_may_be_the_first(pync: Start) -> None:
    program = pync("-luv", "127.0.0.1", "0")
    there = ("127.0.0.1", heard_port(program))
    with mailbox() as box:
        box.says(b"", there)
        program.hears(rb"Connection received on ")
        box.says(b"after it", there)
        assert program.read(8) == b"after it"
        program.write(b"answer")
        box.hears(b"answer")


def test_crlf_and_interval(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "-C", "-i", "100ms", "127.0.0.1", box.port)
    program.write(b"one\ntwo\n")
    box.hears(b"one\r\n")
    box.hears(b"two\r\n")


# Endings.


def test_end_of_input_does_not_end_nc(pync: Start, box: Mailbox) -> None:
    """As with nc: answers may still come; -w, -q or ^C end it."""
    program = pync("-u", "127.0.0.1", box.port)
    program.write(b"question")
    program.end_input()
    box.hears(b"question")
    assert stays(program, 0.3)
    box.says(b"answer")
    assert program.read(6) == b"answer"
    program.process.send_signal(signal.SIGINT)
    assert program.ends(-signal.SIGINT) == b""


def test_q_ends_it(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "-q", "500ms", "127.0.0.1", box.port)
    program.write(b"question")
    box.hears(b"question")
    box.says(b"answer")
    assert program.read(6) == b"answer"
    stopwatch = Stopwatch()
    program.end_input()
    assert program.ends(0) == b""
    assert stopwatch.reached(0.5)


def test_w_ends_it(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "-w", "1", "127.0.0.1", box.port)
    program.write(b"question")
    box.hears(b"question")
    assert program.ends(1).decode() == f"pync: relay udp://127.0.0.1:{box.port}: idle for 1 s\n"


def test_connection_refused(pync: Start, closed_udp_port: str) -> None:
    program = pync("-u", "127.0.0.1", closed_udp_port)
    program.write(b"anybody?")
    there = f"udp://127.0.0.1:{closed_udp_port}"
    assert program.ends(1).decode() == f"pync: relay {there}: connection refused\n"


def test_send_only_exits_when_all_is_sent(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "--send-only", "127.0.0.1", box.port)
    program.write(b"one")
    box.hears(b"one")
    program.end_input()
    assert program.ends(0) == b""


def test_reader_of_the_output_exits(shell: Start, box: Mailbox) -> None:
    line = f"{{ echo ? | pync -u 127.0.0.1 {box.port}; echo $? >&2; }} | head -n 1"
    program = shell(line)
    box.hears(b"?\n")
    box.says(b"one\n")
    assert program.read(4) == b"one\n"
    keeps_saying(box, program)
    assert program.ends(0) == b"141\n"


def test_source_port(pync: Start, box: Mailbox, closed_udp_port: str) -> None:
    program = pync("-u", "-p", closed_udp_port, "127.0.0.1", box.port)
    program.write(b"hello")
    box.hears(b"hello")
    assert box.correspondent == ("127.0.0.1", int(closed_udp_port))


def test_port_in_use(pync: Start, box: Mailbox) -> None:
    said = pync("-lu", "127.0.0.1", box.port).ends(1).decode()
    where = f"udp://127.0.0.1:{box.port}"
    assert said.startswith(f"pync: listen {where}: address already in use (")


# The end of input is the only end that a datagram connection has.


def test_client_waits_a_second_for_answers(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "127.0.0.1", box.port)
    program.write(b"question\n")
    program.end_input()
    box.hears(b"question\n")
    stopwatch = Stopwatch()
    # Each answer restarts the second.
    for answer in (b"one", b"two"):
        assert stays(program, 0.6)
        box.says(answer)
        assert program.read(3) == answer
    assert program.ends(0) == b""
    assert stopwatch.reached(2.0)


@pytest.mark.parametrize("option", ["-w 300ms", "--idle-timeout=300ms"])
def test_another_time_to_wait_is_not_a_failure(pync: Start, box: Mailbox, option: str) -> None:
    program = pync("-u", *option.split(), "127.0.0.1", box.port)
    program.write(b"question\n")
    program.end_input()
    box.hears(b"question\n")
    assert program.ends(0) == b""


def test_idle_timeout_while_the_input_is_open(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "-w", "300ms", "127.0.0.1", box.port)
    program.write(b"question\n")
    box.hears(b"question\n")
    assert program.ends(1).endswith(b": idle for 0.3 s\n")


@pytest.mark.parametrize("words", [["--half-open"], ["--as=nc"]])
def test_options_that_stay_after_the_end_of_input(
    pync: Start, box: Mailbox, words: list[str]
) -> None:
    program = pync(*words, "-u", "127.0.0.1", box.port)
    program.write(b"question\n")
    program.end_input()
    box.hears(b"question\n")
    assert stays(program, 1.3)
    box.says(b"late")
    assert program.read(4) == b"late"


def test_listener_stays_after_the_end_of_the_input(pync: Start) -> None:
    program = pync("-luv", "127.0.0.1", "0")
    there = ("127.0.0.1", heard_port(program))
    program.end_input()
    with mailbox() as box:
        box.says(b"one", there)
        assert program.read(3) == b"one"
        assert stays(program, 1.3)
        box.says(b"two", there)
        assert program.read(3) == b"two"


@pytest.mark.parametrize("words", [[], ["--as=ncat"], ["--half-open"]])
def test_closed_port_is_a_failure(pync: Start, closed_udp_port: str, words: list[str]) -> None:
    program = pync(*words, "-u", "127.0.0.1", closed_udp_port)
    program.write(b"question\n")
    program.end_input()
    assert b"onnection refused" in program.ends(1)


def test_ncat_exits_at_the_end_of_its_input(pync: Start, box: Mailbox) -> None:
    for _ in range(5):
        program = pync("--as=ncat", "-u", "127.0.0.1", box.port)
        program.write(b"foo:1|c")
        program.end_input()
        box.hears(b"foo:1|c")
        assert program.ends(0) == b""


def test_until_without_a_match(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "--until", "ready", "127.0.0.1", box.port)
    program.write(b"question\n")
    program.end_input()
    box.hears(b"question\n")
    box.says(b"not yet")
    assert program.read(7) == b"not yet"
    program.ends(1)
