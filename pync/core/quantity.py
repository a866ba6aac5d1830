r"""Parsing amounts and strings that users type: ``10K``, ``1.5M``, ``\r\n``. Pure."""

from __future__ import annotations

import re

from .deadline import parse_duration
from .errors import UsageError, shortened
from .number import whole

#: Bytes in each unit, as curl and pv count them.
UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}

MOST_INT = 2**31 - 1

#: The most bytes that an option may name: what a file may have (off_t).
MOST_BYTES = 2**63 - 1

_AMOUNT = r"(\d+(?:\.\d*)?|\.\d+)([kmg]?)b?"


def parse_bytes(text: str, option: str) -> float:
    """Parse an amount of bytes, more than 0 and at most MOST_BYTES.

    Raises UsageError that names the option.
    """
    found = re.fullmatch(_AMOUNT, text, re.IGNORECASE | re.ASCII)
    amount = float(found.group(1)) * UNITS[found.group(2).lower()] if found else 0.0
    if not amount:
        raise UsageError(
            f"{option}: {shortened(text)} is not a valid size; use for example 500, 10K, 1.5M or 2G"
        )
    if amount > MOST_BYTES:
        raise UsageError(f"{option}: {shortened(text)} is too large (at most {MOST_BYTES} bytes)")
    return amount


def parse_count(text: str, option: str) -> int:
    """Parse a number of things, at least one.

    Raises UsageError that names the option.
    """
    number = whole(text, MOST_INT)
    if not number:
        raise UsageError(f"{option}: {shortened(text)} is not a whole number from 1 to {MOST_INT}")
    return number


def parse_retry(text: str, option: str) -> tuple[int, float]:
    """Parse ``N[:DELAY]``: how many more tries, and the seconds between them (default 1).

    Raises UsageError that names the option.
    """
    times, colon, delay = text.partition(":")
    return parse_count(times, option), parse_duration(delay, option) if colon else 1.0


def parse_size(text: str, option: str) -> int:
    """Parse the size of a kernel buffer, which must fit C's type int.

    Raises UsageError that names the option.
    """
    size = parse_bytes(text, option)
    if not 1 <= size <= MOST_INT:
        wrong = "small" if size < 1 else "large"
        raise UsageError(f"{option}: a buffer of {shortened(text)} is too {wrong}")
    return int(size)


def parse_ttl(text: str, option: str) -> int:
    """Parse a time to live, or hop limit: 1 to 255 (RFC 791 3.1, RFC 8200 3).

    Raises UsageError that names the option.
    """
    number = whole(text, 255)
    if not number:
        raise UsageError(f"{option}: {shortened(text)} is not a number from 1 to 255")
    return number


#: The bytes for a letter after a backslash.
SIMPLE_ESCAPES = {
    "0": b"\0",
    "a": b"\a",
    "b": b"\b",
    "e": b"\x1b",
    "f": b"\f",
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "v": b"\v",
    "\\": b"\\",
    '"': b'"',
    "'": b"'",
}

_ESCAPE = r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.|$)"


def unescape(text: str, option: str) -> bytes:
    r"""Return the bytes of a text with C escapes (``\n``, ``\0``, ``\x1b``).

    Raises UsageError that names the option, for an unknown escape.
    """
    data, at = b"", 0
    for found in re.finditer(_ESCAPE, text, re.DOTALL):
        data += _encoded(text[at : found.start()])
        at = found.end()
        letters = found.group(1)
        if len(letters) == 3:
            data += bytes([int(letters[1:], 16)])
        elif len(letters) == 5:
            data += _letter(letters[1:], option)
        elif letters in SIMPLE_ESCAPES:
            data += SIMPLE_ESCAPES[letters]
        else:
            raise UsageError(f"{option}: unknown escape {found.group()!r} (\\n \\r \\t \\0 \\xHH)")
    return data + _encoded(text[at:])


def _letter(digits: str, option: str) -> bytes:
    """Return a Unicode character in UTF-8."""
    code = int(digits, 16)
    if 0xD800 <= code < 0xE000:
        raise UsageError(f"{option}: \\u{digits} is half a surrogate pair, and not a letter")
    return chr(code).encode()


def _encoded(text: str) -> bytes:
    # Restore bytes of the command line that were not valid UTF-8.
    return text.encode("utf-8", "surrogateescape")
