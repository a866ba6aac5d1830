"""Parse the rest of a step's line, after its word: one function for each form. No I/O."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ..core.nearest import meant
from .cursor import Cursor, Mistake
from .read_terms import lists_of_terms, terms, unescaped
from .terms import Regex, Terms, is_pattern, walk

#: The most rounds of ``repeat``.
MOST_ROUNDS = 10_000

#: How ``restart`` ends the server.
SIGNALS = ("SIGTERM", "SIGKILL")

_LET = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)[ \t]*=")
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)(?![\w.])")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NUMBER = re.compile(r"(\d{1,9})([KMG]?)(?![\w.])")
_COUNT = re.compile(r"(\d{1,9})(?![\w.])|\$([A-Za-z_][A-Za-z0-9_-]*)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_FACTORS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


class Reading(NamedTuple):
    """The names that the steps of one text may use.

    Arguments:
        deadlines: times by name, in seconds.
        datagrams: whether the profile is one of datagrams.
        one_client: a name for the text if it may contain only the client A, as a session does.
        patterns: patterns by name.
        blocks: the names of named steps.
    """

    deadlines: dict[str, float]
    datagrams: bool = False
    one_client: str = ""
    patterns: Mapping[str, str] = MappingProxyType({})
    blocks: Collection[str] = ()


def nothing(_cursor: Cursor, _reading: Reading) -> dict[str, Any]:
    """Read nothing: the step has only its word."""
    return {}


def one(cursor: Cursor, _reading: Reading) -> dict[str, Any]:
    """Read terms that are sent."""
    return {"terms": (_sent(terms(cursor)),)}


def _sent(found: Terms) -> Terms:
    if is_pattern(found):
        shown = next(term.source for term in walk(found) if isinstance(term, Regex))
        raise Mistake(f"a pattern can be awaited, and not sent: /{shown}/")
    return found


def awaited(cursor: Cursor, reading: Reading) -> dict[str, Any]:
    """Read what ``expect`` awaits."""
    if cursor.takes("any"):
        if not cursor.takes("of"):
            raise Mistake("write: expect any of TERMS | TERMS ...")
        return {"name": "any", "terms": lists_of_terms(cursor, "|"), **_tail(cursor, reading)}
    if cursor.takes("unordered"):
        return {"name": "unordered", "terms": lists_of_terms(cursor, ","), **_tail(cursor, reading)}
    return {"terms": (terms(cursor),), **_tail(cursor, reading)}


def skipped(cursor: Cursor, reading: Reading) -> dict[str, Any]:
    """Read what ``skip-to`` and ``see`` await."""
    return {"terms": (terms(cursor),), **_tail(cursor, reading)}


def _tail(cursor: Cursor, reading: Reading) -> dict[str, Any]:
    """Read ``as "WHAT"`` and a time, both optional."""
    what = ""
    if cursor.takes("as"):
        found = cursor.take(_QUOTED)
        if not found:
            raise Mistake('after as the words for messages are awaited: as "the greeting"')
        what = unescaped(found.group(1)).decode(errors="replace")
    return {"what": what, "seconds": _time(cursor, reading)}


def _time(cursor: Cursor, reading: Reading) -> float | None:
    found = cursor.take(_TIME)
    if found:
        seconds = float(found.group(1)) * _UNITS[found.group(2)]
        if not 0 < seconds <= 3600:
            raise Mistake(f"{found.group()} is not a time between 1ms and 60m")
        return seconds
    at = cursor.at
    name = cursor.take(_WORD)
    if name is None:
        return None
    if name.group() not in reading.deadlines:
        cursor.at = at
        if reading.deadlines:
            near = meant(name.group(), reading.deadlines)
            near = near or f" ([deadlines]: {', '.join(reading.deadlines)})"
            raise Mistake(f"unknown deadline {name.group()!r}{near}")
        raise Mistake(
            f"{name.group()!r} was not expected here: a time is 500ms, 3s, 2m or a name of "
            "[deadlines]; a text stands in quotes"
        )
    return reading.deadlines[name.group()]


def patience(cursor: Cursor, reading: Reading) -> dict[str, Any]:
    """Read an optional time."""
    return {"seconds": _time(cursor, reading)}


def timeout(cursor: Cursor, reading: Reading) -> dict[str, Any]:
    """Read a time."""
    seconds = _time(cursor, reading)
    if seconds is None:
        raise Mistake("'timeout' takes a time: 500ms, 3s, 2m or a name of [deadlines]")
    return {"seconds": seconds}


def let(cursor: Cursor, _reading: Reading) -> dict[str, Any]:
    """Read a name and terms."""
    found = cursor.take(_LET)
    if not found:
        raise Mistake('write: let NAME = TERMS, as in: let key = "k" words(8)')
    return {"name": found.group(1), "terms": (_sent(terms(cursor)),)}


def segments(cursor: Cursor, _reading: Reading) -> dict[str, Any]:
    """Read terms with commas between them, or terms and the size of pieces."""
    if cursor.takes("each"):
        size = cursor.take(_NUMBER)
        number = int(size.group(1)) * _FACTORS[size.group(2)] if size else 0
        if number == 0:
            raise Mistake("write: segments each BYTES TERMS, as in: segments each 1 $request")
        return {"number": number, "terms": (_sent(terms(cursor)),)}
    return {"terms": tuple(map(_sent, lists_of_terms(cursor, ",")))}


def flood(cursor: Cursor, _reading: Reading) -> dict[str, Any]:
    """Read terms and an optional size."""
    found = _sent(terms(cursor))
    number = 8 * 1024 * 1024
    if cursor.takes("to"):
        size = cursor.take(_NUMBER)
        if not size:
            raise Mistake("write: flood TERMS to SIZE, as in: flood $line to 16M")
        number = int(size.group(1)) * _FACTORS[size.group(2)]
    return {"terms": (found,), "number": number}


def exchange(cursor: Cursor, reading: Reading) -> dict[str, Any]:
    """Read terms that are sent, and those that are awaited."""
    sent = _sent(terms(cursor))
    if not cursor.takes("expect"):
        raise Mistake("write: exchange TERMS expect TERMS")
    answer = terms(cursor)
    if is_pattern(answer):
        raise Mistake("'exchange' awaits a text, and not a pattern")
    return {"terms": (sent,), "answer": answer, **_tail(cursor, reading)}


def why(cursor: Cursor, _reading: Reading) -> dict[str, Any]:
    """Read an optional description."""
    found = cursor.take(_QUOTED)
    return {"what": unescaped(found.group(1)).decode(errors="replace") if found else ""}


def new(cursor: Cursor, _reading: Reading) -> dict[str, Any]:
    """Read how a new client begins."""
    return {"name": "stop-reading" if cursor.takes("stop-reading") else ""}


def signal(cursor: Cursor, _reading: Reading) -> dict[str, Any]:
    """Read an optional signal."""
    found = cursor.take(_WORD)
    name = found.group() if found else SIGNALS[0]
    if name not in SIGNALS:
        raise Mistake(f"'restart' takes {' or '.join(SIGNALS)}, not {name!r}")
    return {"name": name}


def do(cursor: Cursor, reading: Reading) -> dict[str, Any]:
    """Read the name of named steps."""
    found = cursor.take(_WORD)
    name = found.group() if found else cursor.rest
    if name not in reading.blocks:
        near = meant(name, reading.blocks)
        known = f" ([steps]: {', '.join(reading.blocks)})" if reading.blocks else ""
        raise Mistake(f"there are no [steps] {name!r}{near or known}")
    return {"name": name}


def repeat(cursor: Cursor, _reading: Reading) -> dict[str, Any]:
    """Read a number of rounds."""
    found = cursor.take(_COUNT)
    if not found:
        raise Mistake("'repeat' takes a number, as in: repeat 3")
    number = found.group(2) or int(found.group(1))
    if isinstance(number, int) and not 0 < number <= MOST_ROUNDS:
        raise Mistake(f"'repeat' takes a number from 1 to {MOST_ROUNDS}")
    return {"number": number}


def seconds_of(text: str) -> float | None:
    """Return the seconds of a time such as 500ms; None if the text is not a time."""
    found = _TIME.fullmatch(text)
    seconds = float(found.group(1)) * _UNITS[found.group(2)] if found else 0.0
    return seconds if 0 < seconds <= 3600 else None
