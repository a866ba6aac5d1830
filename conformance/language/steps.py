"""The steps of a requirement: one per line, parsed by a table. No I/O.

    [CLIENT:] STEP        without a client it is A

The table is in kinds.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ..core.nearest import meant
from .cursor import Cursor, Mistake
from .forms import Reading
from .kinds import ALIASES, CLIENT, FOREIGN, KINDS, NEW_CLIENT, SERVER, Kind
from .terms import Regex, Terms, names_in, walk

#: The client of a step without a client's name.
FIRST = "A"


class Step(NamedTuple):
    """One step. ``line`` is its line in the file; ``text`` is its text there.

    The meaning of the fields depends on the verb: ``terms`` are the terms (several lists if they
    are separated by commas or bars), ``answer`` is what ``exchange`` awaits, ``what`` the words
    after ``as``, ``seconds`` its time, ``number`` a size or a count, ``name`` the name of ``let``
    or the signal, ``steps`` those of ``repeat``.
    """

    line: int
    text: str
    verb: str
    client: str = ""
    terms: tuple[Terms, ...] = ()
    answer: Terms = ()
    what: str = ""
    seconds: float | None = None
    number: int | str = 0
    name: str = ""
    steps: tuple[Step, ...] = ()
    #: The line of the ``do`` that contains the step, 0 if there is none.
    via: int = 0


Blocks = Mapping[str, tuple[Step, ...]]

_NONE: Blocks = MappingProxyType({})

_VERB = re.compile(r"([A-Za-z]+(?:-[A-Za-z]+)*)(?=[\s#]|$)")
_CLIENT = re.compile(
    r"((?:[A-Za-z]|\$[A-Za-z_]\w*)(?:[A-Za-z0-9-]|\$[A-Za-z_]\w*)*)[ \t]*:(?=[ \t]|$)"
)
_ODD_CLIENT = re.compile(r"([^\s\"/:#]+)[ \t]*:(?=[ \t]|$)")


class Line(NamedTuple):
    """A line with a step, and its number in the file."""

    number: int
    text: str


class Misread(Exception):
    """A step that cannot be parsed: the line, and what is wrong."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def parse(lines: list[Line], reading: Reading, blocks: Blocks = _NONE) -> tuple[Step, ...]:
    """Return the steps of a text.

    Arguments:
        blocks: steps by name, for ``do``.
    Raises Misread.
    """
    source = iter(lines)
    return tuple(_block(source, reading, blocks, None))


def _block(
    source: Iterator[Line], reading: Reading, blocks: Blocks, began: Line | None
) -> Iterator[Step]:
    for line in source:
        try:
            step = _step(line, reading)
        except Mistake as mistake:
            raise Misread(line.number, str(mistake)) from None
        if step is None:
            continue
        if step.verb == "done":
            if began is None:
                raise Misread(line.number, "'done' ends a 'repeat', and there is none")
            return
        if step.verb == "repeat":
            step = step._replace(steps=tuple(_block(source, reading, blocks, line)))
        if step.verb == "do":
            yield from (_done(one, step) for one in blocks[step.name])
            continue
        yield step
    if began is not None:
        raise Misread(began.number, "'done' is missing: it ends the repeated steps")


def _done(step: Step, by: Step) -> Step:
    """Return a step from named steps, for the client and the line of a ``do``."""
    client = by.client if step.client == FIRST else step.client
    steps = tuple(_done(one, by) for one in step.steps)
    return step._replace(client=client, steps=steps, via=by.line)


def _step(line: Line, reading: Reading) -> Step | None:
    cursor = Cursor(line.text, reading.patterns)
    if cursor.ended:
        return None
    named = cursor.take(_CLIENT)
    if not named and (odd := cursor.take(_ODD_CLIENT)):
        raise Mistake(
            f"{odd.group(1)!r} is not a valid name of a client (letters, digits and hyphens)"
        )
    word = cursor.take(_VERB)
    if not word:
        came = repr(cursor.rest) if cursor.rest else "nothing"
        raise Mistake(f"a step is awaited here, not {came} (steps: {', '.join(KINDS)})")
    verb = ALIASES.get(word.group(1), word.group(1))
    kind = KINDS.get(verb)
    if kind is None:
        raise Mistake(_unknown(word.group(1)))
    _fits(verb, kind, named.group(1) if named else "", reading)
    details = kind.read(cursor, reading)
    step = Step(line.number, line.text[: cursor.at].strip(), verb, **details)
    if not cursor.ended:
        raise Mistake(f"{cursor.rest!r} was not expected here; write: {kind.form}")
    client = (named.group(1) if named else FIRST) if kind.by == CLIENT else ""
    return step._replace(client=client)


def _unknown(word: str) -> str:
    if word.lower() in KINDS:
        return f"unknown step {word!r}; steps are written in lower case: {word.lower()!r}"
    if word.lower() in FOREIGN:
        return f"unknown step {word!r}: {FOREIGN[word.lower()]}"
    near = meant(word, (*KINDS, *ALIASES)) or f" (steps: {', '.join(KINDS)})"
    return f"unknown step {word!r}{near}"


def _fits(verb: str, kind: Kind, client: str, reading: Reading) -> None:
    if client and kind.by != CLIENT:
        whose = "a step of the server" if kind.by == SERVER else "not a step of a client"
        raise Mistake(f"{verb!r} is {whose}: write it without '{client}:'")
    if reading.datagrams and not kind.datagrams:
        raise Mistake(f"{verb!r} has no meaning for datagrams (transports udp and udp6)")
    if not reading.datagrams and not kind.streams:
        raise Mistake(f"{verb!r} has a meaning for datagrams only")
    if reading.one_client and (kind.by == SERVER or verb in NEW_CLIENT):
        what = f"{reading.one_client}: that is one client, which has joined"
        raise Mistake(f"{verb!r} cannot stand in {what}")
    if reading.one_client and client not in ("", FIRST):
        raise Mistake(f"{client!r} cannot stand in {reading.one_client}, which has one client")


def every(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Yield every step, including those in ``repeat``."""
    for step in steps:
        yield step
        yield from every(step.steps)


def names_used(step: Step) -> Iterator[str]:
    """Yield the names that a step uses."""
    for found in (*step.terms, step.answer):
        yield from names_in(found)
    if isinstance(step.number, str):
        yield step.number
    yield from re.findall(r"\$([A-Za-z_]\w*)", step.client)


def names_given(step: Step) -> Iterator[str]:
    """Yield the names that a step defines: the name of ``let``, and the groups of its patterns."""
    if step.verb == "let":
        yield step.name
    for found in step.terms:
        for term in walk(found):
            if isinstance(term, Regex):
                yield from re.compile(term.source.encode("utf-8", "surrogateescape")).groupindex
