"""Options that change what is transferred: -C, -i, -k, --send-only and related options."""

from __future__ import annotations

import pytest

from ..clock import Stopwatch
from ..peer import Server, connected
from ..programs import stays
from .conftest import Start, heard_port

# -C


@pytest.mark.parametrize("option", ["-C", "--crlf"])
def test_crlf(pync: Start, server: Server, option: str) -> None:
    program = pync(option, "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"GET / HTTP/1.0\nHost: x\r\n\n\r\nlone\rcr, no end")
    program.end_input()
    assert peer.hears_rest() == b"GET / HTTP/1.0\r\nHost: x\r\n\r\n\r\nlone\rcr, no end"
    peer.closes()
    program.ends(0)


def test_crlf_does_not_double_a_cr_from_the_read_before(pync: Start, server: Server) -> None:
    program = pync("-C", "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"one\r")
    peer.hears(b"one\r")
    program.write(b"\ntwo\n")
    peer.hears(b"\ntwo\r\n")
    program.end_input()
    peer.closes()
    program.ends(0)


def test_crlf_does_not_change_received_data(pync: Start, server: Server) -> None:
    program = pync("-C", "127.0.0.1", server.port)
    peer = server.accepts()
    program.end_input()
    peer.says(b"one\ntwo\r\n")
    peer.closes()
    assert program.rest() == b"one\ntwo\r\n"
    program.ends(0)


# -i


def test_interval_between_lines(pync: Start, server: Server) -> None:
    program = pync("-i", "300ms", "127.0.0.1", server.port)
    peer = server.accepts()
    stopwatch = Stopwatch()
    program.write(b"one\ntwo\nthree")
    program.end_input()
    peer.hears(b"one\n")
    peer.hears(b"two\n")
    assert stopwatch.reached(0.3)
    peer.hears(b"three")
    assert stopwatch.reached(0.6)
    peer.hears_end()
    peer.closes()
    program.ends(0)


def test_interval_does_not_delay_received_data(pync: Start, server: Server) -> None:
    program = pync("-i", "1h", "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"one\ntwo\n")
    peer.hears(b"one\n")
    peer.says(b"answer")
    assert program.read(6) == b"answer"
    assert peer.has_heard_nothing()


# -k


def test_one_client_after_another(pync: Start) -> None:
    program = pync("-lkv", "127.0.0.1", "0")
    port = heard_port(program)
    for word in (b"one", b"two", b"three"):
        with connected(port) as peer:
            program.hears(rb"Connection received on 127\.0\.0\.1 \d+\n$")
            program.said = b""
            program.write(word)
            peer.hears(word)
            peer.says(word)
            assert program.read(len(word)) == word
    assert stays(program, 0.1)


def test_next_client_waits_and_loses_no_data(pync: Start) -> None:
    program = pync("-lkv", "127.0.0.1", "0")
    port = heard_port(program)
    with connected(port) as first, connected(port) as second:
        second.says(b"second")
        second.half_closes()
        first.says(b"first")
        assert program.read(5) == b"first"
        first.closes()
        assert program.read(6) == b"second"


def test_client_that_resets_does_not_end_the_listener(pync: Start) -> None:
    program = pync("-lk", "127.0.0.1", "0", "-v")
    port = heard_port(program)
    for _ in range(3):
        with connected(port) as peer:
            peer.says(b"x")
            assert program.read(1) == b"x"
            peer.resets()
        program.hears(rb": connection reset by peer\n")
        program.said = b""
    with connected(port) as peer:
        peer.says(b"well")
        assert program.read(4) == b"well"


def test_client_resets_before_it_is_served(pync: Start) -> None:
    program = pync("-lkv", "127.0.0.1", "0")
    port = heard_port(program)
    with connected(port) as first:
        first.says(b"1")
        assert program.read(1) == b"1"
        for _ in range(20):
            with connected(port) as early:
                early.says(b"never mind")
                early.resets()
    with connected(port) as peer:
        peer.says(b"well")
        program.shows(b"well")


def test_later_clients_get_fin_when_our_input_has_ended(pync: Start) -> None:
    program = pync("-lkv", "127.0.0.1", "0")
    port = heard_port(program)
    program.write(b"for the first")
    program.end_input()
    with connected(port) as peer:
        assert peer.hears_rest() == b"for the first"
    for word in (b"one", b"two"):
        with connected(port) as peer:
            peer.hears_end()
            peer.says(word)
            assert program.read(3) == word


def test_listener_only_receives(pync: Start) -> None:
    """A log collector: many clients, one after another, into one stream."""
    program = pync("-lkv", "--recv-only", "127.0.0.1", "0")
    port = heard_port(program)
    for number in range(20):
        with connected(port) as peer:
            peer.says(b"%04d\n" % number)
    assert program.read(100) == b"".join(b"%04d\n" % number for number in range(20))


# -v


def test_verbose_twice_is_verbose(pync: Start, server: Server) -> None:
    program = pync("-vv", "127.0.0.1", server.port)
    program.end_input()
    server.accepts().closes()
    assert program.ends(0).count(b"succeeded!") == 1


def test_no_messages_without_verbose(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    program.end_input()
    server.accepts().closes()
    assert program.ends(0) == b""
