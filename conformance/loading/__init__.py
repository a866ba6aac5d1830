"""Load a user's own profiles from a file, a module or an installed package into a catalogue.

A run names them by ``--profile ./shout.toml``, ``--load MODULE``, ``load = [...]`` in a target
file, or by the name of a profile that an installed package declares in the entry-point group
``conformance.profiles``. The loaded sources are sent to workers with the options of the plan.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ..core.paths import is_path
from ..core.verdict import WrongUsage
from ..plan import Options
from ..plan.selection import profile_of
from ..profiles import BUILT_IN
from ..scenario.catalogue import Catalogue
from ..scenario.profile import Profile
from .alias import make_importable
from .sources import Source, module_of, read, shown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: The entry-point group of profiles: ``shout = "shout_checks:shout"``.
GROUP = "conformance.profiles"

_NAME = re.compile(r"[a-z][a-z0-9-]*")


def load(options: Options, every: bool = False) -> tuple[Options, Catalogue]:
    """Load the profiles that the options name.

    Arguments:
        every: whether to load the profiles of all installed packages, too.
    Returns the options with the sources, for other processes, and the catalogue.
    Raises WrongUsage, with the file and the line if they are known.
    """
    if options.sources:
        carried = [Source(*one) for one in options.sources]
        return options, _with(BUILT_IN, {one.word: _read(one.word, one)[0] for one in carried})
    names = [one.strip() for one in (options.profile or "").split(",") if one.strip()]
    words = [_absolute(one) for one in (*options.file_load, *options.load, *filter(is_path, names))]
    found = {word: _read(word) for word in dict.fromkeys(words)}
    loaded = {word: profiles for word, (profiles, _) in found.items()}
    known = _with(BUILT_IN, loaded)
    for one in _declared(_wanted(options, names, known), every):
        found[one.value] = _read(one.value)
        loaded[one.value] = found[one.value][0]
    if not found:
        return options, BUILT_IN
    plain = [one for one in names if not is_path(one)]
    files = [_absolute(one) for one in names if is_path(one)]
    if not names and all(profile_of(case) == "*" for case in options.cases):
        # If profiles were loaded but none was named, judge the loaded ones.
        files = list(loaded)
    chosen = [profile.name for word in files for profile in loaded[word]]
    return (
        options._replace(
            profile=",".join(dict.fromkeys([*plain, *chosen])) or None,
            load=tuple(dict.fromkeys([*options.load, *filter(is_path, names)])),
            sources=tuple(tuple(source) for _, source in found.values()),
        ),
        _with(BUILT_IN, loaded),
    )


def _absolute(word: str) -> str:
    return os.path.abspath(word) if is_path(word) else word


def _read(word: str, source: Source | None = None) -> tuple[list[Profile], Source]:
    """Return the profiles of a source."""
    if source is None:
        source = Source(word, read(word) if is_path(word) else "")
    if word.endswith(".toml"):
        # Imported here: most runs load nothing, and the import would cost time in each process.
        from ..language.document import read_profile

        return [read_profile(Path(word), source.text)], source
    make_importable()
    module, source = module_of(source)
    profiles = _profiles_of(module, word.partition(":")[2] if not is_path(word) else "")
    if not profiles:
        raise WrongUsage(f"{shown(word)}: it defines no profile")
    for profile in profiles:
        _check(profile, shown(word))
    return profiles, source


def _profiles_of(module: ModuleType, name: str) -> list[Profile]:
    """Return the profiles in a module's PROFILES, or else all among its names."""
    found = getattr(module, name, None) if name else getattr(module, "PROFILES", vars(module))
    values: Iterable[object] = [found] if isinstance(found, Profile) else ()
    if isinstance(found, dict):
        values = found.values()
    elif isinstance(found, (list, tuple)):
        values = found
    elif isinstance(found, ModuleType):
        values = vars(found).values()
    own = {id(one): one for one in values if isinstance(one, Profile)}
    built_in = {id(one) for one in BUILT_IN.profiles.values()}
    return [one for key, one in own.items() if key not in built_in]


def _check(profile: Profile, where: str) -> None:
    """Check early for mistakes that would stop a run in the middle. Raises WrongUsage."""
    if not _NAME.fullmatch(profile.name):
        raise WrongUsage(
            f"{where}: {profile.name!r} is not a valid name of a profile "
            "(lower-case letters, digits and hyphens)"
        )
    if not profile.requirements:
        raise WrongUsage(f"{where}: the profile {profile.name} has no requirements")
    ids = {one.id for one in profile.requirements}
    for one in profile.requirements:
        for need in (*one.needs, *one.unless):
            if need not in ids:
                raise WrongUsage(f"{where}: {one.id} needs {need}, which does not exist")


def _with(catalogue: Catalogue, loaded: dict[str, list[Profile]]) -> Catalogue:
    """Return the catalogue with the loaded profiles. Raises WrongUsage for a name in use."""
    taken: dict[str, str] = {}
    for word, profiles in loaded.items():
        for profile in profiles:
            if profile.name in catalogue.profiles:
                raise WrongUsage(
                    f"{shown(word)}: {profile.name} is the name of a built-in profile; "
                    "choose another name"
                )
            if profile.name in taken:
                other = shown(taken[profile.name])
                raise WrongUsage(f"{shown(word)}: {other} has a profile {profile.name}, too")
            taken[profile.name] = word
    return catalogue.extended(one for profiles in loaded.values() for one in profiles)


def _wanted(options: Options, names: list[str], catalogue: Catalogue) -> set[str]:
    """Return the names that are not known yet, which an installed package may declare."""
    asked = {one for one in names if not is_path(one)}
    asked |= {profile_of(pattern) for pattern in options.cases}
    return {one for one in asked if "*" not in one} - catalogue.profiles.keys()


def _declared(names: set[str], every: bool) -> list[EntryPoint]:
    """Return the profiles that installed packages declare under these names.

    The packages are searched only if there are names, or if all profiles are wanted.
    """
    if not names and not every:
        return []
    from importlib.metadata import entry_points

    found = {one.name: one for one in entry_points(group=GROUP)}
    return [one for name, one in found.items() if every or name in names]
