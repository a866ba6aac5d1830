"""Characters and switches, and their initial values from the command line."""

from __future__ import annotations

import pytest

from pync.programs.telnet.settings import (
    OFF,
    SHOWN,
    SWITCHES,
    Settings,
    TelnetSetup,
    character,
    shown,
)


@pytest.mark.parametrize(
    ("text", "number", "again"),
    [
        ("^]", 0x1D, "^]"),
        ("^a", 1, "^A"),
        ("^?", 0x7F, "^?"),
        ("x", 120, "x"),
        ("^", 94, "^"),
        ("off", OFF, "off"),
        ("", OFF, "off"),
    ],
)
def test_characters(text: str, number: int, again: str) -> None:
    assert character(text) == number
    assert shown(number) == again


@pytest.mark.parametrize(
    ("setup", "escape", "rlogin"),
    [
        (TelnetSetup(), 0x1D, OFF),
        (TelnetSetup(escape=("^X",)), 0x18, OFF),
        (TelnetSetup(no_escape=True), OFF, OFF),
        (TelnetSetup(rlogin=True), 0x1D, ord("~")),
        (TelnetSetup(rlogin=True, escape=("^X", "%")), ord("%"), ord("%")),
    ],
)
def test_escape_characters(setup: TelnetSetup, escape: int, rlogin: int) -> None:
    one = Settings(setup, {}, "")
    assert (one.escape, one.characters["rlogin"]) == (escape, rlogin)


def test_exported_user_name() -> None:
    def offered(setup: TelnetSetup) -> str | None:
        one = Settings(setup, {"USER": "me"}, "me")
        return one.variables["USER"] if "USER" in one.exported else None

    assert offered(TelnetSetup()) is None
    assert offered(TelnetSetup(login=True)) == "me"
    assert offered(TelnetSetup(user="joe")) == "joe"
    assert offered(TelnetSetup(user="joe", no_login=True)) is None


def test_binary() -> None:
    def switches(setup: TelnetSetup) -> tuple[bool, bool]:
        one = Settings(setup, {}, "").switches
        return one["inbinary"], one["outbinary"]

    assert switches(TelnetSetup()) == (False, False)
    assert switches(TelnetSetup(binary=True)) == (True, True)
    assert switches(TelnetSetup(binary_output=True)) == (False, True)


def test_every_shown_switch_exists() -> None:
    assert set(SHOWN) < set(SWITCHES)
