"""Judge a class in rounds: if a worker is lost, the other workers judge its targets.

pytest-xdist ends a run if a worker dies (a host went down, or a server without a box killed it).
The targets without an outcome are then judged in another round, on the places that still answer.
If two workers have died while they judged the same target, it is not tried a third time: it may
have killed them.
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

#: The number of workers that may die while they judge the same target.
MOST_LOST = 2

Take = Callable[[str, Outcome], None]


def judge_in_rounds(
    entries: list[Entry], take: Take, jobs: int | None, places: tuple[str, ...]
) -> bool:
    """Judge a class; return whether it was completed, False after an interruption.

    Arguments:
        take: called with the name and the outcome of each entry when it arrives.
        jobs: targets at a time on this machine; None is one per core, or none if there are places.
        places: execnet's specifications of workers on other machines.
    Raises SuiteFailed if the workers stop for a reason that has nothing to do with a target.
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
    # -c and its value are one word, so that pytest-xdist does not treat the value as a path that
    # it has to copy to other machines.
    plugin = f"{__package__}.plugin"
    arguments = [f"-c{os.devnull}", "--noconftest", *XDIST, "-p", plugin]
    arguments += ["-p", "no:terminal", "-p", "no:cacheprovider", "--dist=loadgroup"]
    arguments += ["--max-worker-restart=0"]
    for place in places:
        arguments += ["--tx", f"{place}{ELSEWHERE}"]
    if is_local:
        # At least one worker process, so that a target cannot harm the controlling process.
        workers = min(jobs or os.cpu_count() or 1, len(given.entries))
        arguments += [f"--tx={workers}*popen"] if places else ["-n", str(workers)]
    with alone():
        return int(pytest.main(arguments, plugins=[given]))
