r"""The data that a script of ``--expect`` sends and awaits: a sequence of terms. Pure.

    "text"  hex(0d 0a)  $name  random(1M)  words(100)  lines(64K)  TERM * 3  (TERMS) * 3
    upper(TERMS)  lower()  reverse()  len()  crlf()  base64()     /a regular expression/

The value of a term depends on the names that are known when its step is played.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .errors import UsageError, shortened
from .number import whole as number_of
from .pattern import compiled
from .quantity import unescape
from .typed import NamedTuple

#: Name -> its bytes, from a capture or from ``let``.
Names = Mapping[str, bytes]

#: The limit of bytes of a text.
MOST = 256 * 1024 * 1024

#: The largest number of rounds, and of times.
_MOST_NUMBER = 999_999_999

_FACTORS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


class Term(NamedTuple):
    """One term.

    Arguments:
        value: returns its bytes for these names; raises UsageError.
        regex: its regular expression, if it is one.
        names: the names that it uses.
    """

    value: Callable[[Names], bytes]
    regex: bytes | None = None
    names: tuple[str, ...] = ()


class Terms(NamedTuple):
    """A sequence of terms; ``shown`` is its form in the script."""

    parts: tuple[Term, ...]
    shown: str

    @property
    def is_pattern(self) -> bool:
        """Whether a regular expression is among them."""
        return any(part.regex is not None for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that they use."""
        return tuple(name for part in self.parts for name in part.names)

    @property
    def groups(self) -> tuple[str, ...]:
        """The names that they capture."""
        sources = (part.regex for part in self.parts if part.regex is not None)
        return tuple(name for source in sources for name in re.compile(source).groupindex)

    def value(self, names: Names) -> bytes:
        """Return their bytes. Raises UsageError."""
        return b"".join(part.value(names) for part in self.parts)

    def pattern(self, names: Names) -> bytes:
        """Return one regular expression for all; the other terms are escaped."""
        return b"".join(
            re.escape(part.value(names)) if part.regex is None else part.regex
            for part in self.parts
        )


