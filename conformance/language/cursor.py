"""One line of a step, read from the left to the right. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})


class Mistake(Exception):
    """What is wrong with a step; the text says it without the place."""


class Cursor:
    """A position in a line. Blanks before what is taken are passed over.

    Arguments:
        text: the line.
        patterns: the patterns that have names.
    """

    def __init__(self, text: str, patterns: Mapping[str, str] = _NONE) -> None:
        self.text = text
        self.patterns = patterns
        self.at = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return what matches here, which is passed; None when it does not match."""
        found = pattern.match(self.text, self._after_blanks())
        if found:
            self.at = found.end()
        return found

    def takes(self, word: str) -> bool:
        """Return whether this word (or mark) comes next; it is passed then."""
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
        """What has not been taken, without blanks and without a comment."""
        return self.text[self._after_blanks() :].partition(" #")[0].rstrip()

    @property
    def ended(self) -> bool:
        """Whether only a comment follows, or nothing."""
        start = self._after_blanks()
        return start == len(self.text) or self.text[start] == "#"

    def _after_blanks(self) -> int:
        start = self.at
        while start < len(self.text) and self.text[start] in " \t":
            start += 1
        return start


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter in ("-", "_") if letter else False
