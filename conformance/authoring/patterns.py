r"""Find the parts of a line that vary: times, addresses, numbers, names. No I/O.

``variable_parts(b"10:32:11 up 3 days")`` finds the time; in a step it becomes a regular
expression of the same shape, ``\d\d:\d\d:\d\d``. A text that the client itself has sent before
never counts as variable, because the server repeats it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple


class Part(NamedTuple):
    """A part of a line that varies.

    ``kind`` is a word for a person; ``regex`` matches any text of its kind; ``exact`` matches only
    texts of the same length. It is used at the end of awaited data, where no following text would
    show the end of a longer match.
    """

    start: int
    end: int
    kind: str
    regex: str
    exact: str


class Kind(NamedTuple):
    """One kind of text: how it is found, and its regular expression."""

    name: str
    found: re.Pattern[bytes]
    #: The characters of such a text; if empty, the expression keeps the shape of the text.
    letters: str = ""
    #: A further check of a match, if the expression is not enough.
    holds: Callable[[bytes], bool] = lambda _text: True
    #: The group with the text itself, if other words are needed to recognise it.
    group: int = 0


_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_CLOCK = rb"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?"
_ZONE = rb"(?:[ -]?(?:Z\b|UTC\b|GMT\b|CES?T\b|[ECMP][SD]T\b|[+-]\d\d:?\d\d\b)(?: \([A-Z]{3,5}\))?)?"
_DATE = (
    rb"(?:\d{4}[-/.](?:1[0-2]|0?[1-9])[-/.](?:[12]\d|3[01]|0?[1-9])|\d{1,2}[./]\d{1,2}[./]\d{4})"
)
_HALF = rb"(?: ?[AaPp]\.?[Mm]\b\.?)?"
_HEX = rb"[0-9a-fA-F]"
#: The characters of a host name.
_HOST = "[A-Za-z0-9.-]"
_LABEL = rb"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

#: The last labels that make two labels a host name; others may just as well end a file name.
_DOMAINS = (
    rb"(?:com|org|net|edu|gov|mil|int|arpa|info|io|dev|eu|de|fr|uk|nl|at|ch|us|local|lan|home"
    rb"|localdomain|internal|intranet|invalid|example)"
)


def _is_ipv6(text: bytes) -> bool:
    try:
        ipaddress.IPv6Address(text.decode("ascii"))
    except ValueError:
        return False
    return text.count(b":") > 1 and len(text) > 2


def _is_ipv4(text: bytes) -> bool:
    return all(int(number) < 256 for number in text.split(b"."))


def _is_mixed(text: bytes) -> bool:
    """Return whether a text has both digits and letters, like an identifier."""
    return any(byte in b"0123456789" for byte in text) and not text.isdigit()


def _is_token(text: bytes) -> bool:
    return _is_mixed(text) and text != text.lower() and text != text.upper()


def _is_chance(text: bytes) -> bool:
    """Return whether a long number looks generated, unlike round ones such as 10000 and 65536."""
    number = int(text)
    return number % 100 != 0 and all(abs(number - 2**power) > 1 for power in range(13, 64))


#: The kinds in the order of precedence, for texts of the same length at the same place.
KINDS = (
    Kind(
        "UUID",
        re.compile(rb"\b%s{8}(?:-%s{4}){3}-%s{12}\b" % (_HEX, _HEX, _HEX)),
        "[0-9a-fA-F-]",
    ),
    Kind(
        "date and time",
        re.compile(
            rb"(?:\b%s,? {1,2})?(?:\b\d{1,2}[ -]%s[ -]\d{2,4}|\b%s {1,2}\d{1,2}(?:, \d{4})?)"
            rb",? %s%s%s(?: \d{4}\b)?" % (_DAY, _MONTH, _MONTH, _CLOCK, _HALF, _ZONE)
        ),
    ),
    # In RFC 867's example the day comes last; syslog and web logs have other forms.
    Kind("date and time", re.compile(rb"\b\d{1,2}/%s/\d{4}:%s ?[+-]\d{4}\b" % (_MONTH, _CLOCK))),
    Kind("date and time", re.compile(rb"\b%s[T ]%s%s" % (_DATE, _CLOCK, _ZONE))),
    Kind("date", re.compile(rb"(?:\b%s,? )?\b%s {1,2}\d{1,2},? \d{4}\b" % (_DAY, _MONTH))),
    Kind("date", re.compile(rb"(?:\b%s,? )?\b\d{1,2}[ -]%s[ -]\d{4}\b" % (_DAY, _MONTH))),
    Kind("date", re.compile(rb"(?<![\d.])%s(?!\d|\.\d)" % _DATE)),
    Kind("time", re.compile(rb"(?<![\d:.])%s%s%s(?![\d:])" % (_CLOCK, _HALF, _ZONE))),
    Kind(
        "hardware address",
        re.compile(rb"(?<![\w:-])%s{2}(?:[:-]%s{2}){5}(?![\w:-])" % (_HEX, _HEX)),
        "[0-9a-fA-F:-]",
    ),
    Kind(
        "address",
        re.compile(rb"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)"),
        r"[\d.]",
        _is_ipv4,
    ),
    Kind(
        "address",
        re.compile(
            rb"(?<![\w:.])(?:%s{0,4}:){2,7}(?:%s{1,4}|[\d.]{7,15})?(?![\w:])" % (_HEX, _HEX)
        ),
        "[0-9a-fA-F:.]",
        _is_ipv6,
    ),
    Kind(
        "host name",
        re.compile(
            rb"(?:(?<![\w./-])|(?<=//)|(?<=^\d\d\d-))(?!\d{3}-)(?:(?:%s\.){2,}[A-Za-z]{2,}|%s\.%s)(?![\w-]|\.\w)"
            % (_LABEL, _LABEL, _DOMAINS)
        ),
        _HOST,
    ),
    Kind("identifier", re.compile(rb"\b0x(%s{4,})\b" % _HEX), "[0-9a-fA-F]", group=1),
    Kind("identifier", re.compile(rb"\b%s{8,}\b" % _HEX), "[0-9a-fA-F]", _is_mixed),
    Kind(
        "identifier",
        re.compile(rb"(?<![\w+/])[A-Za-z0-9+/_-]{20,}={0,2}(?![\w+/])"),
        "[A-Za-z0-9+\\/_=-]",
        _is_token,
    ),
    Kind("identifier", re.compile(rb"(?<=<)[\w.+-]*\d[\w.+-]*(?=@)"), r"[\w.+-]"),
    Kind("number", re.compile(rb"(?<![\w.-])\d{5,18}(?![\w-])"), r"\d", _is_chance),
    Kind(
        "number",
        re.compile(
            rb"(?i)(?<![\w.])(\d+(?:\.\d+)?)(?= ?"
            rb"(?:[mun\xb5]?s|secs?|seconds?|minutes?|mins?|hours?|days?|ms|[KMG]i?B|bytes/s)\b)"
        ),
        r"[\d.]",
    ),
    Kind(
        "number",
        re.compile(rb"(?i)\b(?:pid|port|id|uptime\w*|tid|session|seq)(?:[ =:#]{1,2}|: )(\d+)\b"),
        r"\d",
        group=1,
    ),
    Kind("number", re.compile(rb"[a-z]\[(\d{2,})\](?=:)"), r"\d", group=1),
    # A decimal number, such as a duration. A version number does not match, because it has more
    # than one point, or no blank before it.
    Kind("number", re.compile(rb"(?<![^\s=(:])\d{1,9}\.\d{2,}(?=[KMGT]?(?![\w.]|-\w))"), r"[\d.]"),
)


def variable_parts(line: bytes, sent: bytes = b"", hosts: Collection[bytes] = ()) -> list[Part]:
    """Return the variable parts of a line, from left to right.

    Arguments:
        sent: everything that the client has sent before.
        hosts: the names of this machine.
    """
    found = sorted(_candidates(line, hosts), key=lambda part: (part.start, -part.end))
    parts: list[Part] = []
    for part in found:
        text = line[part.start : part.end]
        if (not parts or part.start >= parts[-1].end) and text not in sent:
            parts.append(part)
    return parts


def _candidates(line: bytes, hosts: Collection[bytes]) -> Iterable[Part]:
    for host in hosts:
        if len(host) > 2 and host != b"localhost":
            for match in re.finditer(rb"(?<![\w.-])%s(?![\w-])" % re.escape(host), line):
                yield _part(match.start(), match[0], "host name", _HOST)
    for kind in KINDS:
        for match in kind.found.finditer(line):
            text = match[kind.group]
            if text and kind.holds(text):
                yield _part(match.start(kind.group), text, kind.name, kind.letters)


def _part(start: int, text: bytes, kind: str, letters: str) -> Part:
    end = start + len(text)
    if letters:
        return Part(start, end, kind, f"{letters}+", f"{letters}{{{len(text)}}}")
    return Part(start, end, kind, shape(text), _exact(text))


_SHAPE = re.compile(rb"(\d+)|([A-Za-z]+)|( +)|(.)", re.DOTALL)
_OFFSET = re.compile(rb"(?<=\d) ?[+-]\d\d:?\d\d(?: \([A-Z]+\))?$")


def shape(text: bytes) -> str:
    """Return the regular expression of a time or a date: only digits and names vary."""
    offset = _OFFSET.search(text) if b":" in text else None
    if offset:
        return shape(text[: offset.start()]) + _shape(offset[0]).replace("\\+", "-").replace(
            "-", "[+-]", 1
        )
    return _shape(text)


def _shape(text: bytes) -> str:
    parts = []
    for digits, word, blanks, other in _SHAPE.findall(text):
        if digits:
            # A day or an hour may have one digit or two; a year has four.
            parts.append(r"\d{1,2}" if len(digits) < 3 else rf"\d{{{len(digits)}}}")
        elif word.upper() in (b"AM", b"PM"):
            parts.append("[AaPp][Mm]")
        elif word:
            parts.append("[A-Za-z]+" if len(word) > 2 else word.decode("ascii"))
        elif blanks:
            # ctime(3) pads a day of one digit with a blank.
            parts.append(" +")
        else:
            parts.append(escaped(other))
    return "".join(parts)


def _exact(text: bytes) -> str:
    """Return an expression that matches only texts of this length."""
    parts = []
    for digits, word, blanks, other in _SHAPE.findall(text):
        if digits or word:
            parts.append(rf"{'[A-Za-z]' if word else chr(92) + 'd'}{{{len(digits or word)}}}")
        else:
            parts.append(escaped(blanks or other))
    return "".join(parts)


def escaped(text: bytes) -> str:
    """Return a text escaped for a regular expression between slashes."""
    return re.sub(r"[.^$*+?{}\[\]\\|()/]", r"\\\g<0>", text.decode("latin-1"))
