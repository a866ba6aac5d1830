"""Matching received bytes with the texts that a script awaits: searched, or from the start.

No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ...core.script_terms import Terms
from ...core.typed import NamedTuple


class Found(NamedTuple):
    """A text that was received: which one, where it ends, and what its groups captured.

    ``is_settled``: no later byte can belong to it.
    """

    which: int
    end: int
    groups: dict[str, bytes]
    is_settled: bool = True


class Awaited:
    """Several texts, of which one is awaited.

    Arguments:
        texts: the texts.
        names: the values of the names in them.
        search: whether other bytes may come before; if not, the text must come next.
    """

    def __init__(self, texts: Sequence[Terms], names: Mapping[str, bytes], search: bool) -> None:
        self._search = search
        self._literals = {
            which: text.value(names) for which, text in enumerate(texts) if not text.is_pattern
        }
        self._patterns = {
            which: re.compile(text.pattern(names), re.MULTILINE)
            for which, text in enumerate(texts)
            if search or text.is_pattern
        }
        #: The position of the first received byte that fits no text; unknown with patterns.
        self.wrong_at: int | None = None

    def look(self, came: bytes) -> Found | None:
        """Return the text that was received; None if none was."""
        return self._earliest(came) if self._search else self._next(came)

    def _earliest(self, came: bytes) -> Found | None:
        found = [
            (match.start(), -which, match)
            for which, pattern in self._patterns.items()
            if (match := pattern.search(came))
        ]
        if not found:
            return None
        _, which, match = min(found, key=lambda one: (one[0], -one[1]))
        return Found(-which, match.end(), _groups(match))

    def _next(self, came: bytes) -> Found | None:
        """Return the longest text that the received bytes start with."""
        best: Found | None = None
        for which, literal in self._literals.items():
            if came.startswith(literal) and (best is None or len(literal) > best.end):
                best = Found(which, len(literal), {})
        for which, pattern in self._patterns.items():
            match = pattern.match(came)
            if match and (best is None or match.end() > best.end):
                best = Found(which, match.end(), _groups(match))
        may_go_on = [one for one in self._literals.values() if len(one) > len(came)]
        may_go_on = [one for one in may_go_on if one.startswith(came)]
        if best is None:
            if not self._patterns and not may_go_on:
                same = [_common(one, came) for one in self._literals.values()]
                self.wrong_at = max(same)
            return None
        could_be_longer = best.end == len(came) and (best.which in self._patterns or may_go_on)
        return best._replace(is_settled=not (could_be_longer or may_go_on))


def _common(one: bytes, other: bytes) -> int:
    """Return how many bytes two texts have in common at their beginnings."""
    pairs = zip(one, other, strict=False)
    least = min(len(one), len(other))
    return next((at for at, (left, right) in enumerate(pairs) if left != right), least)


def _groups(match: re.Match[bytes]) -> dict[str, bytes]:
    """Return the named groups; one that took no part in the match is empty."""
    return {name: data or b"" for name, data in match.groupdict().items()}
