"""The requirements that other requirements need: judged first, once, for all workers.

A scenario that begins with a small complete session proves nothing about a server that already
breaks that session. The scenario is then not judged, and the broken requirement is named instead.
Therefore a requirement that others need is judged before them, by the worker that first asks for
it. Its outcome is kept in this process, and in a folder for the other workers of the run. No
verdict depends on the order in which the workers run.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ..core.verdict import Verdict
from ..faults.table import NONE
from ..plan import Case, Plan
from ..plan.proofs import is_lawful

#: The signature of a case that was not judged because a requirement that it needs fails.
NEEDS = "needs"

#: The signature of a case that was not judged because the server is slow, and the message for the
#: cases that need it: they would take just as long.
SLOW, TOO_SLOW = "too-slow", "needs {}, for which the server is too slow"

#: The fault of the right server, which is none (faults/), and the seconds from which a scenario
#: with the right server counts as slow.
NO_FAULT, LONG = NONE.name, 0.4

#: Seconds between two checks for the outcome of another worker, and until waiting is given up.
POLL_INTERVAL, CLAIM_TIMEOUT = 0.01, 300.0


class Outcome(NamedTuple):
    """The outcome of a scenario, before expectations are applied.

    ``needs`` is the requirement that was missing; ``acted`` counts how often a fault in front of
    the server changed something.
    """

    verdict: Verdict
    signature: str = ""
    message: str = ""
    transcript: tuple[Any, ...] = ()
    seconds: float = 0.0
    needs: str = ""
    acted: int = 0


Run = Callable[[Plan, Case], Outcome]


class Board:
    """The outcomes of requirements that others need.

    Arguments:
        run: runs a case's scenario.
        folder: the folder that the workers of a run share; None if there is only one process.
    """

    def __init__(self, run: Run, folder: str | None = None) -> None:
        self._run = run
        self._folder = Path(folder) if folder and os.path.isdir(folder) else None
        self._known: dict[str, Outcome] = {}
        self._noticed: set[str] = set()

    def outcome(self, plan: Plan, case: Case) -> Outcome:
        """Return the outcome of a case; run the case now unless its outcome is known."""
        if case.skip or (case.mutant and not case.fault):
            # In the self-test each mutant is judged by each requirement.
            return self._run(plan, case)
        if case.requirement.id not in plan.catalogue.needed and case.fault != NO_FAULT:
            return self._judged(plan, case)
        if case.name not in self._known:
            self._known[case.name] = self._shared(plan, case)
        return self._known[case.name]

    def _judged(self, plan: Plan, case: Case) -> Outcome:
        if case.fault and case.fault != NO_FAULT:
            return self._behind_a_fault(plan, case)
        outcome = self._as_needed(plan, case)
        return self._again(plan, case) if case.fault and _is_red(outcome) else outcome

    def _behind_a_fault(self, plan: Plan, case: Case) -> Outcome:
        """Return the outcome with a fault in front of the server.

        The right server is judged first without a fault: a requirement that it breaks anyway
        proves nothing. Once another requirement has noticed the fault, slow scenarios are not
        judged, except for a kill matrix.
        """
        right = case._replace(mutant=f"{case.requirement.profile}/{NO_FAULT}", fault=NO_FAULT)
        known = self.outcome(plan, right)
        if known.verdict == Verdict.SKIP:
            return known
        if known.verdict != Verdict.PASS:
            said = "the right server breaks it without a fault"
            return Outcome(Verdict.SKIP, NEEDS, said, needs=case.requirement.id)
        if plan.options.kill_matrix:
            return self._run(plan, case)
        if known.seconds > LONG and self._is_noticed(case):
            return Outcome(Verdict.SKIP, NEEDS, "slow, and others notice the fault already")
        outcome = self._as_needed(plan, case)
        if _is_red(outcome) and (not outcome.acted or is_lawful(plan, case)):
            # The server did nothing wrong: the failure may come from the machine's load.
            outcome = self._again(plan, case)
        if outcome.acted and _is_red(outcome):
            self._noticed.add(case.mutant or "")
            if self._folder is not None:
                with suppress(OSError):
                    self._mark(case, self._folder).touch()
        return outcome

    def _again(self, plan: Plan, case: Case) -> Outcome:
        return self._run(plan, case._replace(again=True))

    def _is_noticed(self, case: Case) -> bool:
        known = case.mutant in self._noticed
        return known or (self._folder is not None and self._mark(case, self._folder).exists())

    @staticmethod
    def _mark(case: Case, folder: Path) -> Path:
        return folder / f"{(case.mutant or '').replace('/', '+')}.noticed"

    def _as_needed(self, plan: Plan, case: Case) -> Outcome:
        if case.requirement.id in (one.partition("@")[0] for one in plan.options.cases):
            # The user asked for this case by name: judge it without checking its needs.
            return self._run(plan, case)
        needs = case.requirement.needs
        for name in (*needs, *case.requirement.unless):
            needed = plan.case(plan.catalogue.requirements[name], case.transport)
            needed = needed._replace(mutant=case.mutant, fault=case.fault)
            if needed.skip:
                continue
            outcome = self.outcome(plan, needed)
            if outcome.signature == SLOW and name in needs:
                return Outcome(Verdict.SKIP, SLOW, TOO_SLOW.format(name))
            fails = _is_red(outcome)
            if fails or (outcome.needs and name in needs):
                # If the needed requirement itself needs a broken one, name that root cause.
                broken = outcome.needs or name
                said = f"needs {broken}, which fails"
                return Outcome(Verdict.SKIP, NEEDS, said, needs=broken)
        return self._run(plan, case)

    def _shared(self, plan: Plan, case: Case) -> Outcome:
        if self._folder is None:
            return self._judged(plan, case)
        path = self._folder / case.name.replace("/", "+")
        claim, until = path.with_suffix(".claim"), time.monotonic() + CLAIM_TIMEOUT
        while not _claimed(claim):
            if (known := _read(path)) is not None:
                return known
            if time.monotonic() > until or not _is_held(claim):
                break  # the worker that had claimed it has ended
            time.sleep(POLL_INTERVAL)
        if (known := _read(path)) is not None:
            return known
        outcome = self._judged(plan, case)
        beside = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            beside.write_text(json.dumps(outcome), encoding="ascii")
            os.replace(beside, path)
        return outcome


class SharedFolder:
    """A plugin of the controlling process that makes a folder for all workers (pytest-xdist)."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Send a worker the folder's path."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="conformance-board-")
        node.workerinput["conformance-board"] = self._folder.name

    def pytest_unconfigure(self) -> None:
        """Remove the folder."""
        if self._folder is not None:
            self._folder.cleanup()


def _is_red(outcome: Outcome) -> bool:
    return outcome.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.FLAKY)


def _claimed(claim: Path) -> bool:
    """Create the claim file; return whether this process has claimed the case."""
    try:
        with open(claim, "x", encoding="ascii") as file:
            file.write(str(os.getpid()))
    except OSError:
        return False
    return True


def _is_held(claim: Path) -> bool:
    """Return whether the process that claimed the case still runs, as far as this can be known."""
    if sys.platform == "win32":
        return True  # there os.kill() ends a process
    try:
        os.kill(int(claim.read_text(encoding="ascii") or os.getpid()), 0)
    except (OSError, ValueError):
        return False
    return True


def _read(path: Path) -> Outcome | None:
    try:
        verdict, signature, message, transcript, *rest = json.loads(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
    return Outcome(Verdict(verdict), signature, message, tuple(transcript), *rest)
