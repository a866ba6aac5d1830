"""One run from beginning to end: prepare, start pytest, report, exit status.

This is the entry point of the library; the command line (cli.py) and the self-test use it too.
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
        report: the folder for the reports; None writes no report.
        jobs: the number of workers; None lets pace.py choose.
        stream: where to print; None is stdout.
        max_failures: stop after this many failures; 0 never stops early.
        deliver: called with the results, if there are any.
    Returns the exit status. An error in the options or the target is printed to stderr in
    one line.
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
    # Imported here: a project's own pytest may load only the plugin and judge no server.
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
            # There is no verdict, so pytest's own 0, 1 and 5 must not be returned as one.
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
