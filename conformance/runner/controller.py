"""The controlling process of a run: it collects the results and writes the reports.

This is a pytest plugin that plugin.py registers. Results arrive as properties of pytest's own
reports, from this process or from workers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..plan import Plan
    from ..plan.expectations import Expectations
    from ..reports.summary import Summary
    from .judge import Result

PROPERTY = "conformance"


#: The fields of a result that become properties in pytest's own JUnit XML.
_SHOWN = ("level", "clause", "verdict", "signature")


#: The name under which the controlling process's plugin is registered.
CONTROLLER = "conformance-controller"


class PreparedRun:
    """A plugin that carries what preflight.py has prepared: the target has already been reached.

    Arguments:
        plan: the plan of the run.
        known: the expectations in force.
    """

    def __init__(self, plan: Plan, known: Expectations) -> None:
        self.plan = plan
        self.known = known


class Controller:
    """The plugin of the controlling process: it collects results and writes the reports.

    Arguments:
        plan: the plan of the run; a case without a result at the end is an error.
        known: the expectations in force.
        folder: where the reports are written; None writes no report.
    """

    def __init__(self, plan: Plan, known: Expectations, folder: Path | None) -> None:
        self.plan = plan
        self.known = known
        self.folder = folder
        self.results: dict[str, Result] = {}
        self.crashes: list[str] = []
        self.summary: Summary | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Send a worker what it needs to make the same plan (pytest-xdist).

        Only plain values are sent. The worker neither reads the file of expectations, which may be
        a pipe, nor checks for IPv6.
        """
        options = self.plan.options._replace(transports=tuple(self.plan.transports))
        node.workerinput["conformance"] = {
            "options": options._asdict(),
            "ipv6": self.plan.ipv6,
            "known": self.known.as_plain(),
        }

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result out of a report, and leave the properties that JUnit XML shows."""
        results = [
            json.loads(result)
            for name, result in report.user_properties
            if name == PROPERTY and isinstance(result, str)
        ]
        if results:
            others = [one for one in report.user_properties if one[0] != PROPERTY]
            shown = [(name, str(results[0][name])) for name in _SHOWN]
            report.user_properties = [*others, *shown]
            if report.when == "call":
                self.results[report.nodeid] = results[0]
                _make_harmless(report)
        if report.failed and report.nodeid not in self.results:
            self.crashes.append(f"{report.nodeid}: {str(report.longrepr)[-2000:]}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports and set the suite's own exit status.

        If a project's own tests ran too and failed, their status is kept.
        """
        from ..core.verdict import RED, Exit, cause_of
        from ..reports import write_reports
        from ..reports.summary import summarise, without_reports

        if self.summary is not None or exitstatus == pytest.ExitCode.USAGE_ERROR:
            return
        results, most = list(self.results.values()), session.config.getoption("maxfail") or 0
        self.summary = summarise(self.plan, self.known, results, self.crashes, exitstatus, most)
        if self.folder is not None:
            try:
                write_reports(self.folder, self.plan, self.summary)
            except OSError as error:
                line = f"report {self.folder}: {cause_of(error)}"
                self.summary = without_reports(self.summary, line)
                session.exitstatus = Exit.INTERNAL_ERROR
                return
        others_failed = session.testsfailed > sum(
            self.summary.counts.get(verdict, 0) for verdict in RED
        )
        if exitstatus in (0, 1, 5) and not others_failed:
            session.exitstatus = Exit(self.summary.exit)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print, in a project's own pytest, what changes the status but is not a failed test."""
        from ..core.output import harmless

        for line in [*self.summary.stale, *self.summary.faults] if self.summary else []:
            terminalreporter.write_line(harmless(f"conformance: {line}"), red=True)


def _make_harmless(report: pytest.TestReport) -> None:
    """Make the report safe to print, in case pytest prints it itself: see output.py."""
    from ..core.output import harmless

    shown = str(report.longrepr or "")
    if harmless(shown) != shown:
        report.longrepr = harmless(shown)
    report.sections = [(name, harmless(text)) for name, text in report.sections]
