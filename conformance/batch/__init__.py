"""``run @FILE.toml --all``: judge every target of a file, many at a time, each in isolation.

[limits]                     # of each target; these are the defaults
time = 600                   # seconds
memory = 2048                # MiB, of all its processes together
processes = 1024             # with their threads, where the kernel counts
cpu = 600                    # seconds of a processor, of each process
files = 4096                 # open descriptors of each process
disk = 1024                  # MiB

[targets.alice]
command = "node server.js {port}"
directory = "alice"
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ..core.output import say
from ..core.verdict import Exit, WrongUsage
from ..loading import load
from ..marks.scheme import Scheme, read_scheme
from ..plan import Options, Plan, address_of
from ..reports.writing import make_folder
from ..runner.preflight import resolved, self_check
from ..targets.address import has_ipv6
from ..targets.files import read_grade, read_limits, read_targets
from ..targets.grammar import CommandTarget, parse_target
from .boxes import AUTO, box_of, check_way, describe, describe_limits
from .kept import Keep, forget, kept_results, seed_before
from .limits import Limits
from .plugin import Entry
from .report import ClassReport
from .rounds import judge_in_rounds


def run_class(
    options: Options,
    report: Path,
    jobs: int | None = None,
    places: tuple[str, ...] = (),
    keep: Keep | None = None,
    isolate: str = AUTO,
) -> Exit:
    """Judge every target of a file.

    Arguments:
        options: the options for all targets; ``target`` is ``@FILE.toml``.
        report: the folder for the report.
        jobs: how many targets to judge at a time; None: one per core.
        places: execnet's specifications of workers on other machines (``socket=HOST:PORT``).
        keep: which results of an earlier run are kept, so that their targets are not judged again;
            None: none.
        isolate: how the targets are isolated from each other (boxes.py).
    Returns the exit status of the target with the most serious one. Raises WrongUsage for any
    target, before the first is judged; SuiteFailed, and NotWritten.
    """
    check_way(isolate)
    if not options.seed and keep is Keep.ENDED:
        options = options._replace(seed=seed_before(report))
    if not options.seed:
        # With the default seed, a server could contain a table of the expected answers.
        options = options._replace(seed=str(secrets.randbits(63)))
    planned = planned_entries(options)
    entries = _kept_apart([entry for entry, _ in planned], isolate, options.target, report)
    self_check()
    if places:
        from .places import check_places

        check_places(places)
    make_folder(report)
    plans = {entry.name: plan for entry, plan in planned}
    book = ClassReport(plans, report, shard=options.shard, scheme=_scheme(options, plans))
    say(f"conformance: {len(entries)} targets of {options.target[1:]}")
    say(describe(isolate))
    say(describe_limits())
    if keep is not None:
        kept = set()
        for name, results in kept_results(report, plans, keep):
            book.keep(name, results)
            kept.add(name)
        entries = [entry for entry in entries if entry.name not in kept]
        say(f"conformance: {len(kept)} were {keep.value} before; {len(entries)} are judged")
        if not entries:
            return book.end("")
    forget(report, [entry.name for entry in entries])
    if not judge_in_rounds(entries, book.take, jobs, places):
        say("conformance: interrupted; --resume judges what has no result")
        return Exit.INTERRUPTED
    verdict = book.end("its worker was lost")
    say(f"seed: {options.seed} (--seed={options.seed} judges with the same data again)")
    return verdict


def _kept_apart(entries: list[Entry], way: str, at: str, report: Path) -> list[Entry]:
    """Return the entries with the boxes in which their servers will be started."""
    # Each path is resolved once: the boxes of a large class name all folders of the others.
    folders = [_real(one.options.directory) for one in entries]
    unseen = [os.path.realpath(at.removeprefix("@")), os.path.realpath(report)]
    apart = []
    for number, one in enumerate(entries):
        if not is_started(one.options.target):
            apart.append(one)
            continue
        others = [path for other, path in enumerate(folders) if other != number and path]
        expect = _real(one.options.expect)
        box = box_of(folders[number], others, [*unseen, expect] if expect else unseen)._replace(
            disk=one.limits.disk,
            cpu=one.limits.cpu,
            files=one.limits.files,
            processes=one.limits.processes,
        )
        apart.append(one._replace(way=way, box=box))
    return apart


def _real(path: str | None) -> str | None:
    return os.path.realpath(path) if path else None


def is_started(target: str) -> bool:
    """Return whether the suite starts a command for this target."""
    return isinstance(parse_target(target), CommandTarget)


def _scheme(options: Options, plans: dict[str, Plan]) -> Scheme | None:
    """Return the marking scheme of the class, if it has one."""
    path = options.target.removeprefix("@")
    known = {name for plan in plans.values() for name in plan.catalogue.requirements}
    return read_scheme(options.target, read_grade(path), known)


def planned_entries(options: Options) -> list[tuple[Entry, Plan]]:
    """Return the targets of the file, with the common options, and their plans.

    Raises WrongUsage.
    """
    path, _, name = options.target.removeprefix("@").partition("#")
    if not options.target.startswith("@") or name:
        raise WrongUsage(
            f"--all judges every target of a file: write @FILE.toml, not {options.target!r}"
        )
    limits = Limits(**read_limits(path))
    ipv6 = has_ipv6()
    planned = []
    names = list(read_targets(path))
    if options.shard:
        # A shard of a class consists of whole targets.
        number, count = options.shard
        chosen = names[number - 1 :: count]
        if not chosen:
            raise WrongUsage(f"--shard {number}/{count}: there are only {len(names)} targets")
        names = chosen
    for one in names:
        asked, catalogue = load(resolved(options._replace(target=f"@{path}#{one}", shard=None)))
        plan = Plan(asked, ipv6, catalogue)
        # Two targets with the same address cannot listen there at the same time.
        where = address_of(plan)
        planned.append((Entry(one, asked, limits, str(where) if where else None), plan))
    return planned
