"""A user at a terminal: what is shown, what the keys do, and the restored terminal."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from ..peer import Server, connected
from ..programs import PYNC, Program, stays
from .conftest import Start
from .terminal import Terminal

Sit = Callable[..., Terminal]

GOODBYE = b"Connection closed by foreign host.\r\n"


def test_conversation_ended_by_the_peer(terminal: Sit, server: Server) -> None:
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"What is your name?\n")
    person.sees(b"What is your name?\r\n")
    person.types(b"Arthur\r")
    peer.hears(b"Arthur\n")
    peer.says(b"Farewell.\n")
    peer.closes()
    assert person.sees_to_the_end() == b"Arthur\r\nFarewell.\r\n" + GOODBYE
    assert person.ends() == 0


def test_peer_eof_is_reported_while_the_user_types(terminal: Sit, server: Server) -> None:
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    person.types(b"half a li")
    person.sees(b"half a li")
    peer.half_closes()
    assert person.sees_to_the_end().endswith(GOODBYE)
    assert person.ends() == 0
    peer.hears_end()


def test_control_d_sends_fin_and_the_answer_is_shown(terminal: Sit, server: Server) -> None:
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    person.types(b"question\r")
    person.presses_control("d")
    assert peer.hears_rest() == b"question\n"
    peer.says(b"answer\n")
    peer.closes()
    person.sees(b"question\r\n")
    assert person.sees_to_the_end() == b"answer\r\n" + GOODBYE
    assert person.ends() == 0


def test_control_d_after_half_a_line_sends_it(terminal: Sit, server: Server) -> None:
    """The rule of terminals: the first ^D passes on the typed text, the second is EOF."""
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    person.types(b"half")
    person.presses_control("d")
    peer.hears(b"half")
    person.types(b" and half\r")
    peer.hears(b" and half\n")
    person.presses_control("d")
    peer.hears_end()
    peer.closes()
    assert person.ends() == 0


def test_control_c_ends_it(terminal: Sit, server: Server) -> None:
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"hello\n")
    person.sees(b"hello\r\n")
    before = person.modes()
    person.presses_control("c")
    seen = person.sees_to_the_end()
    assert seen in (b"^C", b""), seen
    assert person.modes() == before
    assert person.ends() == -signal.SIGINT
    peer.hears_end()


def test_control_c_while_listening(terminal: Sit) -> None:
    person = terminal("-lv", "127.0.0.1", "0")
    person.sees(b"Listening on 127.0.0.1 ")
    person.presses_control("c")
    assert b"Traceback" not in person.sees_to_the_end()
    assert person.ends() == -signal.SIGINT


LISTENS_FOUR_WAYS = pytest.mark.parametrize(
    "words", ["-lv", "-lkv", "--as=nc -lv", "--as=ncat -lkv"]
)


@LISTENS_FOUR_WAYS
def test_control_c_stops_a_loop_of_the_shell(stack: ExitStack, words: str) -> None:
    """A shell runs the next command unless this one was killed by SIGINT."""
    line = f"for i in 1 2 3; do {' '.join(PYNC)} {words} 127.0.0.1 0; done; echo went on"
    person = stack.enter_context(Terminal([bash(), "-c", line]))
    person.sees(b"istening on ")
    person.presses_control("c")
    seen = person.sees_to_the_end()
    assert b"went on" not in seen
    assert b"istening" not in seen
    assert person.ends() == -signal.SIGINT


@LISTENS_FOUR_WAYS
@pytest.mark.parametrize("key", ["c", "\\"])
def test_prompt_after_control_c_begins_a_line(stack: ExitStack, words: str, key: str) -> None:
    person = stack.enter_context(Terminal([bash(), "--norc", "--noprofile", "-i"]))
    person.types(b"unset PROMPT_COMMAND; bind 'set enable-bracketed-paste off'; PS1='rea''dy> '\r")
    person.sees(b"ready> ")
    person.types(f"{' '.join(PYNC)} {words} 127.0.0.1 0\r".encode())
    person.sees(b"istening on ")
    person.reads_line()
    person.presses_control(key)
    seen = person.sees(b"ready> ")
    assert seen.endswith(b"\nready> "), seen
    assert b"Traceback" not in seen
    person.types(b"exit\r")


def bash() -> str:
    """bash, which distinguishes a command killed by SIGINT from one that exits with 130."""
    found = shutil.which("bash")
    if found is None:
        pytest.skip("bash is missing")
    return found


def test_reset_is_reported(terminal: Sit, server: Server) -> None:
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"hello\n")
    person.sees(b"hello\r\n")
    peer.resets()
    seen = person.sees_to_the_end().decode()
    assert seen == f"pync: relay tcp://127.0.0.1:{server.port}: connection reset by peer\r\n"
    assert person.ends() == 1


def test_refused_connection_is_reported(terminal: Sit, closed_port: str) -> None:
    person = terminal("127.0.0.1", closed_port)
    seen = person.sees_to_the_end().decode()
    assert seen.startswith(f"pync: dial tcp://127.0.0.1:{closed_port}: connection refused (")
    assert seen.endswith(")\r\n")
    assert person.ends() == 1


def test_terminal_is_closed(terminal: Sit, server: Server) -> None:
    """When the window is closed, pync gets SIGHUP, and the peer gets FIN."""
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    person.signals(signal.SIGHUP)
    peer.hears_end()
    assert person.ends() == -signal.SIGHUP


def test_long_output_loses_nothing(terminal: Sit, server: Server) -> None:
    """A terminal takes a few KiB at a time."""
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    lines = b"".join(b"%07d\n" % number for number in range(20_000))
    with peer.saying(lines):
        seen = person.sees_to_the_end()
    assert seen == lines.replace(b"\n", b"\r\n") + GOODBYE
    assert person.ends() == 0


def test_line_of_4000_bytes(terminal: Sit, server: Server) -> None:
    """A terminal line holds 4095 bytes (termios(3)); all of them are sent."""
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    for _ in range(4):
        person.types(b"x" * 1000)
    person.types(b"\r")
    peer.hears(b"x" * 4000 + b"\n")
    peer.closes()
    assert person.ends() == 0


def test_listener_on_a_terminal(terminal: Sit) -> None:
    person = terminal("-lv", "127.0.0.1", "0")
    person.sees(b"Listening on 127.0.0.1 ")
    port = int(person.reads_line())
    with connected(port) as peer:
        person.sees(b"Connection received on 127.0.0.1 ")
        peer.says(b"hello\n")
        person.sees(b"hello\r\n")
        person.types(b"hi\r")
        peer.hears(b"hi\n")
        peer.closes()
        assert person.sees_to_the_end() == b"hi\r\n" + GOODBYE
    assert person.ends() == 0


def test_keep_open_listens_on_after_the_first_client(terminal: Sit) -> None:
    person = terminal("-lkv", "127.0.0.1", "0")
    person.sees(b"Listening on 127.0.0.1 ")
    port = int(person.reads_line())
    for word in (b"first", b"second"):
        with connected(port) as peer:
            person.sees(b"Connection received on 127.0.0.1 ")
            person.types(word + b"\r")
            peer.hears(word + b"\n")
        person.sees(GOODBYE)
    person.presses_control("c")
    assert person.ends() == -signal.SIGINT


# Only stdin or only stdout is a terminal.


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """The two ends of a pseudo-terminal: the user's and the program's."""
    person, program = pty.openpty()
    try:
        yield person, program
    finally:
        os.close(person)
        os.close(program)


def test_only_the_input_is_a_terminal(server: Server, line: tuple[int, int]) -> None:
    """``pync HOST PORT > file``: the user sees a message, and pync exits at once."""
    person, tty = line
    with Program(*PYNC, "127.0.0.1", server.port, stdin=tty) as program:
        peer = server.accepts()
        os.write(person, b"typed\n")
        peer.hears(b"typed\n")
        peer.says(b"into the file")
        peer.half_closes()
        assert program.rest() == b"into the file"
        assert program.ends(0) == b"Connection closed by foreign host.\n"


def test_only_the_output_is_a_terminal(pync: Start, server: Server, line: tuple[int, int]) -> None:
    """``pync HOST PORT < file``: nobody types, so there is no message; it ends as with a pipe."""
    person, tty = line
    program = pync("--half-open", "127.0.0.1", server.port, stdout=tty)
    peer = server.accepts()
    peer.says(b"shown\n")
    peer.half_closes()
    assert os.read(person, 100) == b"shown\r\n"
    assert stays(program, 0.2)
    program.write(b"still sent")
    peer.hears(b"still sent")
    program.end_input()
    assert program.ends(0) == b""


def test_terminal_stays_blocking(server: Server, line: tuple[int, int]) -> None:
    _, tty = line
    with Program(*PYNC, "127.0.0.1", server.port, stdin=tty, stdout=tty) as program:
        peer = server.accepts()
        os.write(line[0], b"x\n")
        peer.hears(b"x\n")
        assert os.get_blocking(tty)
        peer.closes()
        program.ends(0)
    assert os.get_blocking(tty)


def test_progress_is_drawn_on_a_terminal(terminal: Sit, server: Server) -> None:
    person = terminal("--progress", "--recv-only", "127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"x\n" * 2048)
    peer.closes()
    assert b"received: 4.00kB" in person.sees_to_the_end()
    assert person.ends() == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux cuts lines so")
def test_line_that_the_terminal_truncates_is_reported(terminal: Sit, server: Server) -> None:
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    person.types(b"x" * 2000)
    person.types(b"y" * 2000)
    person.types(b"z" * 1000 + b"\r")
    person.sees(b"pync: a line has 4095 bytes, the most that the terminal keeps")
    peer.hears(b"x" * 2000 + b"y" * 2000 + b"z" * 95 + b"\n")
    peer.closes()
    assert person.ends() == 0
