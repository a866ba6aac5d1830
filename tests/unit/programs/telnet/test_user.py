"""The connection and the command mode, and which of the two has the input."""

from __future__ import annotations

import pytest

from pync.core.events import Connected, PeerEnded
from pync.core.server_events import Failed
from pync.programs.telnet.console import Console
from pync.programs.telnet.terminal import Mode
from pync.programs.telnet.user import User

from ....peer import Peer, Server
from .conftest import Play


def test_without_a_host_telnet_starts_in_command_mode(play: Play) -> None:
    seen = play(b"status\n", "")
    assert seen.said == ["No connection.", "Escape character is '^]'."]
    assert seen.shown == b"telnet> telnet> \n"
    assert seen.status == 0


def test_terminal_mode_is_set_before_the_escape_character_is_shown(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who sees the line may type at once; before the mode is set, input is held back."""
    order: list[str] = []
    apply, say = User._apply, Console.say

    def applied(user: User, mode: Mode | None) -> None:
        order.append("command mode" if mode is None else "session")
        apply(user, mode)

    def said(console: Console, line: str) -> None:
        order.append(line)
        say(console, line)

    monkeypatch.setattr(User, "_apply", applied)
    monkeypatch.setattr(Console, "say", said)
    play(b"\x1dquit\n")
    assert order.index("session") < order.index("Escape character is '^]'.")


def test_input_goes_to_the_host_after_open(play: Play, host: Server) -> None:
    seen = play(b"open 127.0.0.1 %s\nhello\n\x1dclose\nstatus\n" % host.port.encode(), "")
    assert seen.heard == b"hello\r\n"
    assert seen.said[-2:] == ["No connection.", "Escape character is '^]'."]


def test_close_ends_telnet_started_with_a_host(play: Play) -> None:
    assert play(b"\x1dclose\nstatus\n").said[-1] == "Connection closed."


def test_connection_refused(play: Play, host: Server) -> None:
    port = host.port
    host.sock.close()
    seen = play(b"", "127.0.0.1", port)
    assert seen.status == 1
    assert isinstance(seen.events[-1], Failed)


def test_invalid_ports(play: Play) -> None:
    assert play(b"", "127.0.0.1", "99999").said == ["Port number 99999 is out of range."]
    assert play(b"", "127.0.0.1", "0").status == 1


def test_minus_before_the_port_starts_negotiation(play: Play, host: Server) -> None:
    seen = play(b"x\n\x1dquit\n", "127.0.0.1", f"-{host.port}", binary=True)
    assert seen.heard == (
        b"\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\xff\xfb \xff\xfb'\xff\xfd\x05"
        b"\xff\xfd\x00\xff\xfb\x00x\r\n"
    )


def test_data_after_the_end_of_the_input_is_shown(play: Play) -> None:
    """A host that answers after it has received everything (the real telnet has exited by then)."""

    def answer(peer: Peer) -> None:
        peer.hears(b"question\r\n")
        peer.hears_end()
        peer.says(b"the answer\r\n" * 20_000)
        peer.closes()

    seen = play(b"question\n", host_does=answer)
    assert seen.shown == b"the answer\n" * 20_000
    assert isinstance(seen.events[-1], PeerEnded)
    assert seen.status == 0


def test_reset_counts_as_end(play: Play) -> None:
    def reset(peer: Peer) -> None:
        peer.hears(b"question\r\n")
        peer.says(b"last words")
        peer.resets()

    seen = play(b"question\n", host_does=reset)
    assert isinstance(seen.events[-1], PeerEnded)
    assert seen.status == 0


def test_rlogin_escapes(play: Play) -> None:
    seen = play(b"a~b\n~~c\n~.never\n", rlogin=True)
    assert seen.heard == b"a~b\r\n~c\r\n"
    assert seen.said[-1] == "Connection closed."


def test_open_while_connected_is_refused(play: Play) -> None:
    seen = play(b"\x1dopen elsewhere 1\n\nx\n\x1dquit\n")
    assert "?Already connected to 127.0.0.1" in seen.said
    assert sum(isinstance(event, Connected) for event in seen.events) == 1
    assert seen.heard == b"x\r\n"
