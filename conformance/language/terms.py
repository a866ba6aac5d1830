r"""Terms: the data that is sent and awaited, written one after the other and joined. No I/O.

read_terms.py parses them::

    "text"  hex(0d 0a)  $name  random(1M)  words(100)  lines(64K)  TERM * 3  (TERMS) * 3
    upper(TERMS)  lower()  reverse()  len()  crlf()  base64()     /a regular expression/

Between quotes only escapes have a meaning: ``$`` is an ordinary character there.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol, Union

from ..core.conduct import Pattern
from .cursor import Mistake


class Scope(Protocol):
    """The values of names and generated data while steps are performed."""

    def named(self, name: str) -> bytes:
        """Return the value of a name."""

    def made(self, kind: str, size: int) -> bytes:
        """Return new generated data of a kind of MADE and a size."""


class Text(NamedTuple):
    """Literal bytes."""

    data: bytes

    def value(self, _scope: Scope) -> bytes:
        """Return the bytes."""
        return self.data


class Name(NamedTuple):
    """The name of a parameter, of a captured group, or of ``let``."""

    name: str

    def value(self, scope: Scope) -> bytes:
        """Return the value of the name."""
        data = scope.named(self.name)
        if isinstance(data, Pattern):
            raise Mistake(f"${self.name} is a pattern here, which can be awaited and not sent")
        return data


class Made(NamedTuple):
    """Generated data."""

    kind: str
    size: int

    def value(self, scope: Scope) -> bytes:
        """Return new data for each call."""
        return scope.made(self.kind, self.size)


class Applied(NamedTuple):
    """A function that is applied to terms."""

    function: str
    terms: tuple[Term, ...]

    def value(self, scope: Scope) -> bytes:
        """Return the result of the function."""
        return FUNCTIONS[self.function](value(self.terms, scope))


class Repeated(NamedTuple):
    """Repeated terms; the number may be a name."""

    terms: Terms
    times: int | str

    def value(self, scope: Scope) -> bytes:
        """Return the bytes of the terms, repeated."""
        data, times = value(self.terms, scope), count(self.times, scope)
        bounded(len(data) * times)
        return data * times


class Regex(NamedTuple):
    """A regular expression, in Python's syntax, on bytes."""

    source: str

    def value(self, _scope: Scope) -> bytes:
        """Raise Mistake: a regular expression has no value, because many texts match it."""
        raise Mistake("a pattern can be awaited, and not sent")


Term = Union[Text, Name, Made, Applied, Repeated, Regex]
Terms = tuple[Term, ...]

#: Generated data, by kind.
MADE = {
    "random": "random bytes",
    "words": "letters, digits and single blanks",
    "lines": "lines of text, each ended by LF",
}

FUNCTIONS: dict[str, Callable[[bytes], bytes]] = {
    "upper": bytes.upper,
    "lower": bytes.lower,
    "reverse": lambda data: data[::-1],
    "len": lambda data: b"%d" % len(data),
    "crlf": lambda data: re.sub(rb"(?<!\r)\n", b"\r\n", data),
    "base64": base64.b64encode,
}

#: The most bytes of one term.
MOST = 256 * 1024 * 1024


def walk(found: Iterable[Term]) -> Iterator[Term]:
    """Yield every term, including those inside others."""
    for term in found:
        yield term
        if isinstance(term, (Applied, Repeated)):
            yield from walk(term.terms)


def names_in(found: Iterable[Term]) -> Iterator[str]:
    """Yield every name that is used."""
    for term in walk(found):
        if isinstance(term, Name):
            yield term.name
        elif isinstance(term, Repeated) and isinstance(term.times, str):
            yield term.times


def is_pattern(found: Terms) -> bool:
    """Return whether the terms contain a regular expression."""
    return any(isinstance(term, Regex) for term in found)


def value(found: Terms, scope: Scope) -> bytes:
    """Return the bytes of all terms, joined. Raises Mistake."""
    return b"".join(term.value(scope) for term in found)


def count(number: int | str, scope: Scope) -> int:
    """Return the value of a number, which may be a name. Raises Mistake."""
    if isinstance(number, int):
        return number
    data = scope.named(number)
    if not re.fullmatch(rb"\d{1,9}", data):
        raise Mistake(f"${number} is not a number: {data[:40]!r}")
    return int(data)


def pattern(found: Terms, scope: Scope) -> bytes | None:
    """Return one regular expression for all terms, with the others escaped.

    Returns None if no term is a regular expression.
    """
    parts = [_regex(term, scope) for term in found]
    if not any(is_one for is_one, _ in parts):
        return None
    return b"".join(source for _, source in parts)


def _regex(term: Term, scope: Scope) -> tuple[bool, bytes]:
    if isinstance(term, Regex):
        return True, b"(?:%s)" % term.source.encode("utf-8", "surrogateescape")
    named = scope.named(term.name) if isinstance(term, Name) else None
    if isinstance(named, Pattern):
        return True, b"(?:%s)" % bytes(named)
    return False, re.escape(term.value(scope))


def bounded(size: int) -> int:
    """Return the size unchanged. Raises Mistake if it is too large."""
    if size > MOST:
        raise Mistake(f"{size} bytes are too many: {MOST // 1024**2}M at most")
    return size
