"""The names for texts in steps: parameters for secrets, groups for other texts. No I/O."""

from __future__ import annotations

from typing import NamedTuple

from .masking import SHORTEST


class Span(NamedTuple):
    """A part of some bytes that has a name."""

    start: int
    end: int
    name: str


class Names:
    """The texts that have names so far."""

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}
        #: Name of a parameter -> how the secret was recognised.
        self.secrets: dict[str, str] = {}
        self._taken: set[str] = set()

    def hide(self, text: bytes, why: str) -> str:
        """Return the name for a secret."""
        name = self._names.get(text)
        if name in self.secrets:
            return name
        name = self._names[text] = self._new("secret")
        self.secrets[name] = why
        return name

    def capture(self, text: bytes, kind: str) -> str:
        """Return the name for a text that the server has chosen and that occurs again."""
        name = self._names[text] = self._new(kind.replace(" ", "_").lower())
        return name

    def spans(self, data: bytes) -> list[Span]:
        """Return the places of named texts, from left to right; a longer text takes precedence."""
        found: list[Span] = []
        for text in sorted(self._names, key=len, reverse=True):
            if len(text) < SHORTEST:
                continue
            at = data.find(text)
            while at >= 0:
                span = Span(at, at + len(text), self._names[text])
                if all(span.end <= one.start or one.end <= span.start for one in found):
                    found.append(span)
                at = data.find(text, at + len(text))
        return sorted(found)

    def _new(self, stem: str) -> str:
        number, name = 1, stem
        while name in self._taken:
            number += 1
            name = f"{stem}{number}"
        self._taken.add(name)
        return name
