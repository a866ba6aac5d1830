"""A user at telnet's terminal: modes, escape characters, and the restored terminal."""

from __future__ import annotations

import signal
import threading

import pytest

from ..peer import DEADLINE, Server, connected, listening
from ..programs import PYNC, stays
from .conftest import Start, heard_port
from .terminal import Terminal

TELNET = [*PYNC, "--as=telnet"]
ASKS_FOR_KEYS = b"\xff\xfb\x01\xff\xfb\x03"


@pytest.mark.parametrize("keys", [False, True], ids=["line by line", "character by character"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_terminal_is_restored_after_a_signal(number: signal.Signals, keys: bool) -> None:
    with listening() as server, Terminal([*TELNET, "127.0.0.1", server.port]) as person:
        before = person.modes()
        peer = server.accepts()
        person.sees(b"Escape character is '^]'.\r\n")
        if keys:
            peer.says(ASKS_FOR_KEYS)
            peer.hears(b"\xff\xfd\x01\xff\xfd\x03")
        peer.says(b"ready")
        person.sees(b"ready")
        assert person.modes() != before
        person.signals(number)
        peer.hears_end()
        assert person.modes() == before
        assert person.ends() == -number


def test_password_is_not_shown() -> None:
    """The host takes over the echo only: telnet sends lines and does not show them."""
    with listening() as server, Terminal([*TELNET, "127.0.0.1", server.port]) as person:
        peer = server.accepts()
        person.sees(b"'^]'.\r\n")
        peer.says(b"Password: \xff\xfb\x01")
        peer.hears(b"\xff\xfd\x01")
        peer.says(b"?")
        person.sees(b"Password: ?")
        person.types(b"secret\r")
        peer.hears(b"secret\r\n")
        peer.says(b"\xff\xfc\x01\r\nWelcome\r\n")
        peer.hears(b"\xff\xfe\x01")
        assert person.reads_line() == b""
        person.sees(b"Welcome\r\n")
        peer.says(b"!")
        person.sees(b"!")
        person.types(b"seen\r")
        person.sees(b"seen\r\n")
        peer.hears(b"seen\r\n")


def test_session_from_the_command_mode() -> None:
    with listening() as server, Terminal(TELNET) as person:
        before = person.modes()
        person.sees(b"telnet> ")
        person.types(b"open 127.0.0.1 %s\r" % server.port.encode())
        peer = server.accepts()
        person.sees(b"Escape character is '^]'.\r\n")
        person.types(b"hello\r")
        peer.hears(b"hello\r\n")
        person.types(b"\x1d")
        person.sees(b"telnet> ")
        assert person.modes() == before
        person.presses_control("c")
        person.sees(b"telnet> ")
        person.types(b"close\r")
        person.sees(b"Connection closed.\r\n")
        peer.hears_end()
        person.sees(b"telnet> ")
        person.presses_control("d")
        assert person.ends() == 0


def test_character_mode_and_the_return_to_line_mode() -> None:
    with listening() as server, Terminal([*TELNET, "127.0.0.1", server.port]) as person:
        peer = server.accepts()
        person.sees(b"'^]'.\r\n")
        peer.says(ASKS_FOR_KEYS)
        peer.hears(b"\xff\xfd\x01\xff\xfd\x03")
        peer.says(b"$ ")
        person.sees(b"$ ")
        for key in (b"l", b"\x03", b"\x04", b"\r"):
            person.types(key)
            peer.hears(key if key != b"\r" else b"\r\0")
        person.types(b"\x1d")
        person.sees(b"\r\ntelnet> ")
        person.types(b"mode line\r")
        peer.hears(b"\xff\xfe\x03\xff\xfe\x01")
        peer.says(b"\xff\xfc\x03\xff\xfc\x01now lines")
        person.sees(b"now lines")
        person.types(b"ab\x7fc\r")
        peer.hears(b"ac\r\n")
        peer.closes()
        person.sees(b"Connection closed by foreign host.\r\n")
        assert person.ends() == 0


def test_client_that_sends_only_commands_does_not_delay_others(pync: Start) -> None:
    server = pync("-lkv", "-t", "--exec", "cat", "127.0.0.1", "0")
    port = heard_port(server)
    flood = b"\xff\xfd\x01\xff\xfe\x01" * 10_000
    with connected(port) as hostile, connected(port) as other:
        done = threading.Event()

        def send() -> None:
            while not done.is_set():
                hostile.offers(flood)

        flooding = threading.Thread(target=send)
        flooding.start()
        try:
            for number in range(20):
                line = b"%d\n" % number
                other.says(line)
                other.hears(line)
        finally:
            done.set()
            flooding.join(DEADLINE)


def test_closed_reader_is_noticed_after_the_end_of_input(pync: Start, server: Server) -> None:
    program = pync("--as=telnet", "127.0.0.1", server.port)
    peer = server.accepts()
    assert program.shows(b"Escape character is '^]'.\n")
    program.stops_reading()
    program.write(b"typed\n")
    peer.hears(b"typed\r\n")
    assert stays(program, 0.2)
    program.end_input()
    peer.hears_end()
    program.ends(141)


def test_closed_reader_of_the_output_ends_it(pync: Start, server: Server) -> None:
    """As in ``telnet host port | grep -q Connected``; the real telnet may then loop forever."""
    program = pync("--as=telnet", "127.0.0.1", server.port)
    peer = server.accepts()
    program.stops_reading()
    program.end_input()
    peer.says(b"Sat Nov 28 12:00:00 2026\r\n")
    peer.closes()
    program.ends(141)
