"""A class is judged in rounds: what a lost worker had is judged by those that are left.

pytest-xdist ends a run when a worker dies (a host went down, or a server without a box killed it).
The targets that have no outcome then are judged in another round, on the places that still answer.
A target that two workers were judging when they died is not tried a third time: it may have ended
them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

import pytest

from ..core.output import quoted, say
from ..core.verdict import SuiteFailed
from ..runner.alone import ELSEWHERE, XDIST, alone
from .isolated import Outcome
from .plugin import Entry, GivenClass

#: Workers that may die while they judge one target.
MOST_LOST = 2

Take = Callable[[str, Outcome], None]


def judge_in_rounds(
    entries: list[Entry], take: Take, jobs: int | None, places: tuple[str, ...]
) -> bool:
    """Judge a class; whether it came to its end: False is an interruption.

    Arguments:
        take: called with each entry's name and outcome, as they come.
        jobs: targets at a time, on this machine; None is one per core where there are no places.
        places: execnet's specifications of workers elsewhere.
    Raises SuiteFailed when the workers stop for no reason that concerns a target.
    """
    came: set[str] = set()
    lost: Counter[str] = Counter()

    def keep(name: str, outcome: Outcome) -> None:
        came.add(name)
        take(name, outcome)

    def unjudged() -> list[Entry]:
        return [one for one in entries if one.name not in came and lost[one.name] < MOST_LOST]

    is_local = not places or jobs is not None
    while rest := unjudged():
        before = len(came) + lost.total()
        given = GivenClass(rest, keep, lambda name: lost.update([name]))
        with quoted():
            status = _run_pytest(given, jobs, places, is_local)
        if status == pytest.ExitCode.INTERRUPTED:
            return False
        if len(came) + lost.total() == before:
            raise SuiteFailed(f"the workers stopped unexpectedly (pytest's status {status})")
        left = len(unjudged())
        if not left:
            break
        places = _answering(places)
        if not places and not is_local:
            break
        say(f"conformance: a worker was lost; {left} targets are judged by the others")
    return True


def _answering(places: tuple[str, ...]) -> tuple[str, ...]:
    if not places:
        return ()
    from .places import failures_of

    failures = failures_of(places)
    for failure in failures.values():
        if failure is not None:
            say(f"conformance: {failure}; nothing more is judged there")
    return tuple(one for one in places if failures[one] is None)


def _run_pytest(
    given: GivenClass, jobs: int | None, places: tuple[str, ...], is_local: bool
) -> int:
    # -c and its value are one word, which pytest-xdist does not take for a path that it has to
    # bring to other machines.
    plugin = f"{__package__}.plugin"
    arguments = [f"-c{os.devnull}", "--noconftest", *XDIST, "-p", plugin]
    arguments += ["-p", "no:terminal", "-p", "no:cacheprovider", "--dist=loadgroup"]
    arguments += ["--max-worker-restart=0"]
    for place in places:
        arguments += ["--tx", f"{place}{ELSEWHERE}"]
    if is_local:
        # One worker at least: nothing that a target does may befall the controlling process.
        workers = min(jobs or os.cpu_count() or 1, len(given.entries))
        arguments += [f"--tx={workers}*popen"] if places else ["-n", str(workers)]
    with alone():
        return int(pytest.main(arguments, plugins=[given]))
