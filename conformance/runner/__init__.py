"""One run from beginning to end: prepare, hand over to pytest, report, exit status.

The library's way in; the command line (cli.py) and the self-test go through here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from ..core.invocation import SUITE
from ..core.output import complain, quoted
from ..core.verdict import Exit, NotWritten, SuiteFailed, Unreachable, WrongUsage
from ..plan import Options, expectations
from ..reports.results import Results, results_of_run
from ..reports.writing import make_folder
from ..targets.launch import stop_servers
from .alone import XDIST, alone
from .console import Console
from .controller import PreparedRun
from .pace import in_flight
from .preflight import prepare

if TYPE_CHECKING:
    from .workers import Workers

_HERE = Path(__file__).parent.parent


def run(
    options: Options,
    report: Path | None,
    jobs: int | None = None,
    stream: IO[str] | None = None,
    max_failures: int = 0,
    deliver: Callable[[Results], None] | None = None,
) -> Exit:
    """Judge a target.

    Arguments:
        report: the folder for the reports; None writes none.
        jobs: workers; None is as many as pace.py says.
        stream: where to print; None is stdout.
        max_failures: failures after which to stop; 0 is all.
        deliver: called with the results, where there are any.
    Returns the exit status. What is wrong with the options or the target is said in
    one line on stderr.
    """
    began = time.monotonic()
    try:
        plan = prepare(options)
        prepared = PreparedRun(plan, expectations.read(plan.options.expect))
        if report is not None:
            make_folder(report)
    except (WrongUsage, Unreachable, SuiteFailed, NotWritten) as error:
        complain(str(error), tuple(getattr(error, "output", ())))
        return error.exit
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    finally:
        stop_servers()
    # Not where pytest loads the plugin alone, in a project that judges no server.
    from .workers import forked

    console = Console(plan, stream)
    console.begin()
    at_once = jobs or in_flight(len(plan.cases), plan.options.selftest)
    workers = min(at_once, len(plan.cases))
    if plan.takes_turns:
        workers = 0
    with quoted(stream):
        with (
            forked(plan, prepared.known, workers) as ours,
            console.screen.moving(console.progress),
        ):
            status = _run_pytest(prepared, report, workers, console, max_failures, ours)
        controller = console.controller
        if controller is None or controller.summary is None:
            # Pytest's own 0, 1 and 5 would be verdicts, and there is none.
            known = status in list(Exit) and status not in (0, 1, 5)
            return Exit(status) if known else Exit.INTERNAL_ERROR
        console.end(controller.summary, report, time.monotonic() - began)
        if deliver is not None:
            deliver(results_of_run(plan, controller.summary))
    if console.screen.failure is not None:
        complain(str(console.screen.failure))
        return console.screen.failure.exit
    return controller.summary.exit


def _run_pytest(
    prepared: PreparedRun,
    report: Path | None,
    workers: int,
    console: Console,
    max_failures: int,
    ours: list[Workers],
) -> int:
    arguments = [
        str(_HERE / "test_conformance.py"),
        "-c",
        str(_HERE / "pytest.ini"),
        f"--rootdir={_HERE}",
        "-p",
        f"{SUITE}.plugin",
        "-p",
        f"{SUITE}.runner.pace",
        "-p",
        "no:terminal",
        "-p",
        "no:cacheprovider",
    ]
    if max_failures:
        arguments.append(f"--maxfail={max_failures}")
    if report is not None:
        arguments.append(f"--conformance-report={report}")
    if workers > 1 and not ours:
        arguments += [*XDIST, "-n", str(workers), "--max-worker-restart=0", "--dist=worksteal"]
    with alone():
        return int(pytest.main(arguments, plugins=[console, prepared, *ours]))
