"""Colours: they depend on the option, the environment and the terminal."""

from __future__ import annotations

import pytest

from pync.core.colour import wants_colour


@pytest.mark.parametrize(
    ("choice", "environment", "is_terminal", "wanted"),
    [
        (None, {}, True, True),
        ("auto", {}, False, False),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {"CLICOLOR_FORCE": "1"}, True, False),
        ("auto", {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"CLICOLOR_FORCE": "1", "TERM": "dumb"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "0"}, False, False),
        ("auto", {"CLICOLOR_FORCE": ""}, False, False),
        ("auto", {"CLICOLOR": "0"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"TERM": "xterm"}, True, True),
    ],
)
def test_option_overrides_environment_and_terminal(
    choice: str | None, environment: dict[str, str], is_terminal: bool, wanted: bool
) -> None:
    assert wants_colour(choice, environment, is_terminal) is wanted


def test_console_without_colours() -> None:
    assert not wants_colour(None, {}, True, plain=True)
    assert wants_colour("always", {}, True, plain=True)
