r"""--set: what can be said of a service besides its texts, and how a profile says so.

A profile's own parameters are the texts that the embedded servers have too. Its manners
describe how another server goes about the same service; none is handed to an embedded one.
Those of the built-in profiles are in profiles/settings.py; SPEC.md 15 is the contract.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from .conduct import Conduct, Pattern, Text
from .verdict import WrongUsage

#: How many clients at a time, or rounds in a connection, when it is not one.
MANY, ONE = b"many", b"1"

#: The answer that is an echo.
ECHO = b"{data}"

Parameters = Mapping[str, bytes]

_NOTHING: Parameters = MappingProxyType({})


class Rule(NamedTuple):
    """Under which parameters some requirements of a profile are not judged, and why.

    Arguments:
        holds: whether the parameters in force are such.
        words: the requirements, without the profile's name.
        reason: shown where they would have been judged.
    """

    holds: Callable[[Parameters], bool]
    words: frozenset[str]
    reason: str


def says_what_scenarios_say(_parameters: Parameters) -> Conduct:
    """The conduct of a service that has no other words."""
    return Conduct()


def accept(_key: str, _value: bytes) -> None:
    """The check of a service that takes any value."""


class Settings(NamedTuple):
    """What ``--set`` may say of a service besides its texts.

    Arguments:
        manners: further parameters with their defaults, not handed to an embedded server.
        rules: which requirements a parameter leaves without a meaning.
        conduct: how the service words what scenarios say, from the parameters in force.
        check: called with each parameter that is given; raises WrongUsage.
        patterns: the texts that may be given as a pattern, ``/.../``.
        meanings: what a parameter is, for ``list``.
    """

    manners: Parameters = _NOTHING
    rules: tuple[Rule, ...] = ()
    conduct: Callable[[Parameters], Conduct] = says_what_scenarios_say
    check: Callable[[str, bytes], None] = accept
    patterns: tuple[str, ...] = ()
    meanings: Mapping[str, str] = MappingProxyType({})

    def chosen(self, texts: Parameters, given: Parameters) -> dict[str, bytes]:
        """The parameters of a profile: its texts, and those of its manners that were given.

        Arguments:
            texts: the profile's own, with their defaults.
            given: what SET says, for all profiles.
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
        """All parameters, those that were not given too."""
        return {**self.manners, **parameters}

    def not_meant(self, word: str, parameters: Parameters) -> str | None:
        """Why the parameters leave a requirement without a meaning; None when they do not."""
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
    """What an embedded server is told: the texts, and the default where only a pattern is known."""
    return tuple(
        (key, default if isinstance(parameters[key], Pattern) else bytes(parameters[key]))
        for key, default in texts.items()
    )


def answers_lines(parameters: Parameters) -> bool:
    """Whether an echo answers whole lines, and perhaps nothing that is not one."""
    return parameters.get("unit") == b"line" or other_answer(parameters)


def answers_once(parameters: Parameters) -> bool:
    """Whether the server ends a connection after its first answer."""
    return parameters.get("rounds") == ONE


def other_answer(parameters: Parameters) -> bool:
    """Whether an echo has words around what it echoes."""
    return parameters.get("answer", ECHO) != ECHO
