"""--set of the built-in profiles: their manners, and the requirements that each excludes.

SPEC.md 15 is the contract. core/settings.py defines Settings.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.conduct import (
    COMMANDS,
    LF,
    NOTICES,
    WORDS,
    Answers,
    Conduct,
    DatagramAnswers,
    Words,
    fields,
)
from ..core.nearest import nearest
from ..core.settings import (
    ECHO,
    MANY,
    ONE,
    Parameters,
    Rule,
    Settings,
    answers_lines,
    answers_once,
    other_answer,
)
from ..core.verdict import WrongUsage

_CLIENTS = {"clients": MANY}

#: Profile -> its manners with their defaults.
_MANNERS: dict[str, dict[str, bytes]] = {
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

#: The allowed values of manners that have only a few.
_CHOICES = {
    "unit": (b"byte", b"line"),
    "clients": (MANY, ONE),
    "rounds": (MANY, ONE),
    "eol": (LF, b"\r\n"),
}

#: Parameters that are a single word, and those of them that may be empty.
_ONE_WORD, _OR_NONE = ("token", "command", "leave"), ("token", "leave")

#: Texts that may be given as a pattern.
_PATTERNS = ("greeting", "farewell")

#: Parameter -> its description.
_MEANINGS = {
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


def settings_of(profile: str) -> Settings:
    """Return the parameters that ``--set`` accepts for a built-in profile."""
    return Settings(
        _MANNERS[profile],
        _RULES[profile],
        _conduct_of(profile),
        lambda key, value: _check(profile, key, value),
        _PATTERNS,
        {**_MEANINGS, **dict.fromkeys(WORDS.get(profile, ()), "a template")},
    )


def _conduct_of(profile: str) -> Callable[[Parameters], Conduct]:
    if profile in COMMANDS:
        return lambda known: _words(profile, known)
    return {"greet": _greet, "udp-echo": _datagrams}.get(profile, _lines)


def _words(profile: str, known: Parameters) -> Conduct:
    words = {name: known[name] for name in WORDS[profile]}
    if words == WORDS[profile] and known["eol"] == LF:
        return Conduct()
    return Words(profile, words, known["eol"])


def _greet(_known: Parameters) -> Conduct:
    return Conduct(ends_unasked=True)


def _datagrams(known: Parameters) -> Conduct:
    return DatagramAnswers(known["answer"]) if other_answer(known) else Conduct()


def _lines(known: Parameters) -> Conduct:
    eol, one_round = known.get("eol", LF), answers_once(known)
    answer = known.get("answer", ECHO)
    return Answers(answer, eol, one_round) if other_answer(known) else Conduct(eol, one_round)


def _check(profile: str, key: str, value: bytes) -> None:
    """Raise WrongUsage for values that are impossible for the service."""
    if key == "reply" and profile == "hello" and not value:
        raise WrongUsage("--set: an empty reply cannot be checked")
    if key in _ONE_WORD and (value.strip() != value or not (value or key in _OR_NONE)):
        raise WrongUsage(f"--set: {key} must be a word")
    if key in _MANNERS[profile]:
        _check_manner(profile, key, value)


def _check_manner(profile: str, key: str, value: bytes) -> None:
    choices = _CHOICES.get(key)
    if choices and value not in choices:
        shown = " or ".join(repr(one.decode())[1:-1] for one in choices)
        raise WrongUsage(f"--set: {key} must be {shown}")
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


def _is(key: str, *values: bytes) -> Callable[[Parameters], bool]:
    return lambda known: known.get(key) in values


def _upper(known: Parameters) -> bool:
    return bool({b"LINE", b"DATA"} & fields(known.get("answer", b"")))


def _other_words(profile: str) -> Callable[[Parameters], bool]:
    return lambda known: any(known[name] != word for name, word in WORDS[profile].items())


def _other_eol(known: Parameters) -> bool:
    return known.get("eol", LF) != LF


def _rule(holds: Callable[[Parameters], bool], words: str, reason: str) -> Rule:
    return Rule(holds, frozenset(words.split()), reason)


def _one_client(words: str = "") -> Rule:
    shared = "concurrent idle-64 idle isolation stalled-reader unfinished-apart"
    return _rule(
        _is("clients", ONE), f"{shared} {words}", "clients=1: there is one client at a time"
    )


_ONE_ROUND = "rounds=1: there is one answer in a connection"
_UPPER_CASE = "answer: upper case outside ASCII is not specified"
_OWN_CRLF = "eol: then the suite's own lines end in CR LF"
_LENGTH = "other words: the greatest length of a line is not known"

#: Profile -> the rules that exclude requirements for certain parameters.
_RULES: dict[str, tuple[Rule, ...]] = {
    "echo": (
        _rule(
            _is("unit", b"line"),
            "no-newline",
            "unit=line: the echo comes when the line is complete",
        ),
        _rule(other_answer, "no-newline", "answer: an answer comes when its line is complete"),
        _rule(_upper, "binary", _UPPER_CASE),
        _rule(
            answers_once, "again large half-close-pending stalled-reader backpressure", _ONE_ROUND
        ),
        _rule(
            lambda known: answers_once(known) and not answers_lines(known),
            "segments",
            "rounds=1: the server answers what it has read first",
        ),
        _rule(
            lambda known: answers_once(known) and answers_lines(known),
            "coalesced",
            "rounds=1: the server answers one line",
        ),
        _one_client(),
    ),
    "greet": (
        _one_client("reset-between early-leaver"),
        _rule(
            _is("farewell", b""),
            "not-held-back farewell ends-fin ignores-input reset-between",
            "farewell is empty: the server may end at once after the greeting",
        ),
    ),
    "quit": (
        _one_client(),
        _rule(_is("token", b""), "token", "token is empty: there is none to await"),
    ),
    "half-open": (_one_client(),),
    "reset": (_one_client("others-undisturbed"),),
    "hello": (_rule(answers_once, "again segments large pending", _ONE_ROUND), _one_client()),
    "discard": (_one_client(),),
    "udp-echo": (
        _rule(
            other_answer,
            "empty largest",
            "answer: the answer to such a datagram is not specified",
        ),
        _rule(_upper, "binary", _UPPER_CASE),
    ),
    "chat": (
        _one_client(
            "name-in-use join join-again part say members-only verbatim long order "
            "stalled-member segments terminal"
        ),
        _rule(_other_eol, "crlf long", _OWN_CRLF),
        _rule(_other_words("chat"), "long", _LENGTH),
    ),
    "crud": (
        _one_client("shared one-wins"),
        _rule(_other_eol, "crlf long values kept-sigterm kept-sigkill", _OWN_CRLF),
        _rule(_other_words("crud"), "long", _LENGTH),
    ),
    "client-echo": (),
}
