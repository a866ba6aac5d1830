"""Parse one line of a step from left to right. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

#: The quotes of a word processor, or of a web page.
CURLY = "\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019"

_NONE: Mapping[str, str] = MappingProxyType({})


class Mistake(Exception):
    """A mistake in a step; the message does not contain the place."""


class Cursor:
    """A position in a line. Blanks before the next item are skipped.

    Arguments:
        text: the line.
        patterns: the named patterns.
    """

    def __init__(self, text: str, patterns: Mapping[str, str] = _NONE) -> None:
        self.text = text
        self.patterns = patterns
        self.at = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return the match at this position and move behind it; None if there is no match."""
        found = pattern.match(self.text, self._after_blanks())
        if found:
            self.at = found.end()
        return found

    def takes(self, word: str) -> bool:
        """Return whether this word (or mark) comes next; if so, move behind it."""
        start = self._after_blanks()
        follows = self.text[start + len(word) : start + len(word) + 1]
        if not self.text.startswith(word, start) or (word[-1].isalnum() and _is_word(follows)):
            return False
        self.at = start + len(word)
        return True

    def begins(self, marks: str) -> bool:
        """Return whether one of these characters comes next."""
        start = self._after_blanks()
        return start < len(self.text) and self.text[start] in marks

    @property
    def rest(self) -> str:
        """The rest of the line, without blanks and without a comment."""
        return self.text[self._after_blanks() :].partition(" #")[0].rstrip()

    @property
    def ended(self) -> bool:
        """Whether nothing or only a comment follows."""
        start = self._after_blanks()
        return start == len(self.text) or self.text[start] == "#"

    def _after_blanks(self) -> int:
        start = self.at
        while start < len(self.text) and self.text[start] in " \t":
            start += 1
        return start


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter in ("-", "_") if letter else False
