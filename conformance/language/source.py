"""A TOML file with the lines of its keys, to report the place of a mistake."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..core import toml
from ..core.paths import shown
from ..core.verdict import WrongUsage, cause_of
from .cursor import CURLY
from .steps import Line

#: The byte order mark, with which some editors begin a file in UTF-8.
BOM = "\ufeff"

#: The path to a value: keys, and numbers in arrays of tables.
Way = tuple[Any, ...]

_KEY = r"(?:[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')"
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)+")
_HEADER = re.compile(rf"\[[ \t]*({_KEYS})[ \t]*\]")
_ARRAY = re.compile(rf"\[\[[ \t]*({_KEYS})[ \t]*\]\]")
_PAIR = re.compile(rf"({_KEYS})[ \t]*=[ \t]*")
_ONE_KEY = re.compile(_KEY)
_STRING = re.compile(
    r"'''.*?'''(?:'{0,2})|\"\"\"(?:[^\\]|\\.)*?\"\"\"(?:\"{0,2})|'[^'\n]*'|\"(?:[^\"\\\n]|\\.)*\"",
    re.DOTALL,
)
_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")

#: A table where one of an array is meant.
_SINGLE = re.compile(r"^\[requirement\][ \t]*(?:#.*)?$", re.MULTILINE)


class Source:
    """One file: its text, its document, and the places of its keys.

    Arguments:
        path: the file.
        text: its content, if it has already been read.
    Raises WrongUsage, in one line, for a file that cannot be read or is not TOML.
    """

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.path = path
        self.name = path.name
        self._shown = shown(str(path))
        self.text = (self._read() if text is None else text).removeprefix(BOM)
        self.text = self.text.replace("\r\n", "\n")
        try:
            self.document = toml.parse(self.text)
        except toml.NotTomlError as error:
            raise self._not_toml(str(error)) from None
        self._places = _places(self.text)

    def _read(self) -> str:
        try:
            return self.path.read_bytes().decode("utf-8")
        except OSError as error:
            raise WrongUsage(f"{self._shown}: {cause_of(error)}") from None
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise WrongUsage(f"{self._shown}:{line}: this is not UTF-8") from None

    def wrong(self, where: Way | int, text: str) -> WrongUsage:
        """Return an exception for a mistake at the place of a value, or at a line."""
        line = where if isinstance(where, int) else self.line(where)
        return WrongUsage(f"{self._shown}:{line}: {text}")

    def line(self, way: Way) -> int:
        """Return the line of a key or of a table; if it is not known, that of its parent."""
        return self.text.count("\n", 0, self._offset(way)) + 1

    def lines(self, way: Way, value: str | list[str]) -> list[Line]:
        """Return the lines of a text (or of a list of texts), each with its number in the file."""
        at = self._offset(way)
        found = []
        for piece in [value] if isinstance(value, str) else value:
            start = self.text.find(piece, at) if piece.strip() else at
            known = start >= 0
            # A text with TOML escapes looks different in the file.
            start = start if known else at
            first = self.text.count("\n", 0, start) + 1
            for number, line in enumerate(piece.split("\n")):
                found.append(Line(first + number if known else first, line))
            at = start + len(piece) if known else at
        return found

    def is_verbatim(self, way: Way, value: str) -> bool:
        """Return whether a text is unchanged in the file, without TOML escapes."""
        return self.text.find(value, self._offset(way)) >= 0

    def _offset(self, way: Way) -> int:
        while way and way not in self._places:
            way = way[:-1]
        return self._places.get(way, 0)

    def _not_toml(self, said: str) -> WrongUsage:
        found = _AT.search(said)
        if found is None:
            return WrongUsage(f"{self._shown}: {said}")
        line = int(found.group(1)) if found.group(1) else self.text.count("\n") + 1
        if single := _SINGLE.search(self.text):
            first = self.text.count("\n", 0, single.start()) + 1
            return self.wrong(first, "write [[requirement]], in double brackets")
        meant = ""
        if any(quote in self.text.split("\n")[line - 1] for quote in CURLY):
            meant = " (quotes are straight in TOML: \" or ')"
        return self.wrong(line, f"not valid TOML: {_AT.sub('', said)}{meant}")


def _places(text: str) -> dict[Way, int]:
    """Return the offset of every key and table of a valid document."""
    places: dict[Way, int] = {}
    counts: dict[Way, int] = {}
    table: Way = ()
    at = 0
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at = blank.end()
        elif (header := _ARRAY.match(text, at)) or (header := _HEADER.match(text, at)):
            way = _resolved(_way(header.group(1)), counts)
            if text.startswith("[[", at):
                counts[way] = counts.get(way, -1) + 1
                way = (*way, counts[way])
                places.setdefault(way[:-1], at)
            places.setdefault(way, at)
            table, at = way, header.end()
        elif pair := _PAIR.match(text, at):
            places.setdefault((*table, *_way(pair.group(1))), at)
            at = _after_value(text, pair.end())
        else:
            at += 1
    return places


def _resolved(way: Way, counts: dict[Way, int]) -> Way:
    """Return the path with the number of the last table in each array of tables."""
    found: Way = ()
    for key in way[:-1]:
        found = (*found, key)
        if found in counts:
            found = (*found, counts[found])
    return (*found, way[-1])


def _way(keys: str) -> Way:
    return tuple(key.strip("\"'") for key in _ONE_KEY.findall(keys))


def _after_value(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        if string := _STRING.match(text, at):
            at = string.end()
            continue
        letter = text[at]
        if letter == "\n" and depth == 0:
            return at
        if letter == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
            continue
        depth += (letter in "[{") - (letter in "]}")
        at += 1
    return at
