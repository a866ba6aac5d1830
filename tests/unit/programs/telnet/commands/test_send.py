"""The command ``send``: the bytes sent for each name."""

from __future__ import annotations

import pytest

from pync.programs.telnet.commands.send import SENDS

from ..conftest import Play


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("ao", b"\xff\xf5"),
        ("ayt", b"\xff\xf6"),
        ("brk", b"\xff\xf3"),
        ("ec", b"\xff\xf7"),
        ("el", b"\xff\xf8"),
        ("escape", b"\x1d"),
        ("ga", b"\xff\xf9"),
        ("ip", b"\xff\xf4"),
        ("nop", b"\xff\xf1"),
        ("eor", b"\xff\xef"),
        ("abort", b"\xff\xee"),
        ("susp", b"\xff\xed"),
        ("eof", b"\xff\xec"),
        ("ay brk IP", b"\xff\xf6\xff\xf3\xff\xf4"),
        ("do echo", b"\xff\xfd\x01"),
        ("will 24", b"\xff\xfb\x18"),
        ("dont echo", b""),
        ("wont echo", b""),
        ("do suppress go ahead", b"\xff\xfd\x03"),
    ],
)
def test_sent_bytes(play: Play, typed: str, wire: bytes) -> None:
    assert play(f"\x1dsend {typed}\n\x1dquit\n".encode()).heard == wire


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "need at least one argument for 'send' command"),
        ("nope", "Unknown send argument 'nope'"),
        ("ayt nope", "Unknown send argument 'nope'"),
        ("e", "Ambiguous send argument 'e'"),
        ("do", "usage: send do <value|option>"),
        ("do 256", "'256': bad value ('send do ?' for help)."),
        ("getstatus", "Remote side does not support STATUS option"),
    ],
)
def test_invalid_arguments_send_nothing(play: Play, typed: str, said: str) -> None:
    seen = play(f"\x1dsend {typed}\nquit\n\x1dquit\n".encode())
    assert said in seen.said
    assert b"\xff" not in seen.heard


def test_help_lists_all_names(play: Play) -> None:
    said = play(b"\x1dsend ?\nquit\n\x1dquit\n").said
    assert all(any(line.startswith(name) for line in said) for name in SENDS)
