"""The keys of the file: the allowed values of each, in words and as a check. No I/O.

The JSON schema for editors is made from these tables (schema.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..core.line import NEEDS


class Form(NamedTuple):
    """The form that a value must have.

    Arguments:
        words: the form in words, after "must be".
        holds: returns whether a value has the form.
        schema: the form as JSON schema.
    """

    words: str
    holds: Callable[[Any], bool]
    schema: dict[str, Any]


class Field(NamedTuple):
    """One key: the form of its value, and its meaning in one sentence."""

    form: Form
    about: str


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_name, value))


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_table, value))


def _are_steps(value: Any) -> bool:
    return _is_text(value) or (isinstance(value, list) and all(map(_is_text, value)))


_NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}}
_STEPS = {"type": ["string", "array"], "items": {"type": "string"}}

TEXT = Form("a text", _is_name, {"type": "string", "minLength": 1})
ANY_TEXT = Form("a text", _is_text, {"type": "string"})
NAMES = Form('a list of texts, as in ["a", "b"]', _are_texts, _NAMES)
TRUTH = Form("true or false", _is_truth, {"type": "boolean"})
STEPS = Form("a text in ''' ''', or a list of texts", _are_steps, _STEPS)
TABLE = Form("a table", _is_table, {"type": "object"})
TABLES = Form(
    "a list of tables: [[requirement]], skip = [{...}]",
    _are_tables,
    {"type": "array", "items": {"type": "object"}},
)
PARTS = Form(
    "true, false or a list of parts",
    lambda value: _is_truth(value) or _are_texts(value),
    {"anyOf": [{"type": "boolean"}, _NAMES]},
)

Fields = dict[str, Field]

TOP: Fields = {
    "name": Field(TEXT, "The profile's name; the default is the file's name without .toml."),
    "title": Field(TEXT, "What the service does, in one line."),
    "spec": Field(TEXT, "The name of the contract, which messages cite."),
    "transports": Field(
        NAMES, "What the service can be given over: tcp, tcp6, unix, tls; udp, udp6."
    ),
    "shared": Field(
        PARTS, "Which of the clauses that all services share are judged: all, some or none."
    ),
    "parameters": Field(TABLE, "The texts of the service, with their defaults (C escapes)."),
    "deadlines": Field(TABLE, "Times by name, for steps."),
    "patterns": Field(TABLE, "Patterns by name, for expect and skip-to."),
    "steps": Field(TABLE, "Steps by name, for do."),
    "session": Field(TABLE, "One client's whole small session."),
    "requirement": Field(TABLES, "The requirements."),
    "allows": Field(NAMES, "Faults of selftest that the contract allows."),
    "mutants": Field(TABLE, "Broken servers, for selftest."),
}

PARAMETER: Fields = {
    "default": Field(ANY_TEXT, "The default, with C escapes."),
    "about": Field(TEXT, "Its description, for list."),
}

SESSION: Fields = {
    "open": Field(STEPS, "What a client receives and does first."),
    "serve": Field(STEPS, "What an opened client does, to its orderly end."),
    "first-input": Field(TEXT, "Terms: what the server answers, to see that it is ready."),
    "half-input": Field(TEXT, "Terms: the beginning of a message."),
    "stall": Field(STEPS, "Steps that make the server write much to a client that does not read."),
    "chatter": Field(TEXT, "Terms: bytes that a client may send at any time without any effect."),
    "silent": Field(TRUTH, "The server never sends a byte."),
    "ends-by-itself": Field(TRUTH, "The server ends the connection without being asked."),
    "base": Field(NAMES, "The requirements that make up the session: others need them."),
    "apart": Field(NAMES, "The requirement that clients get no data of one another."),
    "stalled": Field(NAMES, "The requirements without which the stall steps have no effect."),
    "timely": Field(NAMES, "The requirement on the time of the server's first bytes."),
    "unheard": Field(NAMES, "The requirements that the server ignores unexpected input."),
    "leavers": Field(NAMES, "The requirements that a client may leave before the end."),
}

REQUIREMENT: Fields = {
    "id": Field(TEXT, "Its name in the profile: words with hyphens."),
    "must": Field(TEXT, "What is required, in one sentence: a violation is FAIL."),
    "should": Field(TEXT, "What is recommended, in one sentence: a violation is WARN."),
    "clause": Field(TEXT, "The number of the clause in the contract."),
    "basis": Field(TEXT, "Where the clause comes from: an RFC, a manual."),
    "needs": Field(NAMES, "The requirements without which this one proves nothing."),
    "unless": Field(NAMES, "It is not judged if one of these requirements is broken."),
    "transports": Field(NAMES, "The transports to which it applies, if not all of the profile's."),
    "spawned": Field(TRUTH, "It needs a server that the suite starts."),
    "once": Field(TRUTH, "It is judged over one transport only."),
    "half-close": Field(TRUTH, "It needs connections with a half-close."),
    "hint": Field(TEXT, "The usual cause of such a fault."),
    "line": Field(NAMES, f"What it needs of a bad line (--link): {', '.join(NEEDS)}."),
    "skip": Field(TABLES, "Parameters with which it is not judged."),
    "steps": Field(STEPS, "The steps that judge it."),
}

SKIP: Fields = {
    "parameter": Field(TEXT, "The parameter."),
    "is": Field(ANY_TEXT, "Its value (C escapes)."),
    "reason": Field(TEXT, "Why it is not judged then."),
}

MUTANT: Fields = {
    "command": Field(TEXT, "Starts the broken server."),
    "breaks": Field(TEXT, "The requirement that it breaks."),
}
