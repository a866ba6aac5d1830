"""Select the cases of a plan: ``--case``, ``--skip``, ``--last-failed``, ``--shard``.

A pattern is an id (``echo/half-close``), an id with wildcards (``echo/reset-*``), or the words
after any profile's name (``half-close``, ``*close*``). Each may be followed by a transport, to
select only that one (``half-close@tcp6``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from ..core.nearest import meant
from ..core.verdict import WrongUsage, cause_of
from ..scenario.requirement import Requirement, matches


class Judged(Protocol):
    """The attributes of a case that a selection uses."""

    @property
    def requirement(self) -> Requirement:
        """The requirement of the case."""

    @property
    def transport(self) -> str:
        """The transport of the case."""

    @property
    def name(self) -> str:
        """The name, which is unique in a plan."""


Case = TypeVar("Case", bound=Judged)

#: The most shards of a run, and the most times that a case is judged.
MOST_SHARDS = MOST_REPEATS = 1000


def selected(
    cases: list[Case],
    requirements: Mapping[str, Requirement],
    patterns: tuple[str, ...],
    skips: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
) -> list[Case]:
    """Return the cases that are asked for, in the same order.

    Arguments:
        requirements: all requirements, even if their profile was not chosen.
        patterns: which cases to judge; empty is all.
        skips: which of these cases to leave out.
        only: the names of the cases that failed last time; empty is all.
    Raises WrongUsage if a pattern matches nothing, or if no case is left.
    """
    names = [*requirements, *{name.partition("/")[2] for name in requirements}]
    for pattern in patterns:
        if not any(covers(pattern, case) for case in cases):
            near = meant(pattern.partition("@")[0], names)
            raise WrongUsage(f"--case {pattern} matches no requirement{near}")
    for pattern in skips:
        if not any(means(pattern, name) for name in requirements):
            near = meant(pattern.partition("@")[0], names)
            raise WrongUsage(f"--skip {pattern} matches no requirement{near}")
    asked = [case for case in cases if not patterns or _any(patterns, case)]
    if not asked:
        raise WrongUsage("nothing to judge")
    kept = [case for case in asked if not _any(skips, case)]
    if not kept:
        raise WrongUsage("nothing to judge: --skip leaves no requirement")
    if only:
        kept = [case for case in kept if case.name in only]
        if not kept:
            raise WrongUsage("--last-failed: the selection contains nothing that failed last time")
    return kept


def sharded(cases: list[Case], shard: tuple[int, int] | None) -> list[Case]:
    """Return every COUNT-th requirement, over all of its transports.

    All cases of a requirement are in one shard, because known failures name requirements. Raises
    WrongUsage if there are fewer requirements than shards.
    """
    if shard is None:
        return cases
    number, count = shard
    ids = list(dict.fromkeys(case.requirement.id for case in cases))
    chosen = set(ids[number - 1 :: count])
    if not chosen:
        raise WrongUsage(f"--shard {number}/{count}: there are only {len(ids)} requirements")
    return [case for case in cases if case.requirement.id in chosen]


def covers(pattern: str, case: Judged) -> bool:
    """Return whether a pattern matches a case."""
    transport = pattern.partition("@")[2]
    return means(pattern, case.requirement.id) and transport in ("", case.transport)


def means(pattern: str, identity: str) -> bool:
    """Return whether a pattern matches a requirement over at least one transport."""
    return matches(_whole(pattern), identity)


def profile_of(pattern: str) -> str:
    """Return the profile that a pattern names; ``*`` if it names none."""
    return _whole(pattern).partition("/")[0]


def shard_of(text: str) -> tuple[int, int]:
    """Parse the value of --shard. Raises WrongUsage."""
    form = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
    number, count = (int(form[1]), int(form[2])) if form else (0, 0)
    if not 1 <= number <= count <= MOST_SHARDS:
        raise WrongUsage(f"--shard: write NUMBER/COUNT, as 2/5, not {text!r}")
    return number, count


def repeat_of(text: str) -> int:
    """Parse the value of --repeat. Raises WrongUsage."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MOST_REPEATS:
        raise WrongUsage(f"--repeat: {text!r} is not a number between 1 and {MOST_REPEATS}")
    return int(text)


def patterns_of(words: Iterable[str]) -> tuple[str, ...]:
    """Return the patterns of --case or --skip; ``@FILE`` reads them from a file, one per line.

    Raises WrongUsage.
    """
    found: list[str] = []
    for word in words:
        found += _lines(word[1:]) if word.startswith("@") else [word]
    return tuple(dict.fromkeys(found))


def _lines(path: str) -> list[str]:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"patterns @{path}: {cause_of(error)}") from None
    except UnicodeDecodeError:
        raise WrongUsage(f"patterns @{path}: not UTF-8 text") from None
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    found = [line for line in lines if line]
    if not found:
        raise WrongUsage(f"patterns @{path}: it has no pattern")
    return found


def _whole(pattern: str) -> str:
    """Return a pattern with the profile, without the transport."""
    identity = pattern.partition("@")[0]
    return identity if "/" in identity else f"*/{identity}"


def _any(patterns: tuple[str, ...], case: Judged) -> bool:
    return any(covers(pattern, case) for pattern in patterns)
