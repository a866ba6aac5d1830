"""``--watch``: judge a target again whenever its files change.

Modification times are polled: a person who saves a file waits for a verdict that takes longer.
Nothing here knows what judging is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from ..core.output import say
from ..core.verdict import Exit, WrongUsage
from ..plan import Options
from ..targets.grammar import CommandTarget, parse_target

#: Seconds between two looks.
INTERVAL = 0.25

#: Most files that are looked at; a folder with more is not a server's own.
MOST_FILES = 20_000

#: Folders in which nobody edits; so are those with a dot before their name.
_NOT_SOURCES = frozenset({"__pycache__", "node_modules", "target", "build", "dist"})

State = dict[Path, tuple[int, int]]


def watch(judge: Callable[[frozenset[Path]], Exit], roots: Iterable[Path], report: Path) -> Exit:
    """Judge, and again after each change, until somebody interrupts.

    Arguments:
        judge: judges once; it is told the files that have changed.
        roots: files, and folders with all that is in them.
        report: the folder that judging writes to.
    Returns the status of an interrupted run.
    """
    roots, apart = list(dict.fromkeys(roots)), report.resolve()
    changed: frozenset[Path] = frozenset()
    written: frozenset[Path] = frozenset()
    ignored: set[Path] = set()
    try:
        while True:
            before = look(roots, apart)
            if judge(changed) == Exit.INTERRUPTED:
                return Exit.INTERRUPTED
            # What was saved meanwhile counts; what servers write in each run does not.
            after = look(roots, apart)
            during = frozenset(path for path in before if before[path] != after.get(path))
            ignored |= (during & written) | (after.keys() - before.keys())
            written = during
            changed = during - ignored
            if not changed:
                say("watching for changes (^C ends)")
                changed = _next_change(roots, apart, after, ignored)
            say(f"changed: {', '.join(sorted(path.name for path in changed)[:3])}")
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def roots_of(options: Options) -> list[Path]:
    """What is watched for a target: the folders of the files that its command names.

    Raises WrongUsage for a target that has no files.
    """
    target = parse_target(options.target)
    if not isinstance(target, CommandTarget):
        raise WrongUsage(f"--watch needs a command, whose files it watches, not {options.target!r}")
    folder = Path(options.directory or ".")
    named = [folder / word for word in target.words if (folder / word).is_file()]
    outside = [one for one in named if not one.resolve().is_relative_to(folder.resolve())]
    # An interpreter that is named with its path is a program of the system, and no source.
    system = [one for one in outside if one == folder / target.words[0] and len(named) > 1]
    return [folder, *(one.parent for one in outside if one not in system)]


def look(roots: Iterable[Path], apart: Path) -> State:
    """The files there are, without a folder, and with what changes when they are written."""
    found: State = {}
    for root in roots:
        if root.is_file():
            _add(found, root)
            continue
        for where, folders, names in os.walk(root):
            folders[:] = [
                one
                for one in folders
                if one not in _NOT_SOURCES
                and not one.startswith(".")
                and Path(where, one).resolve() != apart
            ]
            for name in names:
                _add(found, Path(where, name))
            if len(found) > MOST_FILES:
                raise WrongUsage(f"--watch: {root} has more than {MOST_FILES} files")
    return found


def _add(found: State, path: Path) -> None:
    try:
        stat = path.stat()
    except OSError:
        return  # it has gone meanwhile
    found[path] = stat.st_mtime_ns, stat.st_size


def _next_change(
    roots: list[Path], apart: Path, before: State, ignored: set[Path]
) -> frozenset[Path]:
    while True:
        time.sleep(INTERVAL)
        now = look(roots, apart)
        changed = {
            path
            for path in before.keys() | now.keys()
            if path not in ignored and before.get(path) != now.get(path)
        }
        if changed:
            return frozenset(changed)
