"""Characters and switches, as the command line sets them at first."""

from __future__ import annotations

import pytest

from pync.core.config import Config
from pync.programs.telnet.settings import OFF, SHOWN, SWITCHES, Settings, character, shown


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
    ("config", "escape", "rlogin"),
    [
        (Config(), 0x1D, OFF),
        (Config(escape=("^X",)), 0x18, OFF),
        (Config(no_escape=True), OFF, OFF),
        (Config(rlogin=True), 0x1D, ord("~")),
        (Config(rlogin=True, escape=("^X", "%")), ord("%"), ord("%")),
    ],
)
def test_the_escape_characters(config: Config, escape: int, rlogin: int) -> None:
    one = Settings(config, {}, "")
    assert (one.escape, one.characters["rlogin"]) == (escape, rlogin)


def test_who_is_offered() -> None:
    def offered(config: Config) -> str | None:
        one = Settings(config, {"USER": "me"}, "me")
        return one.variables["USER"] if "USER" in one.exported else None

    assert offered(Config()) is None
    assert offered(Config(login=True)) == "me"
    assert offered(Config(user="joe")) == "joe"
    assert offered(Config(user="joe", no_login=True)) is None


def test_binary() -> None:
    def switches(config: Config) -> tuple[bool, bool]:
        one = Settings(config, {}, "").switches
        return one["inbinary"], one["outbinary"]

    assert switches(Config()) == (False, False)
    assert switches(Config(binary=True)) == (True, True)
    assert switches(Config(binary_output=True)) == (False, True)


def test_every_shown_switch_exists() -> None:
    assert set(SHOWN) < set(SWITCHES)
