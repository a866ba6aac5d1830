r"""Write bytes as terms of a step: ``"text\r\n"``, ``hex(ff fb 01)``, ``"x" * 1000``. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: The least binary bytes in a row that are written as hexadecimal digits; the most in one term.
BINARY, IN_ONE = 4, 32

#: The share of bytes other than letters above which everything is written in hexadecimal.
MOSTLY = 0.5

#: The least bytes of a text that is written as a repeated shorter one; the most of the shorter one.
REPEATED, UNIT = 48, 16

#: The most bytes of data in one line of a step.
WIDTH = 512

_ESCAPES = {"\r": "\\r", "\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}

#: A run of bytes that are neither text nor line ends.
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]{%d,}" % BINARY)

_NOT_PRINTED = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]")

_REPEATED = re.compile(rb"(.{1,%d}?)\1{3,}" % UNIT, re.DOTALL)


def terms(data: bytes) -> str:
    """Return the bytes as terms; empty for no bytes."""
    return " ".join(_terms(data))


def _terms(data: bytes) -> Iterator[str]:
    at = 0
    for match in _REPEATED.finditer(data):
        unit, length = match[1], match.end() - match.start()
        if length < REPEATED:
            continue
        yield from _mixed(data[at : match.start()])
        mixed = list(_mixed(unit))
        once = mixed[0] if len(mixed) == 1 else f"hex({unit.hex(' ')})"
        yield f"{once} * {length // len(unit)}"
        at = match.end()
    yield from _mixed(data[at:])


def _mixed(data: bytes) -> Iterator[str]:
    """Yield text in quotes, and other bytes as hexadecimal digits."""
    if len(_NOT_PRINTED.findall(data)) > len(data) * MOSTLY and not _is_utf8(data.strip()):
        yield from _digits(data)
        return
    at = 0
    for match in _NOT_TEXT.finditer(data):
        if _is_utf8(match[0]):
            continue
        if at < match.start():
            yield quoted(data[at : match.start()])
        yield from _digits(match[0])
        at = match.end()
    if at < len(data):
        yield quoted(data[at:])


def _digits(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), IN_ONE):
        yield f"hex({data[start : start + IN_ONE].hex(' ')})"


def _is_utf8(data: bytes) -> bool:
    try:
        return data.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


def quoted(data: bytes) -> str:
    """Return the bytes in quotes, with C escapes, from which every byte can be read back."""
    letters = []
    for letter in data.decode("utf-8", "surrogateescape"):
        if letter in _ESCAPES:
            letters.append(_ESCAPES[letter])
        elif letter.isprintable():
            letters.append(letter)
        else:
            encoded = letter.encode("utf-8", "surrogateescape")
            letters += [f"\\x{byte:02x}" for byte in encoded]
    # Three apostrophes would end the text in the file that contains the steps.
    written = "".join(letters).replace("'''", "''\\x27")
    # Escape a dollar before letters: in quotes it is text, but a person would read it as a name.
    return '"' + re.sub(r"\$(?=[A-Za-z_])", r"\\x24", written) + '"'


def pieces(data: bytes) -> list[bytes]:
    """Return the data for separate steps: lines, and parts of long lines."""
    found: list[bytes] = []
    for line in filter(None, re.split(rb"(?<=\n)", data)):
        found += [line] if len(line) <= WIDTH else _parts(line)
    return found


def _parts(line: bytes) -> Iterator[bytes]:
    """Yield the parts of a long line; a repeated text is one part, even if it is long."""
    at = 0
    for match in _REPEATED.finditer(line):
        if match.end() - match.start() > WIDTH:
            yield from _cut(line[at : match.start()])
            yield match[0]
            at = match.end()
    yield from _cut(line[at:])


def _cut(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), WIDTH):
        yield data[start : start + WIDTH]
