"""The tables of a file: their keys, and the values that need no further parsing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..core.nearest import meant
from . import fields
from .cursor import Mistake
from .fields import Fields
from .forms import seconds_of
from .read_terms import default_of, scoped
from .scope import Template, defaults
from .source import Source, Way
from .terms import Terms, names_in

#: The syntax of ids and of other names.
WORDS = re.compile(r"[a-z0-9][a-z0-9-]*")

_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Tables:
    """Access to the tables of a file; every method raises WrongUsage.

    Arguments:
        source: the file.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.top = self.table((), source.document, fields.TOP)

    def table(self, way: Way, table: dict[str, Any], known: Fields) -> dict[str, Any]:
        """Return a table after a check of its keys and values."""
        for key, found in table.items():
            if key not in known:
                near = meant(key, known) or f" (known: {', '.join(known)})"
                raise self.source.wrong((*way, key), f"unknown key {key!r}{near}")
            form = known[key].form
            if not form.holds(found):
                raise self.source.wrong((*way, key), f"{key} must be {form.words}")
        return table

    def transports(
        self, way: Way, table: dict[str, Any], known: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return the transports of the profile or of a requirement; empty if none are given."""
        given = table.get("transports", ())
        for one in given:
            if one not in known:
                near = meant(one, known) or f" (known: {', '.join(known)})"
                raise self.source.wrong((*way, "transports"), f"unknown transport {one!r}{near}")
        if "transports" in table and not given:
            raise self.source.wrong((*way, "transports"), "transports is empty")
        return tuple(given)

    def parameters(self) -> dict[str, Template]:
        """Return the defaults of the parameters."""
        given: dict[str, Terms] = {}
        for name, found in self.top.get("parameters", {}).items():
            way = ("parameters", name)
            if not _PARAMETER.fullmatch(name):
                text = f"{name!r} is not a valid name of a parameter (letters, digits, - and _)"
                raise self.source.wrong(way, text)
            about = self.table(way, found, fields.PARAMETER) if isinstance(found, dict) else {}
            default = about.get("default") if isinstance(found, dict) else found
            if not isinstance(default, str):
                text = f"{name} must be a text, or a table with default and about"
                raise self.source.wrong(way, text)
            try:
                given[name] = default_of(default)
            except Mistake as mistake:
                raise self.source.wrong(way, str(mistake)) from None
        for name, terms in given.items():
            for other in names_in(terms):
                if other not in given:
                    near = meant(other, given) or " (a dollar itself is \\x24)"
                    text = f"unknown parameter ${other}{near}"
                    raise self.source.wrong(("parameters", name), text)
        try:
            return defaults(given)
        except ValueError as error:
            circle = " -> ".join(f"${name}" for name in error.args)
            text = f"parameters that are made of one another: {circle}"
            raise self.source.wrong(("parameters", error.args[0]), text) from None

    def times(self) -> dict[str, float]:
        """Return the deadlines, in seconds."""
        found = {}
        for name, text in self.top.get("deadlines", {}).items():
            seconds = seconds_of(text) if isinstance(text, str) else None
            if seconds is None or not WORDS.fullmatch(name):
                raise self.source.wrong(
                    ("deadlines", name), f'{name} must be a time, as in "500ms", "3s" or "2m"'
                )
            found[name] = seconds
        return found

    def named_patterns(self, parameters: Mapping[str, Template]) -> dict[str, str]:
        """Return the named patterns."""
        found: dict[str, str] = {}
        for name, source in self.top.get("patterns", {}).items():
            way = ("patterns", name)
            if not _PARAMETER.fullmatch(name) or not isinstance(source, str):
                raise self.source.wrong(way, f"{name} must be a pattern: '[0-9]+'")
            if name in parameters:
                raise self.source.wrong(way, f"there is a parameter {name!r} already")
            try:
                found[name] = scoped(source)
            except Mistake as mistake:
                raise self.source.wrong(way, str(mistake)) from None
        return found

    def check_mutants(self) -> None:
        """Check that all broken servers have names and commands."""
        for name, table in self.top.get("mutants", {}).items():
            way = ("mutants", name)
            if not WORDS.fullmatch(name) or not isinstance(table, dict):
                raise self.source.wrong(way, "write [mutants.NAME] with command and breaks")
            self.table(way, table, fields.MUTANT)
            if "command" not in table:
                raise self.source.wrong(way, f"the mutant {name!r} has no command")
