r"""Patterns as automata: where a text that matches ends, and which byte is the first wrong one.

TCP is a stream: of ``port 4711\n`` perhaps ``port 47`` comes first, and ``/port \d+/`` matches it.
So it is decided when the file is read whether a pattern tells where its text ends: no text that
matches may be the beginning of another one. Then it makes no difference in which pieces it comes.
With a lazy quantifier (``.*?``) the shortest text is meant.

Pure. A pattern with a look-around, a back reference or an anchor is not a regular language.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import cached_property, lru_cache

from .regular import Bytes, Tree, Unsupported

State = frozenset[int]

#: States that are looked at to decide where a text ends.
MOST_LOOKED_AT = 3_000


class Automaton:
    """The automaton of a pattern.

    Arguments:
        source: the pattern.
        tail: only what follows the last lazy quantifier.
    Raises Unsupported.
    """

    def __init__(self, source: bytes, tail: bool = False) -> None:
        self._source, self._is_tail = source, tail
        tree = Tree(source, tail)
        self._free, self._moves, self._end = tree.free, tree.moves, tree.end
        #: Whether the text goes on to the server's end (``\Z``), and whether the shortest is meant.
        self.to_end, self.lazy = tree.to_end, tree.lazy
        self._known: dict[tuple[State, int], State] = {}
        self._kinds = self._kinds_of_bytes()
        self.start = self._closure([0])

    def after(self, state: State, byte: int) -> State:
        """Return the state after a byte; empty where it is wrong."""
        key = state, self._kinds[byte]
        known = self._known.get(key)
        if known is None:
            targets = [
                target for one in state for found, target in self._moves[one] if found >> byte & 1
            ]
            known = self._known[key] = self._closure(targets)
        return known

    def accepts(self, state: State) -> bool:
        """Return whether what has come is a text that matches."""
        return self._end in state

    def awaited(self, state: State) -> Bytes:
        """Return the bytes that may come next."""
        bits = 0
        for one in state:
            for found, _ in self._moves[one]:
                bits |= found
        return bits

    def ambiguity(self) -> tuple[bytes, bytes] | None:
        """Two texts that match, of which one is the beginning of the other; None if there are none.

        Raises Unsupported when the pattern is too large to tell.
        """
        if self.to_end:
            return None
        if self.lazy and not self._is_tail:
            tail = Automaton(self._source, tail=True)
            if not tail.accepts(tail.start):
                return tail.ambiguity()
        for state, text in self._search(self.start, stop_at_first=True):
            # Whatever can follow leads to another end.
            if self.accepts(state) and self.awaited(state):
                for longer, more in self._search(state, stop_at_first=False):
                    if more and self.accepts(longer):
                        return text, text + more
        return None

    @cached_property
    def tells_its_end(self) -> bool:
        """Whether a text that matches is over as soon as it is there."""
        try:
            return self.lazy or self.ambiguity() is None
        except Unsupported:
            return False

    def _search(self, start: State, stop_at_first: bool) -> Iterable[tuple[State, bytes]]:
        """Every state that can be reached, with a shortest text that leads there."""
        seen, waiting = {start}, deque([(start, b"")])
        examples = self._examples()
        # The start itself can be reached again.
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
        """One byte of each kind; one that can be read, where there is one."""
        order = sorted(range(256), key=lambda byte: not 32 < byte < 127)
        found: dict[int, int] = {}
        for byte in order:
            found.setdefault(self._kinds[byte], byte)
        return list(found.values())

    def _kinds_of_bytes(self) -> list[int]:
        """Byte -> a number: bytes that no move tells apart have the same."""
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
