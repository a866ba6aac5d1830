"""Make a profile from a TOML file (``--profile ./shout.toml``).

fields.py has the keys. Every mistake is reported in one line, with the file and the line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..core.conduct import Text as ServiceText
from ..core.line import check_needs
from ..core.nearest import meant
from ..core.verdict import Level, WrongUsage
from ..scenario.profile import Profile
from ..scenario.requirement import ABORTABLE
from ..targets.address import DATAGRAMS, STREAMS
from . import fields
from .checks import (
    check_clients,
    check_given,
    check_names,
    check_patterns,
    clients_of,
    reads_after_eof,
)
from .cursor import Mistake
from .forms import Reading
from .made import Clause, Talk, made
from .play import GREETING, Script
from .read_terms import read, unescaped
from .scope import Names, Template
from .source import Source, Way
from .steps import Misread, Step, every, parse
from .tables import WORDS, Tables
from .terms import Terms, names_in, value

_PROFILE_NAME = re.compile(r"[a-z][a-z0-9-]*")

#: Steps that need a server which the suite starts; and those that need RST.
_OF_THE_PROCESS = frozenset({"restart", "terminate", "kill", "pause"})
_OF_RST = frozenset({"reset", "expect-reset"})


def read_profile(path: Path, text: str | None = None) -> Profile:
    """Return the profile of a file.

    Arguments:
        text: its content, if it has already been read.
    Raises WrongUsage: one line, with the file, the line and what is wrong.
    """
    return _File(Source(path, text)).profile()


class _File(Tables):
    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.datagrams = False
        self.templates: dict[str, Template] = {}
        self.deadlines: dict[str, float] = {}
        self.patterns: dict[str, str] = {}
        self.blocks: dict[str, tuple[Step, ...]] = {}
        #: The names that the opening of the session captures.
        self.captured: set[str] = set()

    def profile(self) -> Profile:
        name = self.top.get("name", self.source.path.stem)
        if not _PROFILE_NAME.fullmatch(name):
            raise self.source.wrong(
                ("name",),
                f"{name!r} is not a valid name of a profile "
                "(lower-case letters, digits and hyphens)",
            )
        transports = self.transports((), self.top, (*STREAMS, *DATAGRAMS))
        kinds = {one in DATAGRAMS for one in transports or STREAMS}
        if len(kinds) > 1:
            text = "a profile is one of streams or one of datagrams (udp, udp6), not of both"
            raise self.source.wrong(("transports",), text)
        self.datagrams = kinds == {True}
        self.templates = self.parameters()
        self.deadlines = self.times()
        self.patterns = self.named_patterns(self.templates)
        self._read_blocks()
        self.check_mutants()
        talk = self._session(transports or STREAMS)
        clauses = self._requirements(talk)
        return made(self.source, self.top, name, talk, clauses, self.templates)

    # Steps.

    def _read_blocks(self) -> None:
        """Read the named steps; each may use those before it."""
        for name, text in self.top.get("steps", {}).items():
            way = ("steps", name)
            if not WORDS.fullmatch(name) or not fields.STEPS.holds(text):
                raise self.source.wrong(way, f"{name} must be {fields.STEPS.words}")
            self.blocks[name] = self.steps(way, text, one_client="[steps]")

    def steps(self, way: Way, text: str | list[str], one_client: str = "") -> tuple[Step, ...]:
        """Return the steps of a text. Raises WrongUsage."""
        reading = Reading(
            self.deadlines, self.datagrams, one_client, self.patterns, list(self.blocks)
        )
        try:
            steps = parse(self.source.lines(way, text), reading, self.blocks)
            check_clients(steps, bool(one_client), self.datagrams)
            check_patterns(steps, self.datagrams)
            check_given(steps, self.patterns)
        except Misread as error:
            raise self.source.wrong(error.line, f"{error}{self._remark(way, text)}") from None
        if not steps:
            raise self.source.wrong(way, f"{way[-1]} has no step")
        return steps

    def _remark(self, way: Way, text: str | list[str]) -> str:
        whole = [text] if isinstance(text, str) else text
        if all(self.source.is_verbatim(way, one) for one in whole):
            return ""
        return (
            " (write steps between ''' and ''': between \"\"\" TOML itself takes the backslashes)"
        )

    def named(self, steps: tuple[Step, ...], known: set[str]) -> set[str]:
        """Check the names in steps; return the names known after them. Raises WrongUsage."""
        try:
            return check_names(steps, known)
        except Misread as error:
            raise self.source.wrong(error.line, str(error)) from None

    def data(self, way: Way, text: str) -> bytes:
        """Return the bytes of terms that need no client. Raises WrongUsage."""
        try:
            terms = read(text)
            unknown = [name for name in names_in(terms) if name not in self.templates]
            if unknown:
                raise Mistake(f"unknown name ${unknown[0]}{meant(unknown[0], self.templates)}")
            return self.value(terms)
        except Mistake as mistake:
            raise self.source.wrong(way, str(mistake)) from None

    def value(self, terms: Terms) -> bytes:
        """Return the bytes of terms with the defaults of all parameters. Raises Mistake."""
        import random

        known = {name: ServiceText(one.default) for name, one in self.templates.items()}
        return value(terms, Names(known, self.templates, random.Random(0)))

    # The session.

    def _session(self, transports: tuple[str, ...]) -> Talk:
        table = self.table(("session",), self.top.get("session", {}), fields.SESSION)
        opens: tuple[Step, ...] = ()
        serves, stalls = opens, opens
        known = set(self.templates)
        if "open" in table:
            opens = self.steps(("session", "open"), table["open"], one_client="a session")
            known = self.named(opens, known)
        self.captured = known - set(self.templates)
        if "serve" in table:
            serves = self.steps(("session", "serve"), table["serve"], one_client="a session")
            self.named(serves, known)
        if "stall" in table:
            stalls = self.steps(("session", "stall"), table["stall"], one_client="a session")
            self.named(stalls, known)
        first = self._first_input(table, serves)
        half = first[: max(1, len(first) // 2)]
        if "half-input" in table:
            half = self.data(("session", "half-input"), table["half-input"])
        chatter = b""
        if "chatter" in table:
            chatter = self.data(("session", "chatter"), table["chatter"])
        return Talk(
            table,
            transports,
            self.datagrams,
            Script(self.source.name, opens, self.templates, GREETING),
            Script(self.source.name, serves, self.templates),
            Script(self.source.name, stalls, self.templates),
            first,
            half,
            chatter,
            reads_after_eof((*opens, *serves)),
        )

    def _first_input(self, table: dict[str, Any], serves: tuple[Step, ...]) -> bytes:
        if "first-input" in table:
            return self.data(("session", "first-input"), table["first-input"])
        sends = [step for step in every(serves) if step.verb in ("send", "exchange", "segments")]
        if not sends:
            return b""
        terms = sends[0].terms[0]
        unknown = [name for name in names_in(terms) if name not in self.templates]
        if unknown:
            text = f"first-input is missing: what is sent first uses ${unknown[0]}"
            raise self.source.wrong(("session",), text)
        return self.value(terms)

    # The requirements.

    def _requirements(self, talk: Talk) -> list[Clause]:
        clauses: list[Clause] = []
        for number, table in enumerate(self.top.get("requirement", [])):
            clause = self._requirement(("requirement", number), table, talk)
            if any(clause.words == other.words for other in clauses):
                way = ("requirement", number, "id")
                raise self.source.wrong(way, f"there is a requirement {clause.words!r} already")
            clauses.append(clause)
        if not clauses:
            raise self.source.wrong((), "there is no [[requirement]]")
        return clauses

    def _requirement(self, way: Way, table: dict[str, Any], talk: Talk) -> Clause:
        table = self.table(way, table, fields.REQUIREMENT)
        for key in ("id", "clause", "steps"):
            if key not in table:
                name = f" of {table['id']!r}" if "id" in table else ""
                raise self.source.wrong(way, f"the requirement{name} has no {key}")
        words = table["id"]
        if not WORDS.fullmatch(words):
            text = f"{words!r} is not a valid id (lower-case letters, digits and hyphens)"
            raise self.source.wrong((*way, "id"), text)
        levels = [level for level in Level if level.value.lower() in table]
        if len(levels) != 1:
            raise self.source.wrong(way, f"give {words!r} one of must and should")
        steps = self.steps((*way, "steps"), table["steps"])
        self.named(steps, set(self.templates) | self.captured)
        verbs = {step.verb for step in every(steps)}
        transports = self.transports(way, table, talk.transports) or talk.transports
        if verbs & _OF_RST:
            transports = tuple(one for one in transports if one in ABORTABLE)
            if not transports:
                text = f"{words!r} needs RST, which none of its transports has"
                raise self.source.wrong((*way, "steps"), text)
        try:
            check_needs(table.get("line", ()), "line")
        except WrongUsage as error:
            raise self.source.wrong((*way, "line"), str(error)) from None
        return Clause(
            words,
            levels[0],
            table["clause"],
            table[levels[0].value.lower()],
            table.get("basis", ""),
            transports,
            table.get("spawned", False) or bool(verbs & _OF_THE_PROCESS),
            table.get("half-close", reads_after_eof(steps)),
            table.get("once", False),
            table.get("hint", ""),
            table.get("needs"),
            tuple(table.get("unless", ())),
            self._skips(way, table),
            Script(self.source.name, steps, self.templates),
            len(clients_of(steps)) > 1,
            tuple(table.get("line", ())),
            way,
        )

    def _skips(self, way: Way, table: dict[str, Any]) -> tuple[tuple[str, bytes, str], ...]:
        found = []
        for number, skip in enumerate(table.get("skip", [])):
            here = (*way, "skip", number)
            self.table(here, skip, fields.SKIP)
            missing = [key for key in fields.SKIP if key not in skip]
            if missing:
                raise self.source.wrong(
                    here, f"skip needs parameter, is and reason: {missing[0]} is missing"
                )
            name = skip["parameter"]
            if name not in self.templates:
                near = meant(name, self.templates)
                raise self.source.wrong(here, f"skip: unknown parameter {name!r}{near}")
            try:
                found.append((name, unescaped(skip["is"]), skip["reason"]))
            except Mistake as mistake:
                raise self.source.wrong(here, f"skip: {mistake}") from None
        return tuple(found)