class Reader:
    """A parser of one line, from left to right.

    Arguments:
        text: the line.
        where: its position, for messages.
    """

    def __init__(self, text: str, where: str) -> None:
        self.where = where
        self._text = text
        self._at = 0

    @property
    def rest(self) -> str:
        """The rest of the line, without a comment."""
        self._pass_blanks()
        return "" if self._begins("#") else self._text[self._at :].partition(" #")[0].strip()

    def takes(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Match a pattern at the current position, and skip the match."""
        self._pass_blanks()
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()
        return found

    def end(self) -> None:
        """Check that nothing follows except a comment. Raises UsageError."""
        if self.rest:
            raise self.wrong(f"{shortened(self.rest)} was not expected here")

    def terms(self, otherwise: str) -> Terms:
        """Parse at least one term.

        Arguments:
            otherwise: the message if there is none.
        Raises UsageError.
        """
        self._pass_blanks()
        start = self._at
        parts = []
        while (part := self._term()) is not None:
            parts.append(part)
        if not parts:
            raise self.wrong(otherwise)
        terms = Terms(tuple(parts), self._text[start : self._at].strip())
        if terms.is_pattern and len(parts) > 1:
            self._compiled(terms.pattern(dict.fromkeys(terms.names, b"1")).decode("latin-1"))
        return terms

    def list(self, mark: re.Pattern[str], otherwise: str) -> tuple[Terms, ...]:
        """Parse terms with a separator between them. Raises UsageError."""
        found = [self.terms(otherwise)]
        while self.takes(mark):
            found.append(self.terms(otherwise))
        return tuple(found)

    def wrong(self, text: str) -> UsageError:
        """Return an error about this line."""
        return UsageError(f"{self.where}: {text}")

    def _pass_blanks(self) -> None:
        while self._text[self._at : self._at + 1] in (" ", "\t", "\f", "\v"):
            self._at += 1

    def _begins(self, mark: str) -> bool:
        return self._text.startswith(mark, self._at)

    def _term(self) -> Term | None:
        term = self._plain()
        while term is not None and self.takes(_STAR):
            found = self.takes(_TIMES)
            if not found:
                raise self.wrong(f"after * a number is awaited, not {shortened(self.rest)}")
            if term.regex is not None:
                raise self.wrong("a pattern cannot be repeated by *; write /(...){3}/")
            term = self._times(term, found.group(1), found.group(2))
        return term

    def _times(self, term: Term, number: str | None, name: str | None) -> Term:
        def value(names: Names) -> bytes:
            data, times = term.value(names), whole(names, number or f"${name}", self.where)
            if len(data) * times > MOST:
                raise self.wrong(f"{len(data) * times} bytes are too many")
            return data * times

        return Term(value, names=(*term.names, *([name] if name else ())))

    def _plain(self) -> Term | None:
        if text := self.takes(_TEXT):
            data = unescape(text.group(1), self.where)
            return Term(lambda _: data)
        if regex := self.takes(_REGEX):
            return Term(_nothing, self._regex(regex.group(1).replace("\\/", "/")))
        if named := self.takes(_NAME):
            name = named.group(1)
            return Term(lambda names: names[name], names=(name,))
        if self.takes(_OPEN):
            return self._inner("(", lambda data: data)
        called = self.takes(_CALL)
        return self._called(called.group(1)) if called else None

    def _called(self, name: str) -> Term:
        if name == "hex":
            return self._hex()
        if name in _MAKERS:
            size = self.takes(_SIZE)
            if not size:
                raise self.wrong(f"{name}() takes a size: {name}(100), {name}(64K), {name}(1M)")
            count = int(size.group(1)) * _FACTORS[size.group(2)]
            if count > MOST:
                raise self.wrong(f"{count} bytes are too many")
            return Term(lambda _: _MAKERS[name](count))
        if name in _FUNCTIONS:
            return self._inner(f"{name}(", _FUNCTIONS[name])
        known = ", ".join((*_FUNCTIONS, *_MAKERS, "hex"))
        raise self.wrong(f"unknown function {name}() (known: {known})")

    def _hex(self) -> Term:
        digits = self.takes(_HEX)
        try:
            data = bytes.fromhex(digits.group(1) if digits else "-")
        except ValueError:
            raise self.wrong("hex() takes pairs of digits, as in hex(0d 0a)") from None
        return Term(lambda _: data)

    def _inner(self, begun: str, function: Callable[[bytes], bytes]) -> Term:
        terms = self.terms(f"a text is missing after {begun}")
        if not self.takes(_CLOSE):
            raise self.wrong(f"the closing parenthesis of {begun} is missing")
        if terms.is_pattern:
            raise self.wrong(f"a pattern cannot stand in {begun}...)")
        return Term(lambda names: function(terms.value(names)), names=terms.names)

    def _regex(self, source: str) -> bytes:
        """Return a regular expression as a part of another one, with its own flags."""
        self._compiled(source)
        flags = _FLAGS.match(source)
        scoped = f"(?{flags.group(1)}:{source[flags.end() :]})" if flags else source
        return f"(?:{scoped})".encode("utf-8", "surrogateescape")

    def _compiled(self, source: str) -> None:
        try:
            compiled(source)
        except ValueError as error:
            said = f"{shortened(source)} is not a valid regular expression: {error}"
            raise self.wrong(said) from None


def whole(names: Names, text: str, where: str) -> int:
    """Return the number in a text, which may be the name of one. Raises UsageError."""
    digits = names[text[1:]].decode("latin-1") if text.startswith("$") else text
    number = number_of(digits, _MOST_NUMBER)
    if number is None:
        raise UsageError(f"{where}: {text} is not a number: {shortened(digits)}")
    return number


def _nothing(_names: Names) -> bytes:
    return b""


def _random(size: int) -> bytes:
    import random

    return random.randbytes(size)


def _words(size: int) -> bytes:
    import random

    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    text = random.choices(letters, k=size)
    # Single blanks, not at the start or the end.
    for at in range(5, size - 1, 6):
        text[at] = " "
    return "".join(text).encode()


def _lines(size: int) -> bytes:
    data = bytearray(_words(size).replace(b" ", b"_"))
    data[63::64] = b"\n" * (size // 64)
    data[-1:] = b"\n" if size else b""
    return bytes(data)


def _base64(data: bytes) -> bytes:
    import binascii

    return binascii.b2a_base64(data, newline=False)


_FUNCTIONS: dict[str, Callable[[bytes], bytes]] = {
    "upper": bytes.upper,
    "lower": bytes.lower,
    "reverse": lambda data: data[::-1],
    "len": lambda data: b"%d" % len(data),
    "crlf": lambda data: re.sub(rb"(?<!\r)\n", b"\r\n", data),
    "base64": _base64,
}
_MAKERS: dict[str, Callable[[int], bytes]] = {"random": _random, "words": _words, "lines": _lines}

_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_REGEX = re.compile(r"/((?:[^/\\]|\\.)+)/")
_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_-]*)")
_CALL = re.compile(r"([A-Za-z][A-Za-z0-9]*)\(")
_SIZE = re.compile(r"([0-9]{1,12})([KMG]?)[ \t]*\)")
_HEX = re.compile(r"([^)]*)\)")
_TIMES = re.compile(r"([0-9]{1,9})(?![\w.])|\$([A-Za-z_][A-Za-z0-9_-]*)")
_STAR, _OPEN, _CLOSE = re.compile(r"\*"), re.compile(r"\("), re.compile(r"\)")
_FLAGS = re.compile(r"\(\?([aimsx]+)\)")
