"""The command mode: the commands and their effects."""

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
def test_messages_without_a_connection(play: Play, typed: str, said: str) -> None:
    assert play(f"{typed}\n".encode(), "").said[-1] == said


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_has_help(play: Play, name: str) -> None:
    assert play(f"? {name}\n".encode(), "").said == [COMMANDS[name].help]
    assert any(line.startswith(name) for line in play(b"?\n", "").said)


def test_mode_command(play: Play) -> None:
    seen = play(b"\x1dmode character\n\x1dstatus\n\x1dmode\n\nx\n\x1dquit\n")
    assert seen.heard == b"\xff\xfd\x03\xff\xfd\x01x\r\n"
    assert "Operating in single character mode" in seen.said
    assert "Remote character echo" in seen.said


def test_logout_sends_an_option(play: Play) -> None:
    assert play(b"\x1dlogout\n\x1dquit\n").heard == b"\xff\xfd\x12"


def test_open_exports_the_user_name(play: Play) -> None:
    seen = play(b"open -l joe 127.0.0.1 99999\nenviron list\n", "")
    assert "* USER                 joe" in seen.said


def test_shell_command(play: Play, capfd: pytest.CaptureFixture[str]) -> None:
    play(b"!echo hello\n! echo again\n", "")
    assert capfd.readouterr().out.split() == ["hello", "again"]


def test_unclosed_quote_is_part_of_an_argument(play: Play) -> None:
    assert play(b"open ' x y z\n", "").said == ["usage: open [-l user] host-name [port]"]
