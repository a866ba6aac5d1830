"""The command mode: each command as it is typed, and what it does."""

from __future__ import annotations

import pytest

from pync.programs.telnet.commands import COMMANDS

from ..conftest import Play


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("foo", "?Invalid command"),
        ("s", "?Ambiguous command"),
        ("close", "?Need to be connected first."),
        ("send ayt", "'send ?' for help"),
        ("mode line", "'mode ?' for help."),
        ("stat", "Escape character is '^]'."),
        ("open", "usage: open [-l user] host-name [port]"),
        ("? open", "connect to a site"),
        ("? nope", "?Invalid help command nope"),
        ("? s", "?Ambiguous help command s"),
        ("open 127.0.0.1 70000", "Port number 70000 is out of range."),
    ],
)
def test_what_is_said_without_a_connection(play: Play, typed: str, said: str) -> None:
    assert play(f"{typed}\n".encode(), "").said[-1] == said


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_has_help(play: Play, name: str) -> None:
    assert play(f"? {name}\n".encode(), "").said == [COMMANDS[name].help]
    assert any(line.startswith(name) for line in play(b"?\n", "").said)


def test_modes_are_asked_for(play: Play) -> None:
    seen = play(b"\x1dmode character\n\x1dstatus\n\x1dmode\n\nx\n\x1dquit\n")
    assert seen.heard == b"\xff\xfd\x03\xff\xfd\x01x\r\n"
    assert "Operating in single character mode" in seen.said
    assert "Remote character echo" in seen.said


def test_logout_is_an_option(play: Play) -> None:
    assert play(b"\x1dlogout\n\x1dquit\n").heard == b"\xff\xfd\x12"


def test_open_with_a_user_offers_that_name(play: Play) -> None:
    seen = play(b"open -l joe 127.0.0.1 99999\nenviron list\n", "")
    assert "* USER                 joe" in seen.said


def test_a_shell_command_and_its_output(play: Play, capfd: pytest.CaptureFixture[str]) -> None:
    play(b"!echo hello\n! echo again\n", "")
    assert capfd.readouterr().out.split() == ["hello", "again"]


def test_a_quote_without_end_is_a_word(play: Play) -> None:
    assert play(b"open ' x y z\n", "").said == ["usage: open [-l user] host-name [port]"]
