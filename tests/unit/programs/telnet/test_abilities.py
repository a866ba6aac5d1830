"""The data that telnet sends to the host, and the data that it keeps private."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.telnet_protocol import NAWS, NEW_ENVIRON, TSPEED, TTYPE, XDISPLOC
from pync.programs.telnet.abilities import abilities_of, environment, window
from pync.programs.telnet.settings import Settings, TelnetSetup


def settings(login: str = "joe", **environment: str) -> Settings:
    return Settings(TelnetSetup(login=True), environment, login)


def answer(option: int, data: bytes, **environment: str) -> bytes | None:
    able = abilities_of(settings(**environment), "box", lambda: (80, 24), 9600)
    return able.answer[option](data)


@pytest.mark.parametrize(
    ("option", "said"),
    [(TTYPE, b"\0XTERM"), (TSPEED, b"\x009600,9600"), (XDISPLOC, b"\0box:0")],
)
def test_answers_to_subnegotiations(option: int, said: bytes) -> None:
    assert answer(option, b"\x01", TERM="xterm", DISPLAY=":0") == said
    assert answer(option, b"\0mine") is None


def test_window() -> None:
    assert window(80, 24) == b"\0P\0\x18"
    assert window(511, 256) == b"\x01\xff\x01\0"
    able = abilities_of(settings(), "box", lambda: (80, 24), 9600)
    assert able.announce[NAWS]() == b"\0P\0\x18"


def test_x_display_option_needs_a_display() -> None:
    assert XDISPLOC not in abilities_of(settings(), "box", lambda: (0, 0), 1).ours
    assert XDISPLOC in abilities_of(settings(DISPLAY="a:0"), "box", lambda: (0, 0), 1).ours


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (b"\x01", b"\0\0DISPLAY\x01box:0\0USER\x01joe"),
        (b"\x01\0", b"\0\0DISPLAY\x01box:0\0USER\x01joe"),
        (b"\x01\0USER", b"\0\0USER\x01joe"),
        (b"\x01\0US\x02ER", b"\0\0USER\x01joe"),
        (b"\x01\x03SECRET\0PATH", b"\0"),
    ],
)
def test_only_exported_variables_are_sent(asked: bytes, told: bytes) -> None:
    assert answer(NEW_ENVIRON, asked, DISPLAY=":0", SECRET="no", PATH="/bin") == told


def test_special_bytes_in_variables_are_escaped() -> None:
    one = settings(login="a\x01b\xff")
    assert environment(b"\x01", one, "") == b"\0\0USER\x01a\x02\x01b\xc3\xbf"


@given(st.binary(max_size=40))
def test_any_request_is_answered_or_ignored(data: bytes) -> None:
    told = environment(data, settings(SECRET="hidden"), "")
    assert told is None or (data[:1] == b"\x01" and b"hidden" not in told)
