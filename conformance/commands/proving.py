"""The command that proves the requirements: ``selftest``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..core.invocation import run_command
from ..core.output import say
from ..core.verdict import Exit, WrongUsage
from ..plan import Options
from ..plan.proofs import EVERY
from ..plan.selection import patterns_of
from ..reports.results import read_results
from ..reports.writing import not_written
from ..runner import run
from .values import count, seconds, words

#: The most seconds for one event of a broken server.
DEADLINE = 3.0


def selftest(given: dict[str, Any]) -> Exit:
    """Run ``selftest``: judge servers that are broken on purpose, or by a proxy."""
    options = Options(
        profile=given["--profile"],
        cases=patterns_of(given["--case"]),
        # Some mutants never answer; three seconds of waiting are enough for them.
        deadline=min(seconds(given["--deadline"]), DEADLINE),
        patience=seconds(given["--deadline"]),
        selftest=True,
        started=run_command(),
        load=words(given["--load"]),
        kill_matrix=given["--matrix"],
        links=tuple(given["--link"]),
    )
    options = _behind_a_proxy(options, given)
    # Most of the time is spent waiting, so use more workers than cores.
    jobs = count(given["--jobs"])
    if options.faults:
        jobs = jobs or 4 * (os.cpu_count() or 1)
    report = Path(given["--report"])
    status = run(options, report, jobs)
    judged = status in (Exit.CONFORMANT, Exit.NOT_CONFORMANT)
    if not judged or not (given["--matrix"] or options.faults):
        return status
    from ..reports.kills import as_text, faults, write_kills

    try:
        kills = write_kills(report, read_results(report / "results.jsonl"))
    except OSError as error:
        raise not_written(f"report {report}", error) from None
    if options.faults:
        say(f"kill matrix: {report / 'kills.html'}")
        return status
    say(f"{as_text(kills)}\nkill matrix: {report / 'kills.html'}")
    return Exit.SUITE_FAILED if faults(kills) else status


def _behind_a_proxy(options: Options, given: dict[str, Any]) -> Options:
    """Return the options with those for the correct server, if one is named."""
    if given["--target"] is None:
        for flag in ("--fault", "--transport", "--at", "--set", "--client"):
            if given[flag]:
                raise WrongUsage(f"selftest {flag} is for a right server: --target 'COMMAND'")
        return options
    if options.links:
        raise WrongUsage("selftest --link is for the embedded broken servers, not for --target")
    return options._replace(
        target=given["--target"],
        faults=tuple(given["--fault"]) or EVERY,
        transports=words(given["--transport"]),
        at=given["--at"],
        settings=given["--set"] or "",
        client=given["--client"],
    )
