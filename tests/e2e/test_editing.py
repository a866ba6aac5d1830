"""--edit: the user edits and recalls lines, undisturbed by incoming data."""

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


def test_line_is_edited_and_recalled(terminal: Sit, server: Server) -> None:
    person = terminal("--edit", "127.0.0.1", server.port)
    peer = server.accepts()
    person.types(b"helo" + LEFT + b"l\r")
    peer.hears(b"hello\n")
    peer.says(b"again?\n")
    person.sees(b"again?")
    person.types(UP + b"!\r")
    peer.hears(b"hello!\n")


#: The control sequence (of xterm) that the editor sends when it starts to draw.
BRACKETED_PASTE = b"\x1b[?2004h"


def test_line_longer_than_the_terminal_buffer(terminal: Sit, server: Server) -> None:
    person = terminal("--edit", "127.0.0.1", server.port)
    peer = server.accepts()
    person.sees(BRACKETED_PASTE)
    person.types(b"\x1b[200~" + b"x" * 6000 + b"\x1b[201~\r")
    peer.hears(b"x" * 6000 + b"\n")


def test_received_data_does_not_garble_typed_text(terminal: Sit, server: Server) -> None:
    person = terminal("--edit", "127.0.0.1", server.port)
    peer = server.accepts()
    person.sees(BRACKETED_PASTE)  # otherwise the terminal would echo the typed text
    person.types(b"half-a-")
    person.sees(b"half-a-")
    peer.says("news: é\n".encode())
    person.sees("news: é".encode())
    # The line is drawn again, below the received data.
    person.sees(b"half-a-")
    person.types(b"line\r")
    peer.hears(b"half-a-line\n")


def test_terminal_is_always_restored(terminal: Sit, server: Server) -> None:
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


def test_edit_has_no_effect_without_a_terminal() -> None:
    with pync("--edit", "127.0.0.1", "1") as ours:
        ours.end_input()
        assert b"connection refused" in ours.ends(1)
