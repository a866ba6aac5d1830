"""Parse the terms of a step into objects that terms.py evaluates. No I/O."""

from __future__ import annotations

import re

from ..core.nearest import meant
from .cursor import CURLY, Cursor, Mistake
from .terms import (
    FUNCTIONS,
    MADE,
    Applied,
    Made,
    Name,
    Regex,
    Repeated,
    Term,
    Terms,
    Text,
    bounded,
    walk,
)

_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_-]*)")
_CALL = re.compile(r"([A-Za-z][A-Za-z0-9]*)\(")
_REGEX = re.compile(r"/((?:[^/\\]|\\.)+)/")
_SIZE = re.compile(r"(\d{1,12})([KMG]?)(?![\w.])")
_HEX = re.compile(r"([^)]*)\)")
_TIMES = re.compile(r"(\d{1,9})(?![\w.])|\$([A-Za-z_][A-Za-z0-9_-]*)")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|0(?![0-9])|[^xu0]|.)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_LETTERS |= {"\\": "\\", '"': '"', "'": "'", "e": "\x1b", "0": "\0"}
_DIGITS = {"x": 2, "u": 4}
_FACTORS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_FLAGS = re.compile(r"\(\?([aimsx]+)\)")
_IN_DEFAULT = re.compile(r"\\.|\$([A-Za-z_][A-Za-z0-9_-]*)", re.DOTALL)


def terms(cursor: Cursor, what: str = "a text") -> Terms:
    """Read at least one term, up to the first item that is not a term.

    Raises Mistake.
    """
    found = []
    while (term := _term(cursor)) is not None:
        found.append(term)
    if not found:
        if cursor.begins(CURLY):
            raise Mistake(f'write {what} in straight quotes, as in "hello\\n": {cursor.rest}')
        came = f", not {cursor.rest!r}" if not cursor.ended else ""
        raise Mistake(f'{what} is missing here{came}; write it in quotes, as in "hello\\n"')
    return tuple(found)


def lists_of_terms(cursor: Cursor, mark: str) -> tuple[Terms, ...]:
    """Read lists of terms with a mark between them. Raises Mistake."""
    found = [terms(cursor)]
    while cursor.takes(mark):
        found.append(terms(cursor, f"a text after {mark!r}"))
    return tuple(found)


def read(text: str) -> Terms:
    """Read terms that make up a whole line. Raises Mistake."""
    cursor = Cursor(text)
    found = terms(cursor)
    if not cursor.ended:
        raise Mistake(f"{cursor.rest!r} was not expected here")
    return found


def _term(cursor: Cursor) -> Term | None:
    term = _plain(cursor)
    while term is not None and cursor.takes("*"):
        times = cursor.take(_TIMES)
        if not times:
            raise Mistake(f"after * a number is awaited, not {cursor.rest!r}")
        if isinstance(term, Regex):
            raise Mistake("a pattern cannot be repeated by *; write /(...){3}/")
        inner = term.terms if isinstance(term, Repeated) and term.times == 1 else (term,)
        term = Repeated(inner, times.group(2) or int(times.group(1)))
    return term


def _plain(cursor: Cursor) -> Term | None:
    if cursor.begins('"'):
        found = cursor.take(_TEXT)
        if not found:
            raise Mistake("the text is not ended: the closing quote is missing on this line")
        return Text(unescaped(found.group(1)))
    if cursor.begins("/"):
        found = cursor.take(_REGEX)
        if not found:
            raise Mistake("the pattern is not ended: the closing / is missing on this line")
        return Regex(scoped(found.group(1).replace("\\/", "/")))
    if cursor.begins("$"):
        found = cursor.take(_NAME)
        if not found:
            raise Mistake("a name must follow $, as in $greeting")
        name = found.group(1)
        return Regex(cursor.patterns[name]) if name in cursor.patterns else Name(name)
    if cursor.takes("("):
        inner = terms(cursor)
        if not cursor.takes(")"):
            raise Mistake("a closing parenthesis is missing")
        if any(isinstance(one, Regex) for one in walk(inner)):
            raise Mistake("a pattern cannot stand in parentheses; write /(?:...)/")
        return Repeated(inner, 1)
    if cursor.begins("'"):
        raise Mistake('texts stand in double quotes: "..."')
    called = cursor.take(_CALL)
    return _called(cursor, called.group(1)) if called else None


