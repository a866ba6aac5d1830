"""--edit: a person edits lines, recalls them, and is not disturbed by what comes meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from ..peer import Server
from ..programs import pync
from .terminal import Terminal

Sit = Callable[..., Terminal]

LEFT, UP = b"\x1b[D", b"\x1b[A"


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


def test_a_line_is_edited_and_recalled(terminal: Sit, server: Server) -> None:
    person = terminal("--edit", "127.0.0.1", server.port)
    peer = server.accepts()
    person.types(b"helo" + LEFT + b"l\r")
    peer.hears(b"hello\n")
    peer.says(b"again?\n")
    person.sees(b"again?")
    person.types(UP + b"!\r")
    peer.hears(b"hello!\n")


#: What the editor switches on when it begins to draw (xterm's control sequences).
BRACKETED_PASTE = b"\x1b[?2004h"


def test_a_line_may_be_longer_than_what_a_terminal_keeps(terminal: Sit, server: Server) -> None:
    person = terminal("--edit", "127.0.0.1", server.port)
    peer = server.accepts()
    person.sees(BRACKETED_PASTE)
    person.types(b"\x1b[200~" + b"x" * 6000 + b"\x1b[201~\r")
    peer.hears(b"x" * 6000 + b"\n")


def test_what_comes_does_not_garble_what_is_typed(terminal: Sit, server: Server) -> None:
    person = terminal("--edit", "127.0.0.1", server.port)
    peer = server.accepts()
    person.sees(BRACKETED_PASTE)  # or the terminal would echo what is typed, which is not a prompt
    person.types(b"half-a-")
    person.sees(b"half-a-")
    peer.says("news: é\n".encode())
    person.sees("news: é".encode())
    # The line is drawn again, below the news.
    person.sees(b"half-a-")
    person.types(b"line\r")
    peer.hears(b"half-a-line\n")


def test_the_terminal_is_given_back_however_it_ends(terminal: Sit, server: Server) -> None:
    for ending in ("the peer", "^D", "^C"):
        person = terminal("--edit", "127.0.0.1", server.port)
        before = person.modes()
        peer = server.accepts()
        person.types(b"x\r")
        peer.hears(b"x\n")
        if ending == "the peer":
            peer.closes()
            assert person.ends() == 0
        elif ending == "^D":
            person.presses_control("d")
            peer.hears_end()
            peer.closes()
            assert person.ends() == 0
        else:
            person.presses_control("c")
            assert person.ends() == -signal.SIGINT
        assert person.modes() == before


def test_without_a_terminal_there_is_nothing_to_edit() -> None:
    with pync("--edit", "127.0.0.1", "1") as ours:
        ours.end_input()
        assert b"connection refused" in ours.ends(1)
