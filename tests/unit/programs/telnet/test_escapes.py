"""Which typed bytes are escape commands for telnet itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.programs.telnet.escapes import COMMAND, HIDE, LEAVE, SUSPEND, TEXT, Escapes
from pync.programs.telnet.settings import Settings, TelnetSetup

PLAIN = TelnetSetup()
RLOGIN = TelnetSetup(rlogin=True)


def read(typed: bytes, setup: TelnetSetup, size: int = 99, edits: bool = False) -> list[object]:
    """Return the actions, and the text between them as single pieces."""
    one = Escapes(Settings(setup, {}, ""))
    found: list[object] = []
    data = bytearray()
    for at in range(0, len(typed), size):
        data += typed[at : at + size]
        while data:
            action, text = one.next(data, edits)
            if action != TEXT:
                found.append(action)
            elif text and found and isinstance(found[-1], bytes):
                found[-1] = found[-1] + text
            elif text:
                found.append(text)
    return found


@pytest.mark.parametrize("size", [99, 1])
@pytest.mark.parametrize(
    ("typed", "setup", "found"),
    [
        (b"abc", PLAIN, [b"abc"]),
        (b"a\x1db\x1d", PLAIN, [b"a", COMMAND, b"b", COMMAND]),
        (b"a\x1db", TelnetSetup(no_escape=True), [b"a\x1db"]),
        (b"axb", TelnetSetup(escape=("x",)), [b"a", COMMAND, b"b"]),
        (b"~.", PLAIN, [b"~."]),
        (b"~.", RLOGIN, [LEAVE]),
        (b"a~.\n~\x1a~~x", RLOGIN, [b"a~.\n", SUSPEND, b"~x"]),
        (b"\r~x\n~\x1d", RLOGIN, [b"\r~x\n", COMMAND]),
        (b"a\x1db", RLOGIN, [b"a\x1db"]),
        (b"a\x05b", PLAIN, [b"a\x05b"]),
    ],
)
def test_actions(typed: bytes, setup: TelnetSetup, found: list[object], size: int) -> None:
    assert read(typed, setup, size) == found


def test_ctrl_e_turns_the_local_echo_off() -> None:
    assert read(b"a\x05b", PLAIN, edits=True) == [b"a", HIDE, b"b"]


@given(st.binary(max_size=60).filter(lambda data: b"\x1d" not in data), st.integers(1, 9))
def test_other_bytes_are_text(typed: bytes, size: int) -> None:
    assert read(typed, PLAIN, size) == ([typed] if typed else [])