def _called(cursor: Cursor, name: str) -> Term:
    if name == "hex":
        return Text(_hex(cursor))
    if name in MADE:
        size = cursor.take(_SIZE)
        if not size or not cursor.takes(")"):
            raise Mistake(f"{name}() takes a size, as in {name}(100), {name}(64K) or {name}(1M)")
        return Made(name, bounded(int(size.group(1)) * _FACTORS[size.group(2)]))
    if name in FUNCTIONS:
        inner = terms(cursor, f"what {name}() is applied to")
        if not cursor.takes(")"):
            raise Mistake(f"the closing parenthesis of {name}( is missing")
        if any(isinstance(one, Regex) for one in walk(inner)):
            raise Mistake(f"{name}() cannot be applied to a pattern")
        return Applied(name, inner)
    known = (*FUNCTIONS, *MADE, "hex")
    near = meant(name, known) or f" (known: {', '.join(known)})"
    raise Mistake(f"unknown function {name}(){near}")


def _hex(cursor: Cursor) -> bytes:
    found = cursor.take(_HEX)
    if not found:
        raise Mistake("the closing parenthesis of hex( is missing")
    try:
        return bytes.fromhex(found.group(1))
    except ValueError:
        raise Mistake(
            f"hex() takes pairs of digits, as in hex(0d 0a), not {found.group(1)!r}"
        ) from None


def scoped(source: str) -> str:
    """Return a regular expression for use inside others, with its flags limited to itself.

    Raises Mistake if it does not compile.
    """
    flags = _FLAGS.match(source)
    part = f"(?{flags.group(1)}:{source[flags.end() :]})" if flags else source
    compiled(part.encode("utf-8", "surrogateescape"), source)
    return part


def compiled(pattern: bytes, shown: str) -> re.Pattern[bytes]:
    """Return a pattern over bytes.

    Raises Mistake.
    """
    try:
        return re.compile(pattern)
    except RecursionError:
        cause = "it is nested too deeply"
    except (re.error, OverflowError) as error:
        cause = str(error)
    raise Mistake(f"the pattern /{shown}/ does not compile: {cause}")


def unescaped(text: str) -> bytes:
    """Convert a text with C escapes to bytes; other text is encoded as UTF-8.

    Raises Mistake for an unknown escape.
    """

    def one(found: re.Match[str]) -> str:
        code = found.group(1)
        if code[0] == "x" and len(code) == 3:
            byte = int(code[1:], 16)
            # This is a byte, not a Unicode character.
            return chr(byte) if byte < 0x80 else chr(0xDC00 + byte)
        if code[0] == "u" and len(code) == 5:
            if 0xD800 <= int(code[1:], 16) < 0xE000:
                raise Mistake(f"\\{code} is half a surrogate pair, and not a letter")
            return chr(int(code[1:], 16))
        if code in _DIGITS:
            raise Mistake(f"\\{code} takes {_DIGITS[code]} hexadecimal digits")
        if code not in _LETTERS:
            known = '\\r \\n \\t \\0 \\xHH \\uHHHH \\\\ \\"'
            raise Mistake(f"unknown escape \\{code} (known: {known})")
        return _LETTERS[code]

    return _ESCAPE.sub(one, text).encode("utf-8", "surrogateescape")


def default_of(text: str) -> Terms:
    """Read the default of a parameter: a text with C escapes and names of other parameters.

    Raises Mistake.
    """
    found: list[Term] = []
    at = 0
    for piece in _IN_DEFAULT.finditer(text):
        if piece.group(1):
            found += [Text(unescaped(text[at : piece.start()])), Name(piece.group(1))]
            at = piece.end()
    return (*found, Text(unescaped(text[at:])))
