"""The commands that judge or look at a target: ``run``, ``selftest``, ``doctor``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..core.invocation import run_command
from ..core.output import say
from ..core.verdict import Exit, WrongUsage
from ..doctor import report
from ..plan import Options
from ..reports.results import read_results
from ..reports.writing import not_written
from ..runner import run as judge
from ..targets.launch import stop_servers
from .values import count, seconds, words

#: Seconds for one event of a mutant.
SELFTEST_DEADLINE = 3.0


def run(given: dict[str, Any]) -> Exit:
    """``run``: judge a target, or every target of a file."""
    options = Options(
        target=given["TARGET"] if given["TARGET"] is not None else "ref:python",
        profile=given["--profile"],
        at=given["--at"],
        settings=given["--set"] or "",
        cases=tuple(given["--case"]),
        transports=words(given["--transport"]),
        deadline=seconds(given["--deadline"]),
        seed=given["--seed"],
        client=given["--client"],
        level=given["--level"],
        expect=given["--expect"],
        started=run_command(),
        load=words(given["--load"]),
    )
    folder, jobs = Path(given["--report"]), count(given["--jobs"])
    if given["--all"]:
        from ..batch import run_class

        return run_class(options, folder, jobs, tuple(given["--tx"]))
    if given["--tx"]:
        raise WrongUsage("--tx is for --all: run @FILE.toml --all --tx=SPEC")
    most = 1 if given["-x"] else count(given["--max-failures"], "--max-failures") or 0
    return judge(options, folder, jobs, max_failures=most)


def selftest(given: dict[str, Any]) -> Exit:
    """``selftest``: judge the servers that are broken on purpose."""
    options = Options(
        profile=given["--profile"],
        cases=tuple(given["--case"]),
        # A mutant that says nothing is waited for; three seconds are enough for that.
        deadline=min(seconds(given["--deadline"]), SELFTEST_DEADLINE),
        selftest=True,
        started=run_command(),
        load=words(given["--load"]),
        kill_matrix=given["--matrix"],
    )
    # Most of the time is waiting: more workers than cores.
    jobs = count(given["--jobs"]) or 4 * (os.cpu_count() or 1)
    report = Path(given["--report"])
    status = judge(options, report, jobs)
    if not given["--matrix"] or status not in (Exit.CONFORMANT, Exit.NOT_CONFORMANT):
        return status
    from ..reports.kills import as_text, faults, write_kills

    try:
        kills = write_kills(report, read_results(report / "results.jsonl"))
    except OSError as error:
        raise not_written(f"report {report}", error) from None
    say(f"{as_text(kills)}\nkill matrix: {report / 'kills.html'}")
    return Exit.SUITE_FAILED if faults(kills) else status


def doctor(given: dict[str, Any]) -> Exit:
    """``doctor``: find the profile of a server."""
    try:
        return report(
            Options(
                target=given["TARGET"] if given["TARGET"] is not None else "ref:python",
                at=given["--at"],
                settings=given["--set"] or "",
                load=words(given["--load"]),
            )
        )
    finally:
        stop_servers()
