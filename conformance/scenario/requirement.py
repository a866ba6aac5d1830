"""What a requirement is: one clause of a contract, and the scenario that judges it.

Nothing here knows of sockets, of how a target is started, or of pytest.
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

#: Transports on which an abort (RST) can be told from an end (FIN).
ABORTABLE = (TCP, TCP6, TLS)

#: What a requirement may be about that not every server has to itself: the port or the path that
#: it binds, or the port that it binds again after a restart.
PORT, PORT_AGAIN, PATH = "port", "port again", "path"

#: The contract of the built-in profiles.
SPEC = "SPEC"

#: Why a requirement is not judged on a transport that is missing from its list.
NOT_EXPRESSIBLE = {
    UNIX: "a Unix socket cannot express it (no RST)",
    TCP: "it is about Unix socket paths",
    TCP6: "it is about Unix socket paths",
    TLS: "it is about Unix socket paths",
}


class Requirement(NamedTuple):
    """One numbered clause of SPEC.md and the scenario that judges it.

    ``id`` is PROFILE/WORDS; ``transports`` are those on which it has a meaning;
    ``spawned`` says that only a server which the suite started can show it. ``needs`` are the
    ids of those without which it says nothing: where one of them is broken, or not judged for
    such a reason, it is not judged. ``unless`` are those that keep it from being judged only
    when they themselves are broken.

    ``half_close``: it cannot be judged where a connection has no half-close. ``once``: it is
    judged over one transport alone. ``brisk``: to it a server that pauses makes no difference.
    ``about``: PORT, PORT_AGAIN, PATH or "". ``spec`` is the contract that
    the clause is a clause of; ``hint`` is said where it fails and the suite has no better one.
    ``line``: what it needs of a bad line (names of ``core.line.NEEDS``): over one that is less,
    nothing wrong says nothing.
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
        """The embedded broken servers that break this requirement and no other on purpose."""
        return tuple(name for name, mutant in MUTANTS.items() if mutant.breaks == self.id)


def spec_of(requirement: Requirement) -> dict[str, str]:
    """What a result says of its contract: nothing where that is the suite's own."""
    return {} if requirement.spec == SPEC else {"spec": requirement.spec}


def matches(pattern: str, identity: str) -> bool:
    """Whether an id matches a pattern, in which ``*`` stands for any text without a slash."""
    if "*" not in pattern:
        return pattern == identity
    return re.fullmatch("[^/]*".join(map(re.escape, pattern.split("*"))), identity) is not None
