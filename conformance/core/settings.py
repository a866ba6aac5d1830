r"""--set: what can be said of a service besides its texts, and what each setting changes.

A profile's own parameters are the texts that the embedded servers have too. The manners here
describe how another server goes about the same service; none is handed to an embedded one.
SPEC.md 15 is the contract.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from .conduct import (
    COMMANDS,
    LF,
    NOTICES,
    WORDS,
    Answers,
    Conduct,
    DatagramAnswers,
    Pattern,
    Text,
    Words,
    fields,
)
from .nearest import nearest
from .verdict import WrongUsage

#: How many clients at a time, or rounds in a connection, when it is not one.
MANY, ONE = b"many", b"1"

#: The answer that is an echo.
ECHO = b"{data}"

_CLIENTS = {"clients": MANY}

#: Profile -> its manners with their defaults.
MANNERS: dict[str, dict[str, bytes]] = {
    "echo": {
        "unit": b"byte",
        "answer": ECHO,
        "rounds": MANY,
        "leave": b"",
        "eol": LF,
        **_CLIENTS,
    },
    "greet": _CLIENTS,
    "quit": {"leave": b"", **_CLIENTS},
    "half-open": _CLIENTS,
    "reset": _CLIENTS,
    "hello": {"rounds": MANY, "leave": b"", "eol": LF, **_CLIENTS},
    "discard": _CLIENTS,
    "udp-echo": {"answer": ECHO},
    "chat": {"eol": LF, **_CLIENTS, **WORDS["chat"]},
    "crud": {"eol": LF, **_CLIENTS, **WORDS["crud"]},
    "client-echo": {},
}

#: What a manner may be, where it is one of a few.
_CHOICES = {
    "unit": (b"byte", b"line"),
    "clients": (MANY, ONE),
    "rounds": (MANY, ONE),
    "eol": (LF, b"\r\n"),
}

#: Texts that may be written as a pattern.
PATTERNS = ("greeting", "farewell")


def chosen(
    profile: str, texts: Mapping[str, bytes], given: Mapping[str, bytes]
) -> dict[str, bytes]:
    """The parameters of a profile: its texts, and those of its manners that were given.

    Arguments:
        texts: the profile's own, with their defaults.
        given: what SET says, for all profiles.
    Raises WrongUsage.
    """
    parameters: dict[str, bytes] = {}
    for key, default in texts.items():
        value = given.get(key, default)
        parameters[key] = value if isinstance(value, Text) else Text(value)
    for key, value in given.items():
        if key in MANNERS[profile] and key not in texts:
            _check_manner(profile, key, value)
            parameters[key] = value
    return parameters


def in_force(profile: str, parameters: Mapping[str, bytes]) -> dict[str, bytes]:
    """All parameters, those that were not given too."""
    return {**MANNERS[profile], **parameters}


def texts_of(
    texts: Mapping[str, bytes], parameters: Mapping[str, bytes]
) -> tuple[tuple[str, bytes], ...]:
    """What an embedded server is told: the texts, and the default where only a pattern is known."""
    return tuple(
        (key, default if isinstance(parameters[key], Pattern) else bytes(parameters[key]))
        for key, default in texts.items()
    )


def ends_at_once(parameters: Mapping[str, bytes]) -> bool:
    """Whether the server may end a connection as soon as it has greeted."""
    return parameters.get("farewell") == b""


def answers_lines(parameters: Mapping[str, bytes]) -> bool:
    """Whether an echo answers whole lines, and perhaps nothing that is not one."""
    return parameters.get("unit") == b"line" or _other_answer(parameters)


def answers_once(parameters: Mapping[str, bytes]) -> bool:
    """Whether the server ends a connection after its first answer."""
    return parameters.get("rounds") == ONE


def conduct_of(profile: str, parameters: Mapping[str, bytes]) -> Conduct:
    """How one client's words are put to the service, and its answers to the scenario."""
    known = in_force(profile, parameters)
    if profile in COMMANDS:
        words = {name: known[name] for name in WORDS[profile]}
        if words == WORDS[profile] and known["eol"] == LF:
            return Conduct()
        return Words(profile, words, known["eol"])
    if profile == "greet":
        return Conduct(ends_unasked=True)
    if profile == "udp-echo":
        answer = known["answer"]
        return Conduct() if answer == ECHO else DatagramAnswers(answer)
    eol, one_round = known.get("eol", LF), known.get("rounds") == ONE
    answer = known.get("answer", ECHO)
    return Conduct(eol, one_round) if answer == ECHO else Answers(answer, eol, one_round)


def _check_manner(profile: str, key: str, value: bytes) -> None:
    choices = _CHOICES.get(key)
    if choices and value not in choices:
        shown = " or ".join(repr(one.decode())[1:-1] for one in choices)
        raise WrongUsage(f"--set: {key} is {shown}")
    if key == "answer" and not value:
        raise WrongUsage("--set: an empty answer cannot be checked")
    if key == "answer" or profile in COMMANDS:
        _refuse_misspelt(profile, key, value)
    needed = COMMANDS.get(profile, {}).get(key) or NOTICES.get(profile, {}).get(key)
    if needed is None:
        return
    if not value:
        raise WrongUsage(f"--set: {key} is empty")
    if key not in COMMANDS[profile]:
        return
    missing = sorted(needed.fields - fields(value))
    if missing:
        raise WrongUsage(f"--set: {key} must contain {{{missing[0].decode()}}}")


