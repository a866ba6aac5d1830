"""Whether to write in colour: what was asked for, and what the environment says. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def wants_colour(
    choice: str | None, environment: Mapping[str, str], is_terminal: bool, *, plain: bool = False
) -> bool:
    """Whether what is shown is coloured.

    Arguments:
        choice: always, never; auto or None: the environment decides.
        environment: NO_COLOR (no-color.org), CLICOLOR_FORCE and CLICOLOR (bixense.com/clicolors),
            TERM.
        is_terminal: whether it is shown on one.
        plain: whether terminals of this system are known to show colours as text.
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
