"""The table of all profiles, and the requirements in it.

One file per profile: its requirements, each on top of the scenario that judges it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..core.nearest import meant
from ..core.verdict import WrongUsage
from ..scenario.requirement import Profile, Requirement, matches
from .chat import chat
from .client_echo import client_echo
from .crud import crud
from .discard import discard
from .echo import echo
from .greet import greet
from .half_open import half_open
from .hello import hello
from .quit import quit_
from .reset import reset
from .udp_echo import udp_echo

#: Every profile by name, in the order of the report.
PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        echo,
        greet,
        quit_,
        half_open,
        reset,
        hello,
        discard,
        udp_echo,
        chat,
        crud,
        client_echo,
    )
}

#: Every requirement by id, in the order of the report.
REQUIREMENTS: dict[str, Requirement] = {
    requirement.id: requirement
    for profile in PROFILES.values()
    for requirement in profile.requirements
}


def choose_profiles(text: str) -> list[Profile]:
    """Read a comma list of profile names.

    Raises WrongUsage, naming the known ones.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise WrongUsage("--profile is empty")
    unknown = [name for name in names if name not in PROFILES]
    if unknown:
        near = meant(unknown[0], PROFILES) or f" (known: {', '.join(PROFILES)})"
        raise WrongUsage(f"unknown profile {unknown[0]!r}{near}")
    return [PROFILES[name] for name in dict.fromkeys(names)]


def profiles_matching(patterns: Iterable[str]) -> list[Profile]:
    """The profiles that these patterns (``*``) match, each once.

    Raises WrongUsage for a pattern that matches none.
    """
    chosen: dict[str, Profile] = {}
    for pattern in patterns:
        found = [one for name, one in PROFILES.items() if matches(pattern, name)]
        chosen.update((one.name, one) for one in found or choose_profiles(pattern))
    return list(chosen.values())
