"""``list`` and ``explain``: the catalogue as text."""

from __future__ import annotations

from .catalogue import matches
from .mutants.catalogue import MUTANTS
from .outcome import WrongUsage
from .profiles import PROFILES, REQUIREMENTS, choose_profiles
from .transcript import escape


def listing(profiles: str | None = None) -> str:
    """Every requirement, one line each, under its profile."""
    lines = []
    for profile in choose_profiles(profiles) if profiles else PROFILES.values():
        lines.append(f"{profile.name}: {profile.title}")
        for key, default in profile.parameters.items():
            lines.append(f'  --set {key}="{escape(default)}"')
        lines += [
            f"  {one.id:<30} {one.level.value:<6} {one.clause:<5} {one.text}"
            for one in profile.requirements
        ]
        lines.append("")
    return "\n".join(lines).rstrip()


def listing_of_mutants(profiles: str | None = None) -> str:
    """Every embedded broken server, and the requirement that it breaks."""
    names = [profile.name for profile in choose_profiles(profiles)] if profiles else list(PROFILES)
    return "\n".join(
        f"mutant:{name:<36} breaks {mutant.breaks:<28} {mutant.text}"
        for name, mutant in MUTANTS.items()
        if name.partition("/")[0] in names
    )


def explain(identity: str) -> str:
    """One requirement (or all that a pattern matches) in full.

    Raises WrongUsage when nothing matches.
    """
    found = [one for one in REQUIREMENTS.values() if matches(identity, one.id)]
    if not found:
        raise WrongUsage(f"no requirement {identity!r} (see list)")
    parts = []
    for one in found:
        mutants = ", ".join(f"mutant:{name}" for name in one.mutants) or "none"
        parts.append(
            f"{one.id}\n"
            f"  {one.text}\n"
            f"  level       {one.level.value}\n"
            f"  clause      SPEC.md {one.clause}\n"
            f"  basis       {one.basis}\n"
            f"  judged over {', '.join(one.transports)}"
            f"{' (spawned servers only)' if one.spawned else ''}\n"
            f"  broken by   {mutants}\n"
            f"  try it      python -m conformance run ref:python --case {one.id}"
        )
    return "\n\n".join(parts)
