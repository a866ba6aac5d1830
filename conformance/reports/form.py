"""The format of results.jsonl, which is checked whenever the file is read.

The file may have been cut off by a full disk, edited by hand or written by another program.
After this check, all reports can use the rows without further checks.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ..core.verdict import Exit, Level, Verdict
from ..plan.expectations import Expectations

Check = Callable[[Any], bool]


class Malformed(ValueError):
    """The rows are not those of a complete run; the message says where."""


def check(rows: list[Any]) -> None:
    """Check the rows of a file: a header, results, a footer.

    Raises Malformed.
    """
    if len(rows) < 2:
        raise Malformed("there is no header and no footer")
    last = len(rows)
    for number, row in enumerate(rows, 1):
        kind = "header" if number == 1 else "footer" if number == last else "result"
        if not isinstance(row, dict) or row.get("type") != kind:
            raise Malformed(f"line {number} is not a {kind}")
        _check_fields(row, _FIELDS[kind], f"line {number}")
    results, footer = rows[1:-1], rows[-1]
    cases = Counter((row["id"], row["transport"], row.get("mutant")) for row in results)
    if cases and max(cases.values()) > 1:
        raise Malformed(f"{cases.most_common(1)[0][0][0]} is there more than once")
    counted = {verdict: number for verdict, number in footer["counts"].items() if number}
    if counted != dict(Counter(row["verdict"] for row in results)):
        raise Malformed("the results are not those that the footer counts")


def _check_fields(row: Mapping[str, Any], fields: Mapping[str, Check], where: str) -> None:
    for name, holds in fields.items():
        if name not in row:
            if name not in _OPTIONAL:
                raise Malformed(f"{where} has no {name}")
        elif not holds(row[name]):
            raise Malformed(f"{where}: {name} cannot be {str(row[name])[:40]!r}")


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value >= 0


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _like(pattern: str) -> Check:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _one_of(words: frozenset[Any]) -> Check:
    # In Python, JSON's true is an int that is equal to 1.
    return lambda value: type(value) in (str, int) and value in words


def _list_of(holds: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(holds, value))


def _counts(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name in _VERDICTS and _count(number) for name, number in value.items()
    )


def _event(value: Any) -> bool:
    if not isinstance(value, dict) or not _number(value.get("t")):
        return False
    words = [value.get("client"), value.get("direction"), value.get("tail", "")]
    said = "event" if "event" in value else "data"
    has_size = said == "event" or _count(value.get("size"))
    return has_size and all(map(_text, [*words, value.get(said)]))


def _requirements(value: Any) -> bool:
    fields = ("text", "basis", "spec")
    return isinstance(value, dict) and all(
        isinstance(one, dict) and all(map(_text, map(one.get, fields))) for one in value.values()
    )


def _known(value: Any) -> bool:
    try:
        Expectations.from_plain(value)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return True


def _shard(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_count, value))


_VERDICTS = frozenset(one.value for one in Verdict)

_WORD = _like(r"[\w.-]+")

#: Optional fields.
_OPTIONAL = frozenset(
    {
        "name",
        "mutant",
        "spec",
        "requirements",
        "shard",
        "cases",
        "known",
        "command",
        "set",
        "file",
        "said",
        "score",
        "link",
    }
)

_FIELDS: dict[str, dict[str, Check]] = {
    "header": {
        "suite": _text,
        "target": _text,
        "name": _text,
        "at": _text_or_none,
        "profiles": _list_of(_WORD),
        "written": _text,
        "requirements": _requirements,
        "shard": _shard,
        "command": _text,
        "set": _text,
        "file": _text,
        "score": _text,
        "link": _list_of(_text),
        "cases": _list_of(_text),
        "known": _known,
    },
    "result": {
        "id": _like(r"[\w-]+/[\w-]+"),
        "profile": _WORD,
        "transport": _WORD,
        "level": _one_of(frozenset(one.value for one in Level)),
        "clause": _like(r"\S(.*\S)?"),
        "spec": _text,
        "verdict": _one_of(_VERDICTS),
        "signature": _like(r"[\w-]*"),
        "message": _text,
        "transcript": _list_of(_event),
        "seconds": _number,
        "mutant": _like(r"[\w-]+/[\w-]+"),
    },
    "footer": {
        "counts": _counts,
        "stale": _list_of(_like(r"(?s).*\S.*")),
        "faults": _list_of(_like(r"(?s).*\S.*")),
        "exit": _one_of(frozenset(int(one) for one in Exit)),
        "said": _list_of(_text),
    },
}
