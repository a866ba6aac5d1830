"""What each parameter means, and which requirements it changes: for ``list`` and ``explain``.

SPEC.md 15 says the same at length. Which requirements a parameter leaves without a meaning is
declared in settings.py, where it is in force.
"""

from __future__ import annotations

from typing import NamedTuple

from ..core.settings import reasons_not_to_judge
from ..scenario.requirement import Requirement

#: Parameter -> what it is.
MEANINGS = {
    "greeting": "what is sent on connect; /.../ is a pattern",
    "farewell": "what is sent before the end; /.../ is a pattern, empty is none",
    "token": "what follows each answer; empty is none",
    "reply": "the answer to whatever comes",
    "command": "the line on which the server aborts",
    "unit": "byte or line: whether an echo comes at once, or when its line is complete",
    "answer": "the answer to a line or datagram, with {line} {data} {LINE} {DATA} {n}",
    "rounds": "many or 1: how often the server answers before it ends a connection",
    "clients": "many or 1: how many are served at a time",
    "leave": "a word that ends the session, on a line of its own; empty is none",
    "eol": "\\n or \\r\\n: what ends a line",
}


class Change(NamedTuple):
    """A parameter that changes how some requirements (words, of any profile) are judged."""

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
        "there is a connection for each answer",
    ),
    _change("rounds=1", "echo/segments", "one line is sent"),
    _change("rounds=1", "echo/coalesced", "ten lines are sent"),
    _change("rounds=1", "echo/terminal", "it ends with the first answer"),
    _change("clients=1", "leak-fin leak-reset leak-process", "there is one connection at a time"),
    _change("clients=1", "stall-then-reset", "the next client comes after the reset only"),
    _change("clients=1", "sigterm-busy", "one client is connected"),
    _change("clients=1", "burst", "the clients are served one after another"),
    _change(
        "clients=1",
        "chat/second-login chat/not-logged-in chat/not-in-channel chat/quit-parts chat/names "
        "chat/lost-by-fin chat/lost-by-reset chat/any-case chat/crlf",
        "what others hear of it is not judged",
    ),
    _change(
        "leave",
        "echo/nothing-else quit/nothing-else hello/whole",
        "the word ends the session, by the server's FIN; what it says before is not judged",
    ),
    _change(
        "farewell=",
        "greet/reset-mid-message greet/half-sent greet/sigterm-busy greet/leak-fin "
        "greet/leak-reset",
        "no input is sent",
    ),
    _change("token=", "quit/upper quit/large quit/utf8", "answers are awaited without a token"),
)


def meaning(parameter: str) -> str:
    """What a parameter is, in a few words; those of chat and crud are templates."""
    return MEANINGS.get(parameter, "a template")


def changes_of(one: Requirement) -> list[str]:
    """How parameters change a requirement, each in a line."""
    word = one.id.partition("/")[2]
    lines = [f"{reason} (not judged)" for reason in reasons_not_to_judge(one.id)]
    lines += [
        f"{change.given}: {change.what}"
        for change in CHANGES
        if change.requirements & {one.id, word} and _knows(one.profile, change.given)
    ]
    return lines


def _knows(profile: str, given: str) -> bool:
    from ..core.settings import MANNERS
    from ..profiles import PROFILES

    name = given.partition("=")[0]
    return name in MANNERS[profile] or name in PROFILES[profile].parameters
