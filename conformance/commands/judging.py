"""The commands that judge or examine a target: ``run``, ``doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.invocation import run_command
from ..core.output import say
from ..core.verdict import Exit, WrongUsage
from ..plan import Options
from ..plan.selection import patterns_of, repeat_of, shard_of
from ..reports.last import failed_last
from ..runner import run as judge
from ..runner.preflight import resolved
from ..targets.launch import stop_servers
from ..targets.orphans import guarded
from .values import count, seconds, words


def run(given: dict[str, Any]) -> Exit:
    """Run ``run``: judge a target, or every target of a file."""
    options = Options(
        target=given["TARGET"] if given["TARGET"] is not None else "ref:python",
        profile=given["--profile"],
        at=given["--at"],
        settings=given["--set"] or "",
        cases=patterns_of(given["--case"]),
        skips=patterns_of(given["--skip"]),
        shard=shard_of(given["--shard"]) if given["--shard"] is not None else None,
        repeat=repeat_of(given["--repeat"] or "1"),
        transports=words(given["--transport"]),
        links=tuple(given["--link"]),
        deadline=seconds(given["--deadline"]),
        seed=given["--seed"] or ("" if given["--all"] else "1"),
        client=given["--client"],
        level=given["--level"],
        expect=given["--expect"],
        started=run_command(),
        load=words(given["--load"]),
    )
    folder, jobs, again = Path(given["--report"]), count(given["--jobs"]), given["--last-failed"]
    if given["--all"]:
        from ..batch import run_class
        from ..batch.boxes import AUTO
        from ..batch.kept import Keep

        if given["--watch"]:
            raise WrongUsage("--watch is for one target, not for --all")
        if again and given["--resume"]:
            raise WrongUsage("--resume and --last-failed: choose one of them")
        keep = Keep.CONFORMANT if again else Keep.ENDED if given["--resume"] else None
        way, places = given["--isolate"] or AUTO, tuple(given["--tx"])
        return run_class(options, folder, jobs, places, keep, isolate=way)
    if given["--resume"]:
        raise WrongUsage("--resume is for --all: run @FILE.toml --all --resume")
    for name in ("--tx", "--isolate"):
        if given[name]:
            raise WrongUsage(f"{name} is for --all: run @FILE.toml --all {name}=...")
    most = 1 if given["-x"] else count(given["--max-failures"], "--max-failures") or 0

    def once(_changed: object = None) -> Exit:
        only = failed_last(folder) if again else ()
        if again and not only:
            say("--last-failed: nothing failed in the run before; everything is judged")
        return judge(options._replace(only=only), folder, jobs, max_failures=most)

    def watched() -> Exit:
        from ..runner.watching import roots_of, watch

        return watch(once, roots_of(resolved(options)), folder)

    def work() -> Exit:
        return watched() if given["--watch"] else once()

    # The suite's own servers, and one that already runs, leave nothing behind.
    embedded = options.target.startswith(("ref:", "mutant:")) or "://" in options.target
    return work() if embedded else Exit(guarded(work))


def doctor(given: dict[str, Any]) -> Exit:
    """Run ``doctor``: find the profile of a server."""
    from ..doctor import report

    options = Options(
        target=given["TARGET"] if given["TARGET"] is not None else "ref:python",
        at=given["--at"],
        settings=given["--set"] or "",
        load=words(given["--load"]),
    )
    try:
        status = report(options)
    finally:
        stop_servers()
    if options.target.startswith("@"):
        from ..batch.boxes import describe_limits, kept_apart_by

        # The isolation that `run @FILE --all` would use here.
        say(f"{'isolation':<10} {kept_apart_by()}")
        say(f"{'limits':<10} {describe_limits().partition(': ')[2]}")
    return status