def _refuse_misspelt(profile: str, key: str, value: bytes) -> None:
    """Refuse a field that looks like one that is known. Raises WrongUsage."""
    known = {b"line", b"data", b"LINE", b"DATA", b"n"}
    if key != "answer":
        known = {b"value"}.union(*(one.fields for one in COMMANDS.get(profile, {}).values()))
    for name in sorted(fields(value) - known):
        if nearest(name.decode().lower(), [one.decode() for one in sorted(known)]):
            shown = ", ".join("{" + one.decode() + "}" for one in sorted(known))
            raise WrongUsage(f"--set: {key} has no field {{{name.decode()}}} (known: {shown})")


def check_texts(given: Mapping[str, bytes], profiles: set[str]) -> None:
    """Raises WrongUsage for texts that no service can have."""
    if given.get("reply") == b"" and "hello" in profiles:
        raise WrongUsage("--set: an empty reply cannot be checked")
    for key in ("token", "command", "leave"):
        value = given.get(key, b"x")
        if value.strip() != value or not (value or key in ("token", "leave")):
            raise WrongUsage(f"--set: {key} must be a word")
    for key, value in given.items():
        if isinstance(value, Pattern):
            _check_pattern(key, value)


def _check_pattern(key: str, pattern: Pattern) -> None:
    if key not in PATTERNS:
        raise WrongUsage(f"--set: {key} cannot be a pattern (only {' and '.join(PATTERNS)})")
    try:
        empty = pattern.at_start(b"") is not None
    except re.error as error:
        raise WrongUsage(f"--set: {key}: {error}") from None
    if empty:
        raise WrongUsage(f"--set: {key}: the pattern also matches an empty text")


class _Rule(NamedTuple):
    """Under which parameters which requirements are not judged, and why."""

    holds: Callable[[Mapping[str, bytes]], bool]
    requirements: frozenset[str]
    reason: str


def _is(key: str, *values: bytes) -> Callable[[Mapping[str, bytes]], bool]:
    return lambda known: known.get(key) in values


def _other_answer(known: Mapping[str, bytes]) -> bool:
    return known.get("answer", ECHO) != ECHO


def _upper(known: Mapping[str, bytes]) -> bool:
    return bool({b"LINE", b"DATA"} & fields(known.get("answer", b"")))


def _other_words(profile: str) -> Callable[[Mapping[str, bytes]], bool]:
    return lambda known: any(known[name] != word for name, word in WORDS[profile].items())


def _ids(profile: str, words: str) -> frozenset[str]:
    return frozenset(f"{profile}/{word}" for word in words.split())


_STREAMS = ["echo", "greet", "quit", "half-open", "reset", "hello", "discard", "chat", "crud"]

_RULES = (
    _Rule(
        _is("unit", b"line"),
        _ids("echo", "no-newline"),
        "unit=line: the echo comes when the line is complete",
    ),
    _Rule(
        _other_answer,
        _ids("echo", "no-newline"),
        "answer: an answer comes when its line is complete",
    ),
    _Rule(
        _other_answer,
        _ids("udp-echo", "empty largest"),
        "answer: what a template makes of such a datagram is not said",
    ),
    _Rule(
        _upper,
        _ids("echo", "binary") | _ids("udp-echo", "binary"),
        "answer: what upper case is outside ASCII is not said",
    ),
    _Rule(
        _is("rounds", ONE),
        _ids("echo", "again large half-close-pending stalled-reader backpressure")
        | _ids("hello", "again segments large pending"),
        "rounds=1: there is one answer in a connection",
    ),
    _Rule(
        lambda known: answers_once(known) and not answers_lines(known),
        _ids("echo", "segments"),
        "rounds=1: the server answers what it has read first",
    ),
    _Rule(
        lambda known: answers_once(known) and answers_lines(known),
        _ids("echo", "coalesced"),
        "rounds=1: the server answers one line",
    ),
    _Rule(
        _is("clients", ONE),
        frozenset(
            f"{profile}/{word}"
            for profile in _STREAMS
            for word in ("concurrent", "idle-64", "idle", "isolation", "stalled-reader")
        )
        | _ids("greet", "reset-between early-leaver")
        | _ids("reset", "others-undisturbed")
        | _ids("crud", "shared one-wins")
        | _ids("chat", "name-in-use join join-again part say members-only verbatim long order")
        | _ids("chat", "stalled-member segments terminal"),
        "clients=1: there is one client at a time",
    ),
    _Rule(
        _is("token", b""),
        _ids("quit", "token"),
        "token is empty: there is none to await",
    ),
    _Rule(
        _is("farewell", b""),
        _ids("greet", "not-held-back farewell ends-fin ignores-input reset-between"),
        "farewell is empty: the server may end at once after the greeting",
    ),
    _Rule(
        lambda known: known.get("eol", LF) != LF,
        _ids("chat", "crlf long") | _ids("crud", "crlf long values kept-sigterm kept-sigkill"),
        "eol: the suite's own lines end in CR LF then",
    ),
    _Rule(
        lambda known: "login" in known and _other_words("chat")(known),
        _ids("chat", "long"),
        "other words: how long a line of them may be is not said",
    ),
    _Rule(
        lambda known: "create" in known and _other_words("crud")(known),
        _ids("crud", "long"),
        "other words: how long a line of them may be is not said",
    ),
)


def reasons_not_to_judge(requirement: str) -> list[str]:
    """What parameters may say that leaves a requirement without a meaning."""
    return [rule.reason for rule in _RULES if requirement in rule.requirements]


def not_meant(requirement: str, profile: str, parameters: Mapping[str, bytes]) -> str | None:
    """Why the parameters leave a requirement without a meaning; None when they do not."""
    known = in_force(profile, parameters)
    for rule in _RULES:
        if requirement in rule.requirements and rule.holds(known):
            return rule.reason
    return None
