"""The catalogue of a run: its profiles, and the requirements in them.

The built-in one is ``profiles.BUILT_IN``. If a run loads other profiles (loading/), its plan has
a catalogue with these as well; the shared built-in catalogue is never changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from ..core.nearest import meant
from ..core.verdict import WrongUsage
from .profile import Profile
from .requirement import Requirement, matches


class Catalogue:
    """Profiles and requirements by name, in the order of the report.

    Arguments:
        profiles: the profiles; their names must be unique.
    """

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self.profiles: dict[str, Profile] = {profile.name: profile for profile in profiles}

    @cached_property
    def requirements(self) -> dict[str, Requirement]:
        """All requirements by id."""
        return {one.id: one for profile in self.profiles.values() for one in profile.requirements}

    @cached_property
    def needed(self) -> frozenset[str]:
        """The ids of the requirements that others need."""
        return frozenset(
            need for one in self.requirements.values() for need in (*one.needs, *one.unless)
        )

    def extended(self, more: Iterable[Profile]) -> Catalogue:
        """Return a catalogue with further profiles after these."""
        return Catalogue([*self.profiles.values(), *more])

    def choose(self, text: str) -> list[Profile]:
        """Return the profiles of a list of names, separated by commas.

        Raises WrongUsage, which names the known profiles.
        """
        names = [name.strip() for name in text.split(",") if name.strip()]
        if not names:
            raise WrongUsage("--profile is empty")
        unknown = [name for name in names if name not in self.profiles]
        if unknown:
            near = meant(unknown[0], self.profiles) or f" (known: {', '.join(self.profiles)})"
            raise WrongUsage(f"unknown profile {unknown[0]!r}{near}")
        return [self.profiles[name] for name in dict.fromkeys(names)]

    def matching(self, patterns: Iterable[str]) -> list[Profile]:
        """Return the profiles that match these patterns (``*``), each once.

        Raises WrongUsage for a pattern without a match.
        """
        chosen: dict[str, Profile] = {}
        for pattern in patterns:
            found = [one for name, one in self.profiles.items() if matches(pattern, name)]
            chosen.update((one.name, one) for one in found or self.choose(pattern))
        return list(chosen.values())
