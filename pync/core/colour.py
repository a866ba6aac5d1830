"""Deciding on coloured output from the user's option and the environment. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def wants_colour(
    choice: str | None, environment: Mapping[str, str], is_terminal: bool, *, plain: bool = False
) -> bool:
    """Return whether output is coloured.

    Arguments:
        choice: always, never; auto or None: the environment decides.
        environment: NO_COLOR (no-color.org), CLICOLOR_FORCE and CLICOLOR (bixense.com/clicolors),
            TERM.
        is_terminal: whether the output is a terminal.
        plain: whether terminals of this system show colour sequences as text.
    """
    if choice in ("always", "never"):
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    if environment.get("CLICOLOR") == "0" or environment.get("TERM") == "dumb" or plain:
        return False
    return is_terminal
