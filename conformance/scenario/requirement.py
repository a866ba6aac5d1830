"""Requirements: one clause of a contract, and the scenario that judges it.

This module knows nothing about sockets, the start of a target, or pytest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..core.verdict import Level
from ..mutants.catalogue import MUTANTS
from ..targets.address import TCP, TCP6, TLS, UNIX

if TYPE_CHECKING:
    from .session import Session

Scenario = Callable[["Session"], None]
Declare = Callable[[Scenario], Scenario]

#: The transports on which an abort (RST) differs from an end (FIN).
ABORTABLE = (TCP, TCP6, TLS)

#: The subject of some requirements that not every server controls: the port or the path that it
#: binds, or the port that it binds again after a restart.
PORT, PORT_AGAIN, PATH = "port", "port again", "path"

#: The contract of the built-in profiles.
SPEC = "SPEC"

#: The reason why a requirement is not judged on a transport that is not in its list.
NOT_EXPRESSIBLE = {
    UNIX: "a Unix socket cannot express it (no RST)",
    TCP: "it is about Unix socket paths",
    TCP6: "it is about Unix socket paths",
    TLS: "it is about Unix socket paths",
}


class Requirement(NamedTuple):
    """One numbered clause of SPEC.md and the scenario that judges it.

    ``id`` is PROFILE/WORDS; ``transports`` are those to which it applies; ``spawned`` says that
    it needs a server which the suite has started. ``needs`` are the ids of the requirements
    without which this one proves nothing: if one of them is broken, or is not judged because of
    its own needs, this one is not judged. A requirement in ``unless`` prevents the judging only if
    it is broken itself.

    ``half_close``: it needs a connection with a half-close. ``once``: it is judged over only one
    transport. ``brisk``: it makes no difference whether the server pauses. ``about``: PORT,
    PORT_AGAIN, PATH or "". ``spec`` is the contract that contains the clause; ``hint`` is shown
    for a failure if the suite has no better hint. ``line``: its needs of a bad line (names of
    ``core.line.NEEDS``): over a line that does not meet them, a run without a fault proves
    nothing.
    """

    id: str
    level: Level
    clause: str
    text: str
    basis: str
    profile: str
    transports: tuple[str, ...]
    spawned: bool
    scenario: Scenario
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    half_close: bool = False
    once: bool = False
    brisk: bool = False
    about: str = ""
    spec: str = SPEC
    hint: str = ""
    line: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The id without the profile's name."""
        return self.id.partition("/")[2]

    @property
    def mutants(self) -> tuple[str, ...]:
        """The embedded broken servers that are meant to break only this requirement."""
        return tuple(name for name, mutant in MUTANTS.items() if mutant.breaks == self.id)


def spec_of(requirement: Requirement) -> dict[str, str]:
    """Return the fields of a result about its contract: none for the suite's own contract."""
    return {} if requirement.spec == SPEC else {"spec": requirement.spec}


def matches(pattern: str, identity: str) -> bool:
    """Return whether an id matches a pattern; ``*`` matches any text without a slash."""
    if "*" not in pattern:
        return pattern == identity
    return re.fullmatch("[^/]*".join(map(re.escape, pattern.split("*"))), identity) is not None
