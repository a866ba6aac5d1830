"""Make the states of a pattern from the tree that re parses. No I/O."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

if sys.version_info >= (3, 11):
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
else:
    import sre_constants as sre
    import sre_parse as parser

#: A set of bytes, as the bits of a number.
Bytes = int

#: The most states of an automaton.
MOST_STATES = 50_000

EVERY: Bytes = (1 << 256) - 1
_LF: Bytes = 1 << 10


class Unsupported(Exception):
    """The pattern contains something that is not regular; the message says what."""


def _set(found: Iterable[int]) -> Bytes:
    bits = 0
    for byte in found:
        bits |= 1 << byte
    return bits


def _category(test: Callable[[bytes], object]) -> Bytes:
    return _set(byte for byte in range(256) if test(bytes([byte])))


_DIGIT = _category(re.compile(rb"\d").match)
_SPACE = _category(re.compile(rb"\s").match)
_WORD = _category(re.compile(rb"\w").match)
_CATEGORIES: dict[Any, Bytes] = {
    sre.CATEGORY_DIGIT: _DIGIT,
    sre.CATEGORY_NOT_DIGIT: EVERY ^ _DIGIT,
    sre.CATEGORY_SPACE: _SPACE,
    sre.CATEGORY_NOT_SPACE: EVERY ^ _SPACE,
    sre.CATEGORY_WORD: _WORD,
    sre.CATEGORY_NOT_WORD: EVERY ^ _WORD,
}
_LETTERS = _set([*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)])


class Tree:
    """The states of a pattern: state 0 is the beginning, ``end`` the end.

    Arguments:
        source: the pattern.
        tail: whether to use only the part after the last lazy quantifier.
    Raises Unsupported.
    """

    def __init__(self, source: bytes, tail: bool = False) -> None:
        #: State -> the states that are reached without a byte; and those that are reached by a
        #: byte of a set.
        self.free: list[list[int]] = [[]]
        self.moves: list[list[tuple[Bytes, int]]] = [[]]
        #: Whether the text extends to the server's end (``\\Z``).
        self.to_end = False
        tree = parser.parse(source)
        items = _flat(tree, tree.state.flags)
        lazy = [number for number, (item, _) in enumerate(items) if _is_lazy(item)]
        #: Whether the shortest text matches.
        self.lazy = bool(lazy)
        self.end = self._top(items[lazy[-1] + 1 :] if tail and lazy else items)

    def _new(self) -> int:
        if len(self.free) >= MOST_STATES:
            raise Unsupported("is too large")
        self.free.append([])
        self.moves.append([])
        return len(self.free) - 1

    def _top(self, items: list[tuple[Any, int]]) -> int:
        at = 0
        for number, ((kind, value), flags) in enumerate(items):
            if kind is sre.AT:
                self._anchor(value, number == 0, number == len(items) - 1)
            else:
                at = self._sequence([(kind, value)], at, flags)
        return at

    def _sequence(self, items: list[Any], at: int, flags: int) -> int:
        for kind, value in items:
            if kind in _SINGLE:
                at = self._move(at, _SINGLE[kind](value, flags))
                continue
            if kind is sre.AT:
                self._anchor(value, first=False, last=False)
            build = _BUILD.get(kind)
            if build is None:
                raise Unsupported(f"has {_NAMES.get(str(kind).lower(), str(kind))}")
            at = build(self, value, at, flags)
        return at

    def _anchor(self, kind: Any, first: bool, last: bool) -> None:
        if first and kind in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING):
            return
        if last and kind is sre.AT_END_STRING:
            self.to_end = True
            return
        raise Unsupported(f"has {_ANCHORS.get(kind, 'an anchor')}")

    def _move(self, at: int, found: Bytes) -> int:
        end = self._new()
        self.moves[at].append((found, end))
        return end

    def _branch(self, value: Any, at: int, flags: int) -> int:
        end = self._new()
        for items in value[1]:
            begin = self._new()
            self.free[at].append(begin)
            self.free[self._sequence(list(items), begin, flags)].append(end)
        return end

    def _group(self, value: Any, at: int, flags: int) -> int:
        _, added, removed, items = value
        return self._sequence(list(items), at, (flags | added) & ~removed)

    def _repeat(self, value: Any, at: int, flags: int) -> int:
        least, most, items = value
        for _ in range(least):
            at = self._sequence(list(items), at, flags)
        if most is sre.MAXREPEAT:
            begin, end = self._new(), self._new()
            self.free[at] += [begin, end]
            self.free[self._sequence(list(items), begin, flags)] += [begin, end]
            return end
        end = self._new()
        for _ in range(most - least):
            self.free[at].append(end)
            begin = self._new()
            self.free[at].append(begin)
            at = self._sequence(list(items), begin, flags)
        self.free[at].append(end)
        return end


def _flat(items: Iterable[Any], flags: int) -> list[tuple[Any, int]]:
    """Return the items of a sequence and of its groups, each with its flags."""
    found: list[tuple[Any, int]] = []
    for kind, value in items:
        if kind is sre.SUBPATTERN:
            _, added, removed, inner = value
            found += _flat(inner, (flags | added) & ~removed)
        else:
            found.append(((kind, value), flags))
    return found


def _is_lazy(item: Any) -> bool:
    """Return whether the item contains a lazy quantifier."""
    if isinstance(item, (tuple, list, parser.SubPattern)):
        return (len(item) > 0 and item[0] is sre.MIN_REPEAT) or any(map(_is_lazy, item))
    return False


def _cased(bits: Bytes, flags: int) -> Bytes:
    if not flags & re.IGNORECASE:
        return bits
    letters = bits & _LETTERS
    upper = letters & _set(range(ord("A"), ord("Z") + 1))
    return bits | upper << 32 | (letters ^ upper) >> 32


def _in(items: Any, flags: int) -> Bytes:
    bits, negated = 0, False
    for kind, value in items:
        if kind is sre.NEGATE:
            negated = True
        elif kind is sre.LITERAL:
            bits |= 1 << value
        elif kind is sre.RANGE:
            bits |= _set(range(value[0], value[1] + 1))
        else:
            bits |= _CATEGORIES[value]
    bits = _cased(bits, flags)
    return EVERY ^ bits if negated else bits


_SINGLE: dict[Any, Callable[[Any, int], Bytes]] = {
    sre.LITERAL: lambda value, flags: _cased(1 << value, flags),
    sre.NOT_LITERAL: lambda value, flags: EVERY ^ _cased(1 << value, flags),
    sre.ANY: lambda _, flags: EVERY if flags & re.DOTALL else EVERY ^ _LF,
    sre.IN: _in,
}

_BUILD: dict[Any, Callable[[Tree, Any, int, int], int]] = {
    sre.BRANCH: Tree._branch,
    sre.SUBPATTERN: Tree._group,
    sre.MAX_REPEAT: Tree._repeat,
    sre.MIN_REPEAT: Tree._repeat,
}

#: The words for items that are not regular; and those for anchors.
_NAMES = {
    "assert": "a look-around",
    "assert_not": "a look-around",
    "groupref": "a back reference",
    "groupref_exists": "a condition",
    "possessive_repeat": "a possessive quantifier",
    "atomic_group": "an atomic group",
}
_ANCHORS: dict[Any, str] = {
    sre.AT_END: "$ (write the end of the line as in \\r\\n; \\Z is the server's FIN)",
    sre.AT_BOUNDARY: "\\b",
    sre.AT_NON_BOUNDARY: "\\B",
    sre.AT_BEGINNING: "^ after its beginning",
}
