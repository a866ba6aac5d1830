"""Abbreviated commands, if they are unambiguous."""

from __future__ import annotations

import pytest

from pync.programs.telnet.commands.abbreviations import found, table

NAMES = ("close", "send", "set", "status")


@pytest.mark.parametrize(
    ("word", "name"),
    [("close", "close"), ("c", "close"), ("SE", ""), ("set", "set"), ("sen", "send"), ("x", None)],
)
def test_find_by_abbreviation(word: str, name: str | None) -> None:
    assert found(word, NAMES) == name


def test_table() -> None:
    assert table([("a", "one"), ("bb", "two")], 4) == "a   one\nbb  two"
