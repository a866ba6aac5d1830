r"""Requests to a running link and its answers (``--control``): one JSON object a line. Sans-I/O.

    {"do": "add", "fault": "down delay=1s"}        {"ok": true, "number": 3}
    {"do": "remove", "number": 3}                  {"ok": true}
    {"do": "kill", "number": 7, "by": "fin"}       {"ok": true}
    {"do": "nothing of that kind"}                 {"ok": false, "error": "..."}

Every request is a row of REQUESTS; a command line has the same words (``words``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from ..core.errors import UsageError, shortened
from ..core.number import whole
from ..core.typed import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from typing import Any

#: Bytes of a request at most, and of an answer: 10,000 connections are listed in 2 MB.
LONGEST, LONGEST_ANSWER = 64 * 1024, 64 * 1024 * 1024

#: The value of ``number`` that stands for all.
ALL = "all"

_MOST = 2**63


class Link(Protocol):
    """The link that is controlled. A method raises UsageError for what does not exist."""

    def listing(self) -> dict[str, Any]:
        """Return the state: ``listening``, ``seed``, ``faults``, ``connections``."""

    def add(self, fault: str) -> int:
        """Switch a fault on; return its number."""

    def remove(self, number: int | None) -> None:
        """Switch a fault off; None: all."""

    def kill(self, number: int | None, by: str) -> None:
        """End a connection by ``rst`` or ``fin``; None: all."""

    def listens(self, wanted: bool) -> None:
        """Close the listener, or open it again."""


class Field(NamedTuple):
    """A field of a request: ``needed``, or its default; and the function that reads it."""

    name: str
    read: Callable[[object], Any]
    needed: bool = True
    default: Any = None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UsageError("is not text")
    return value


def _number(value: object) -> int | None:
    """Return a number, or None for all."""
    if value == ALL:
        return None
    number = whole(value, _MOST) if isinstance(value, str) else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise UsageError(f"{shortened(str(value))} is not a number; use one, or {ALL}")
    return number


def _by(value: object) -> str:
    if value not in ("rst", "fin"):
        raise UsageError(f"{shortened(str(value))} is not an end; use rst or fin")
    return str(value)


def _list(link: Link) -> dict[str, Any]:
    return link.listing()


def _add(link: Link, fault: str) -> dict[str, Any]:
    return {"number": link.add(fault)}


def _remove(link: Link, number: int | None) -> dict[str, Any]:
    link.remove(number)
    return {}


def _kill(link: Link, number: int | None, by: str) -> dict[str, Any]:
    link.kill(number, by)
    return {}


def _close(link: Link) -> dict[str, Any]:
    link.listens(False)
    return {}


def _open(link: Link) -> dict[str, Any]:
    link.listens(True)
    return {}


#: The name of a request -> the function that performs it, and its fields.
REQUESTS: dict[str, tuple[Callable[..., dict[str, Any]], tuple[Field, ...]]] = {
    "list": (_list, ()),
    "add": (_add, (Field("fault", _text),)),
    "remove": (_remove, (Field("number", _number),)),
    "kill": (_kill, (Field("number", _number), Field("by", _by, False, "rst"))),
    "close": (_close, ()),
    "open": (_open, ()),
}


def answer(line: bytes, link: Link) -> bytes:
    """Perform the request in a line; return the line with the answer. Raises nothing."""
    try:
        request = _parse(line)
        said = {"ok": True, **_do(request, link)}
    except UsageError as error:
        said = {"ok": False, "error": str(error)}
    return json.dumps(said).encode() + b"\n"


def request(words: Sequence[str]) -> bytes:
    """Return the line for the words of a command line: ``add 'down delay=1s'``, ``kill 7 fin``.

    Raises UsageError.
    """
    name, *values = words or ("list",)
    fields = _fields(name)
    if name == "add":
        values = [" ".join(values)] if values else []
    if len(values) > len(fields):
        raise UsageError(f"{name}: {shortened(values[len(fields)])} is too much")
    for field in fields[len(values) :]:
        if field.needed:
            raise UsageError(f"{name}: needs a {field.name}")
    for field, value in zip(fields, values):
        _read(name, field, value)
    said = {field.name: value for field, value in zip(fields, values)}
    return json.dumps({"do": name, **said}).encode() + b"\n"


def _parse(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise UsageError("the line is not valid JSON") from None
    if not isinstance(found, dict):
        raise UsageError("the line is not a JSON object")
    return found


def _do(request: dict[str, Any], link: Link) -> dict[str, Any]:
    name = request.pop("do", None)
    if not isinstance(name, str):
        raise UsageError('the object has no "do"')
    fields = _fields(name)
    unknown = sorted(set(request) - {field.name for field in fields})
    if unknown:
        raise UsageError(f"{name}: unknown field {shortened(unknown[0])}")
    values = {field.name: _value(name, field, request) for field in fields}
    return REQUESTS[name][0](link, **values)


def _fields(name: str) -> tuple[Field, ...]:
    if name not in REQUESTS:
        raise UsageError(f"unknown request {shortened(name)}; known: {', '.join(REQUESTS)}")
    return REQUESTS[name][1]


def _value(name: str, field: Field, request: dict[str, Any]) -> Any:
    if field.name in request:
        return _read(name, field, request[field.name])
    if field.needed:
        raise UsageError(f"{name}: needs a {field.name}")
    return field.default


def _read(name: str, field: Field, value: object) -> Any:
    try:
        return field.read(value)
    except UsageError as error:
        raise UsageError(f"{name}: {field.name}: {error}") from None
