r"""What is sent and awaited: terms, written one after the other and joined. Pure.

read_terms.py reads them::

    "text"  hex(0d 0a)  $name  random(1M)  words(100)  lines(64K)  TERM * 3  (TERMS) * 3
    upper(TERMS)  lower()  reverse()  len()  crlf()  base64()     /a regular expression/

Between quotes nothing but an escape has a meaning: ``$`` is a letter there.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol, Union

from ..core.conduct import Pattern
from .cursor import Mistake


class Scope(Protocol):
    """What names and generated data stand for while steps are played."""

    def named(self, name: str) -> bytes:
        """Return the bytes that a name stands for."""

    def made(self, kind: str, size: int) -> bytes:
        """So many new bytes of a kind of MADE."""


class Text(NamedTuple):
    """Bytes as they are written."""

    data: bytes

    def value(self, _scope: Scope) -> bytes:
        """Return the bytes that it is."""
        return self.data


class Name(NamedTuple):
    """A parameter, a captured group, or what ``let`` has named."""

    name: str

    def value(self, scope: Scope) -> bytes:
        """Return the bytes that it stands for."""
        data = scope.named(self.name)
        if isinstance(data, Pattern):
            raise Mistake(f"${self.name} is a pattern here, which can be awaited and not sent")
        return data


class Made(NamedTuple):
    """Generated data."""

    kind: str
    size: int

    def value(self, scope: Scope) -> bytes:
        """New data, each time."""
        return scope.made(self.kind, self.size)


class Applied(NamedTuple):
    """A function of terms."""

    function: str
    terms: tuple[Term, ...]

    def value(self, scope: Scope) -> bytes:
        """Return what the function makes of them."""
        return FUNCTIONS[self.function](value(self.terms, scope))


class Repeated(NamedTuple):
    """Terms so many times; the number may be a name."""

    terms: Terms
    times: int | str

    def value(self, scope: Scope) -> bytes:
        """Their bytes, again and again."""
        data, times = value(self.terms, scope), count(self.times, scope)
        bounded(len(data) * times)
        return data * times


class Regex(NamedTuple):
    """A regular expression, in Python's syntax, on bytes."""

    source: str

    def value(self, _scope: Scope) -> bytes:
        """It has none: many texts match it."""
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

#: Most bytes that one term may be.
MOST = 256 * 1024 * 1024


def walk(found: Iterable[Term]) -> Iterator[Term]:
    """Every term, those within others too."""
    for term in found:
        yield term
        if isinstance(term, (Applied, Repeated)):
            yield from walk(term.terms)


def names_in(found: Iterable[Term]) -> Iterator[str]:
    """Every name that is used."""
    for term in walk(found):
        if isinstance(term, Name):
            yield term.name
        elif isinstance(term, Repeated) and isinstance(term.times, str):
            yield term.times


def is_pattern(found: Terms) -> bool:
    """Return whether a regular expression is among them."""
    return any(isinstance(term, Regex) for term in found)


def value(found: Terms, scope: Scope) -> bytes:
    """Return the bytes that they are. Raises Mistake."""
    return b"".join(term.value(scope) for term in found)


def count(number: int | str, scope: Scope) -> int:
    """Return a number that may be a name. Raises Mistake."""
    if isinstance(number, int):
        return number
    data = scope.named(number)
    if not re.fullmatch(rb"\d{1,9}", data):
        raise Mistake(f"${number} is not a number: {data[:40]!r}")
    return int(data)


def pattern(found: Terms, scope: Scope) -> bytes | None:
    """One regular expression, in which what is not one is escaped; None where none is one."""
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
    """Return the same size. Raises Mistake when it is too large."""
    if size > MOST:
        raise Mistake(f"{size} bytes are too many: {MOST // 1024**2}M at most")
    return size
