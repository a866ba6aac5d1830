"""The commands toggle, set, unset, display and environ."""

from __future__ import annotations

import pytest

from ..conftest import Play


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("toggle crlf", "Will send carriage returns as telnet <CR><LF>."),
        ("toggle crlf\ntoggle crlf", "Will send carriage returns as telnet <CR><NUL>."),
        ("toggle", "Need an argument to 'toggle' command.  'toggle ?' for help."),
        ("toggle nope", "'nope': unknown argument ('toggle ?' for help)."),
        ("toggle auto", "'auto': ambiguous argument ('toggle ?' for help)."),
        ("set nope 1", "'nope': unknown argument ('set ?' for help)."),
        ("set escape ^A\ndisplay escape", "escape          [^A]"),
        ("unset escape\nstatus", "Escape character is 'off'."),
        ("set crmod", "Will map carriage return on output."),
        ("set crmod maybe", "'set ?' for help."),
        ("unset a b", "'unset ?' for help."),
        ("display crlf", "will send carriage returns as telnet <CR><NUL>."),
        ("display nope", "'nope': unknown argument ('display ?' for help)."),
        ("environ", "       environ list"),
        ("environ define COLOUR blue\nenviron list", "* COLOUR               blue"),
    ],
)
def test_messages(play: Play, typed: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {})
    assert play(f"{typed}\n".encode(), "").said[-1] == said


def test_variables_are_exported_and_removed(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"HOME": "/"})
    typed = b"env exp HOME\nenv list\nenv unexp HOME\nenv list\nenv undef HOME\nenv list\n"
    said = play(typed, "").said
    assert [line.split() for line in said] == [["*", "HOME", "/"], ["HOME", "/"]]


def test_crlf_and_binary_change_the_sent_data(play: Play) -> None:
    assert play(b"a\rb\n\x1dtoggle crlf\na\rb\n\x1dquit\n").heard == b"a\r\0b\r\na\r\nb\r\n"
    seen = play(b"\x1dtoggle binary\n\x1dunset outb\n\x1dquit\n")
    # The request to end is sent only after the request to begin was answered.
    assert seen.heard == b"\xff\xfd\x00\xff\xfb\x00"
