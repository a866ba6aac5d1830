"""The text that a person reads during and after a run.

A failing run says what is wrong in its first lines: the first few failures are printed in full
when they happen, and the end lists all of them. Text from a server was made printable when it
was recorded; this module takes care of the stream's encoding and of the CI system.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import IO, Any

import pytest

from ..core.invocation import joined
from ..core.output import Screen
from ..core.verdict import MEANING, RED, Exit
from ..plan import Plan, load_words
from ..reports.proof import as_text, proof_of, terms
from ..reports.summary import Summary
from .controller import CONTROLLER, Controller

#: Failures printed in full; the others take one line each, and are complete in the report.
SHOWN_WHOLE = 5

#: The remaining time is shown once one in this many cases has been judged.
TELLS_AFTER = 10


class Console:
    """A pytest plugin that replaces pytest's own terminal report.

    Arguments:
        plan: the plan of the run.
        stream: where to print; None is stdout.
    """

    def __init__(self, plan: Plan, stream: IO[str] | None = None) -> None:
        self._plan = plan
        self.screen = Screen(stream)
        self._seen = 0
        self._began = self._last = time.monotonic()
        self.controller: Controller | None = None
        self._red: list[dict[str, Any]] = []
        self._warned: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Print one line that says what is judged, and over which transports."""
        plan = self._plan
        names = ", ".join(profile.name for profile in plan.profiles)
        against = "the mutants" if plan.options.selftest else plan.options.target
        if plan.options.faults:
            against = f"{plan.options.typed or plan.options.target} behind a proxy that breaks it"
        over = f" over the line {plan.line}" if plan.line else ""
        self.screen.say(
            f"conformance: {names} over {', '.join(plan.transports)} against {against}{over} "
            f"({len(plan.cases)} {'case' if len(plan.cases) == 1 else 'cases'})"
        )

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Store the controller, which has the results and the summary."""
        self.controller = session.config.pluginmanager.get_plugin(CONTROLLER)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Print a failure when it happens."""
        if report.when not in ("call", "setup") or (report.when == "setup" and report.passed):
            return
        self._seen += 1
        self._last = time.monotonic()
        if self.controller is not None and report.nodeid in self.controller.results:
            self._take(self.controller.results[report.nodeid])
        self.screen.progress(self.progress())

    def progress(self) -> str:
        """Return the progress, such as ``120/1196 judged, 2 failed, about 14 s left``."""
        planned = len(self._plan.cases)
        told = [f"{self._seen}/{planned} judged"]
        if self._red:
            told.append(f"{len(self._red)} failed")
        if self._seen and self._seen * TELLS_AFTER >= planned:
            each = (self._last - self._began) / self._seen
            ends = self._last + each * (planned - self._seen)
            told.append(f"about {max(0.0, ends - time.monotonic()):.0f} s left")
        return ", ".join(told)

    def _take(self, result: dict[str, Any]) -> None:
        verdict = result["verdict"]
        if verdict in RED:
            self._red.append(result)
            if len(self._red) <= SHOWN_WHOLE:
                self.screen.say(f"\n{verdict} {result['message']}")
        elif verdict == "WARN":
            self._warned.append(result)

    def end(self, summary: Summary, folder: Path | None, seconds: float) -> None:
        """Print the failures again in one line each, the counts and the verdict."""
        if len(self._red) > 1:
            self.screen.say("\nall failures:")
            for result in self._red:
                self.screen.say(_one_line(result))
        for result in self._warned:
            self.screen.say(_one_line(result))
        for line in [*summary.stale, *summary.faults]:
            word = "STALE" if line in summary.stale else "ERROR"
            self.screen.say(f"{word} {line}")
        for reason, count in self._skips(summary).items():
            self.screen.say(f"SKIP  {count} not judged: {reason}")
        if self._plan.options.faults:
            proof = proof_of(summary.results, terms(self._plan))
            text = as_text(proof, self._plan.options.kill_matrix)
            self.screen.say(f"\n{text}\n")
        counts = ", ".join(
            f"{number} {verdict}" for verdict, number in sorted(summary.counts.items())
        )
        self.screen.say(f"{counts or 'no results'} in {seconds:.1f} s")
        if folder is not None and summary.exit != Exit.INTERNAL_ERROR:
            self.screen.say(f"report: {folder / 'matrix.html'} (from results.jsonl beside it)")
        for line in self._next(summary):
            self.screen.say(line)
        self.screen.say(f"{self._verdict(summary)} (exit {int(summary.exit)})")

    def _next(self, summary: Summary) -> list[str]:
        """Return lines that suggest the next command."""
        run = self._plan.options.started
        if self._plan.options.selftest or run[-1:] != ("run",):
            return []
        suite = run[:-1]
        if summary.exit == Exit.NOT_CONFORMANT and self._red:
            words = [self._red[0]["id"], *load_words(self._plan.options)]
            return [f"next: {joined(*suite, 'explain', *words)}"]
        if summary.exit == Exit.STALE_EXPECTATIONS and self._plan.options.expect:
            return [f"next: {joined(*suite, 'baseline', '--expect', self._plan.options.expect)}"]
        if summary.exit == Exit.NOTHING_RAN:
            return [f"next: {joined(*suite, 'list')}"]
        return []

    def _verdict(self, summary: Summary) -> str:
        if self._plan.options.selftest and summary.exit in (
            Exit.CONFORMANT,
            Exit.NOT_CONFORMANT,
        ):
            if self._plan.options.faults:
                return proof_of(summary.results, terms(self._plan)).verdict
            if self._plan.options.kill_matrix:
                return f"{summary.counts.get('PASS', 0)} kills"
            otherwise = summary.counts.get("WARN", 0)
            killed = summary.counts.get("PASS", 0) + otherwise
            said = f"{killed} of {len(self._plan.cases)} mutants killed by the requirement named"
            return f"{said}, {otherwise} otherwise than expected" if otherwise else said
        return MEANING[summary.exit]

    @staticmethod
    def _skips(summary: Summary) -> dict[str, int]:
        reasons: dict[str, int] = {}
        for result in summary.results:
            if result["verdict"] == "SKIP":
                reasons[result["message"]] = reasons.get(result["message"], 0) + 1
        return reasons


def _one_line(result: dict[str, Any]) -> str:
    first = (str(result["message"]).splitlines() or [""])[0]
    if result["verdict"] == "ERROR":
        first = f"{result['id']} ({result['transport']}): {str(result['message']).splitlines()[-1]}"
    return f"{result['verdict']:<5} {first}"
