"""The steps of a script of --expect: values, compared as such."""

from __future__ import annotations

from pync.core.script_steps import End, Eof, Leave, Script


def test_what_a_step_is_when_nothing_is_said() -> None:
    assert End(1, 10.0).how == "any"
    assert not Leave(2).abort
    assert Script("x", (Eof(1),)) == Script("x", (Eof(1),), exact=False)
