r"""Patterns as automata: they find the end of a matching text, and the first wrong byte.

TCP is a stream: ``port 47`` may arrive before the rest of ``port 4711\n``, and ``/port \d+/``
matches it. Therefore each pattern is checked when the file is read: it must define where its text
ends, so that no matching text is the beginning of another one. Then the result does not depend on
the pieces in which a text arrives. With a lazy quantifier (``.*?``) the shortest text matches.

No I/O. A pattern with a look-around, a back reference or an anchor is not a regular language.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import cached_property, lru_cache

from .regular import Bytes, Tree, Unsupported

State = frozenset[int]

#: The most states that are searched to decide where a text ends.
MOST_LOOKED_AT = 3_000


class Automaton:
    """The automaton of a pattern.

    Arguments:
        source: the pattern.
        tail: whether to use only the part after the last lazy quantifier.
    Raises Unsupported.
    """

    def __init__(self, source: bytes, tail: bool = False) -> None:
        self._source, self._is_tail = source, tail
        tree = Tree(source, tail)
        self._free, self._moves, self._end = tree.free, tree.moves, tree.end
        #: Whether the text extends to the server's end (``\Z``); whether the shortest one matches.
        self.to_end, self.lazy = tree.to_end, tree.lazy
        self._known: dict[tuple[State, int], State] = {}
        self._kinds = self._kinds_of_bytes()
        self.start = self._closure([0])

    def after(self, state: State, byte: int) -> State:
        """Return the state after a byte; empty if the byte is wrong."""
        key = state, self._kinds[byte]
        known = self._known.get(key)
        if known is None:
            targets = [
                target for one in state for found, target in self._moves[one] if found >> byte & 1
            ]
            known = self._known[key] = self._closure(targets)
        return known

    def accepts(self, state: State) -> bool:
        """Return whether the bytes that led to this state are a matching text."""
        return self._end in state

    def awaited(self, state: State) -> Bytes:
        """Return the bytes that may come next."""
        bits = 0
        for one in state:
            for found, _ in self._moves[one]:
                bits |= found
        return bits

    def ambiguity(self) -> tuple[bytes, bytes] | None:
        """Return two matching texts, one of which begins the other; None if there are none.

        Raises Unsupported if the pattern is too large to decide this.
        """
        if self.to_end:
            return None
        if self.lazy and not self._is_tail:
            tail = Automaton(self._source, tail=True)
            if not tail.accepts(tail.start):
                return tail.ambiguity()
        for state, text in self._search(self.start, stop_at_first=True):
            # The text matches, but more bytes may follow: search for a longer text.
            if self.accepts(state) and self.awaited(state):
                for longer, more in self._search(state, stop_at_first=False):
                    if more and self.accepts(longer):
                        return text, text + more
        return None

    @cached_property
    def tells_its_end(self) -> bool:
        """Whether a matching text is complete as soon as it matches."""
        try:
            return self.lazy or self.ambiguity() is None
        except Unsupported:
            return False

    def _search(self, start: State, stop_at_first: bool) -> Iterable[tuple[State, bytes]]:
        """Yield every state that can be reached, with a shortest text that leads to it."""
        seen, waiting = {start}, deque([(start, b"")])
        examples = self._examples()
        # The start state may be reached again.
        again = not stop_at_first
        while waiting:
            state, text = waiting.popleft()
            yield state, text
            for byte in examples:
                following = self.after(state, byte)
                if following and (following not in seen or (again and following == start)):
                    again = again and following != start
                    seen.add(following)
                    if len(seen) > MOST_LOOKED_AT:
                        raise Unsupported("is too large")
                    waiting.append((following, text + bytes([byte])))

    def _examples(self) -> list[int]:
        """Return one byte of each kind, a printable one if possible."""
        order = sorted(range(256), key=lambda byte: not 32 < byte < 127)
        found: dict[int, int] = {}
        for byte in order:
            found.setdefault(self._kinds[byte], byte)
        return list(found.values())

    def _kinds_of_bytes(self) -> list[int]:
        """Return a number for each byte; bytes with the same moves have the same number."""
        sets = sorted({found for moves in self._moves for found, _ in moves})
        kinds: dict[tuple[int, ...], int] = {}
        return [
            kinds.setdefault(tuple(one >> byte & 1 for one in sets), len(kinds))
            for byte in range(256)
        ]

    def _closure(self, states: Iterable[int]) -> State:
        seen: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state not in seen:
                seen.add(state)
                waiting += self._free[state]
        return frozenset(seen)


@lru_cache(maxsize=256)
def automaton_of(source: bytes) -> Automaton:
    """Return the automaton of a pattern. Raises Unsupported."""
    return Automaton(source)
