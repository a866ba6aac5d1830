r"""Find a text or a pattern from what a server sends at the start of several connections.

Parts that differ between connections are variable. Parts that look like a time or an address are
variable too, even if they are the same in all connections, because these were made within a second
or two from one machine. No I/O, except for the name of this machine.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence

from ..core.transcript import escape

#: Texts that are different at another time or on another machine.
_CLOCK = rb"\b\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?\b"
_DATE = rb"\b\d{4}-\d\d-\d\d(?=\D|$)|\b\d{1,2}[/.]\d{1,2}[/.](?:\d{4}|\d\d)\b"
_IPV4 = rb"\b(?:::ffff:)?\d{1,3}(?:\.\d{1,3}){3}\b"
_IPV6 = rb"(?<![\w:])::1(?![\w:])"
_WORDS_OF_DATES = (
    rb"\b(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Mon|Tue|Wed|Thu|Fri|Sat|Sun"
    rb"|January|February|March|April|May|June|July|August|September|October|November|December"
    rb"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec|AM|PM|UTC|GMT|CES?T)\b"
)
_WHEN = re.compile(rb"%s|%s" % (_CLOCK, _DATE))

#: A word, a run of blanks, or one other byte.
_TOKEN = re.compile(rb"\w+|[ ]+|.", re.DOTALL)

#: The least share of bytes in a text that are not control characters.
_READABLE = 0.9


def literal(text: bytes) -> str:
    """Return the bytes as a value of SET."""
    value = escape(text).replace(";", "\\;")
    # A leading slash would begin a pattern; a backslash at the end would escape the next ";".
    value = re.sub(r"^/", r"\\x2f", value)
    return re.sub(r"\\\\$", r"\\x5c", value)


def readable(text: bytes) -> bool:
    """Return whether the bytes are a text for a person."""
    plain = sum(byte >= 0x20 or byte in b"\t\r\n\x1b" for byte in text)
    return plain >= _READABLE * len(text) and b"\xff\xfd" not in text and _is_text(text)


def _is_text(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def value_of(samples: Sequence[bytes]) -> str | None:
    """Return the text or the pattern of all samples; None if they are too different."""
    first = samples[0]
    if all(one == first for one in samples) and not _variable(first):
        return literal(first)
    if not all(readable(one) for one in samples):
        return literal(first) if all(one == first for one in samples) else None
    pattern = _pattern(samples)
    if pattern is None or not all(_is_whole(pattern, one) for one in samples):
        return None
    return f"/{pattern}/"


def _is_whole(pattern: str, text: bytes) -> bool:
    found = re.match(pattern.encode(), text)
    return found is not None and found.end() == len(text)


def _variable(text: bytes) -> list[tuple[int, int, str]]:
    """Return the places of parts that are variable by their form, and their expressions."""
    spans: list[tuple[int, int, str]] = []

    def mark(expression: bytes, shown: str) -> None:
        for found in re.finditer(expression, text):
            if all(found.end() <= begin or end <= found.start() for begin, end, _ in spans):
                spans.append((found.start(), found.end(), shown))

    mark(_IPV4, r"[\d.:a-f]+")
    mark(_IPV6, r"[\d.:a-f]+")
    host = socket.gethostname().encode()
    if len(host) > 3 and host != b"localhost":
        mark(rb"(?<![\w.-])%s(?![\w-])" % re.escape(host), r"\S+")
    if _WHEN.search(text):
        mark(_CLOCK, r"[\d:.,]+")
        mark(_DATE, r"[\d/.-]+")
        mark(_WORDS_OF_DATES, r"\w+")
        mark(rb"(?<=[a-z]) +(?=\d{1,2}\s)", " +")  # a day of one digit has one more blank
        mark(rb"\d+(?=[a-z]*\b)", r"\d+")
    return sorted(spans)


def _tokens(text: bytes) -> list[str]:
    """Return an expression for each part of a text; a part that is variable by its form is one."""
    parts: list[str] = []
    at = 0
    for begin, end, shown in _variable(text):
        parts += [_quoted(token) for token in _TOKEN.findall(text[at:begin])]
        parts.append(shown)
        at = end
    return parts + [_quoted(token) for token in _TOKEN.findall(text[at:])]


def _pattern(samples: Sequence[bytes]) -> str | None:
    rows = [_tokens(one) for one in dict.fromkeys(samples)]
    if len({len(row) for row in rows}) == 1:
        joined = [_joint(list(column)) for column in zip(*rows, strict=True)]
        if all(one is not None for one in joined):
            return "".join(one or "" for one in joined)
    return _around(rows)


def _joint(column: list[str]) -> str | None:
    """Return one expression for the parts in the same place."""
    first = column[0]
    if all(one == first for one in column):
        return first
    if all(re.fullmatch(r"\d+|\\d\+", one) for one in column):
        return r"\d+"
    if all(re.fullmatch(r"\w+|\\w\+|\\d\+", one) for one in column):
        return r"\w+"
    if all(re.fullmatch(r" +| \+", one) for one in column):
        return " +"
    return None


def _around(rows: list[list[str]]) -> str | None:
    """Return a pattern: the common beginning, anything, the common end with its newline."""
    shortest = min(map(len, rows))
    before = after = 0
    while before < shortest and len({row[before] for row in rows}) == 1:
        before += 1
    while after < shortest - before and len({row[-1 - after] for row in rows}) == 1:
        after += 1
    end = rows[0][len(rows[0]) - after :] if after else []
    if not end or "\\n" not in "".join(end):
        return None
    middles = ["".join(row[before : len(row) - after]) for row in rows]
    anything = "(?s:.*)" if any("\\n" in one for one in middles) else ".*"
    return "".join([*rows[0][:before], anything, *end])


_ESCAPES = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}


def _quoted(text: bytes) -> str:
    """Return a regular expression that matches only this text, in printable ASCII."""
    return "".join(
        _ESCAPES.get(byte)
        or (f"\\x{byte:02x}" if not 0x20 <= byte < 0x7F else "")
        or ("\\" + chr(byte) if chr(byte) in "\\.^$*+?{}[]|();/" else chr(byte))
        for byte in text
    )
