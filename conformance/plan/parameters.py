"""The requirements that each parameter of the built-in profiles changes, for ``explain``.

SPEC.md 15 describes this in detail. profiles/settings.py declares which requirements are not
judged because of a parameter.
"""

from __future__ import annotations

from typing import NamedTuple

from ..scenario.profile import Profile
from ..scenario.requirement import Requirement


class Change(NamedTuple):
    """A parameter that changes the judging of some requirements (words, of any profile)."""

    given: str
    requirements: frozenset[str]
    what: str


def _change(given: str, words: str, what: str) -> Change:
    return Change(given, frozenset(words.split()), what)


CHANGES = (
    _change(
        "unit=line",
        "echo/half-close-pending",
        "the answer to an unfinished line may be missing, or the line completed",
    ),
    _change("answer", "echo/half-close-pending", "no answer to an unfinished line is judged"),
    _change(
        "rounds=1",
        "echo/no-newline echo/binary echo/nothing-else echo/isolation hello/whole hello/isolation",
        "each answer has its own connection",
    ),
    _change("rounds=1", "echo/segments", "one line is sent"),
    _change("rounds=1", "echo/coalesced", "ten lines are sent"),
    _change("rounds=1", "echo/terminal", "it ends with the first answer"),
    _change("clients=1", "leak-fin leak-reset leak-process", "there is one connection at a time"),
    _change("clients=1", "stall-then-reset", "the next client connects only after the reset"),
    _change("clients=1", "sigterm-busy", "one client is connected"),
    _change("clients=1", "burst", "the clients are served one after another"),
    _change(
        "clients=1",
        "chat/second-login chat/not-logged-in chat/not-in-channel chat/quit-parts chat/names "
        "chat/lost-by-fin chat/lost-by-reset chat/any-case chat/crlf",
        "the notices to other members are not judged",
    ),
    _change(
        "leave",
        "echo/nothing-else quit/nothing-else hello/whole",
        "on this word the server sends FIN; data before the FIN is not judged",
    ),
    _change(
        "farewell=",
        "greet/reset-mid-message greet/half-sent greet/sigterm-busy greet/leak-fin "
        "greet/leak-reset",
        "no input is sent",
    ),
    _change("token=", "quit/upper quit/large quit/utf8", "answers are awaited without a token"),
)


def changes_of(one: Requirement, profile: Profile) -> list[str]:
    """Return a line for each parameter that changes a requirement of a profile."""
    rules = [rule for rule in profile.settings.rules if one.word in rule.words]
    lines = [f"{rule.reason} (not judged)" for rule in rules]
    known = profile.known_parameters()
    lines += [
        f"{change.given}: {change.what}"
        for change in CHANGES
        if change.requirements & {one.id, one.word} and change.given.partition("=")[0] in known
    ]
    return lines
