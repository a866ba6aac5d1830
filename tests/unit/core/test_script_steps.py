"""The steps of an --expect script: their defaults, and that they compare by value."""

from __future__ import annotations

from pync.core.script_steps import End, Eof, Leave, Script


def test_defaults_of_steps() -> None:
    assert End(1, 10.0).how == "any"
    assert not Leave(2).abort
    assert Script("x", (Eof(1),)) == Script("x", (Eof(1),), exact=False)
