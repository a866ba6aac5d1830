r"""--set: the parameters of a service besides its texts, and how a profile declares them.

A profile's own parameters are the texts that the embedded servers have too. Its manners
describe how another server provides the same service; an embedded server gets none of them.
The manners of the built-in profiles are in profiles/settings.py; SPEC.md 15 is the contract.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from .conduct import Conduct, Pattern, Text
from .verdict import WrongUsage

#: Values for the number of clients at a time, or of rounds in a connection.
MANY, ONE = b"many", b"1"

#: The answer template of a plain echo.
ECHO = b"{data}"

Parameters = Mapping[str, bytes]

_NOTHING: Parameters = MappingProxyType({})


class Rule(NamedTuple):
    """A rule that excludes some requirements of a profile for certain parameters.

    Arguments:
        holds: returns whether the rule applies to the parameters in force.
        words: the requirements, without the profile's name.
        reason: why they are not judged; shown in place of a verdict.
    """

    holds: Callable[[Parameters], bool]
    words: frozenset[str]
    reason: str


def says_what_scenarios_say(_parameters: Parameters) -> Conduct:
    """Return the conduct of a service that uses the words of the scenarios."""
    return Conduct()


def accept(_key: str, _value: bytes) -> None:
    """Accept any value of a parameter: the check of a service without restrictions."""


class Settings(NamedTuple):
    """The parameters that ``--set`` accepts for a service besides its texts.

    Arguments:
        manners: further parameters with their defaults; an embedded server does not get them.
        rules: the requirements that make no sense with certain parameters.
        conduct: returns the service's words, from the parameters in force.
        check: called with each parameter that is given; raises WrongUsage.
        patterns: the names of the texts that may be given as a pattern, ``/.../``.
        meanings: a description of each parameter, for ``list``.
    """

    manners: Parameters = _NOTHING
    rules: tuple[Rule, ...] = ()
    conduct: Callable[[Parameters], Conduct] = says_what_scenarios_say
    check: Callable[[str, bytes], None] = accept
    patterns: tuple[str, ...] = ()
    meanings: Mapping[str, str] = MappingProxyType({})

    def chosen(self, texts: Parameters, given: Parameters) -> dict[str, bytes]:
        """Return the parameters of a profile: its texts, and the manners that were given.

        Arguments:
            texts: the profile's own texts, with their defaults.
            given: the values of SET, for all profiles.
        Raises WrongUsage.
        """
        parameters: dict[str, bytes] = {}
        for key, default in texts.items():
            value = given.get(key, default)
            parameters[key] = value if isinstance(value, Text) else Text(value)
        for key, value in given.items():
            if key in texts or key in self.manners:
                if isinstance(value, Pattern):
                    self._check_pattern(key, value)
                self.check(key, value)
            if key in self.manners and key not in texts:
                parameters[key] = value
        return parameters

    def in_force(self, parameters: Parameters) -> dict[str, bytes]:
        """Return all parameters, including those that were not given."""
        return {**self.manners, **parameters}

    def not_meant(self, word: str, parameters: Parameters) -> str | None:
        """Return why a requirement makes no sense with the parameters; None if it does."""
        known = self.in_force(parameters)
        return next((rule.reason for rule in self.rules if _applies(rule, word, known)), None)

    def _check_pattern(self, key: str, pattern: Pattern) -> None:
        if key not in self.patterns:
            only = f"(only {' and '.join(self.patterns)})" if self.patterns else "(none can)"
            raise WrongUsage(f"--set: {key} cannot be a pattern {only}")
        try:
            empty = pattern.at_start(b"") is not None
        except re.error as error:
            raise WrongUsage(f"--set: {key}: {error}") from None
        if empty:
            raise WrongUsage(f"--set: {key}: the pattern also matches an empty text")


def _applies(rule: Rule, word: str, known: Parameters) -> bool:
    return word in rule.words and rule.holds(known)


def texts_of(texts: Parameters, parameters: Parameters) -> tuple[tuple[str, bytes], ...]:
    """Return the texts for an embedded server; a text given as a pattern keeps its default."""
    return tuple(
        (key, default if isinstance(parameters[key], Pattern) else bytes(parameters[key]))
        for key, default in texts.items()
    )


def answers_lines(parameters: Parameters) -> bool:
    """Return whether an echo answers complete lines, and perhaps nothing else."""
    return parameters.get("unit") == b"line" or other_answer(parameters)


def answers_once(parameters: Parameters) -> bool:
    """Return whether the server ends a connection after its first answer."""
    return parameters.get("rounds") == ONE


def other_answer(parameters: Parameters) -> bool:
    """Return whether an echo has words around what it echoes."""
    return parameters.get("answer", ECHO) != ECHO
