"""``--watch``: judge a target again whenever its files change.

Modification times are polled: the delay does not matter, because a verdict takes longer. This
module does not know how a target is judged.
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

#: Seconds between two polls.
INTERVAL = 0.25

#: The most files that are watched; a folder with more files is not the server's own.
MOST_FILES = 20_000

#: Folders that hold no sources. Folders whose name begins with a dot are skipped too.
_NOT_SOURCES = frozenset({"__pycache__", "node_modules", "target", "build", "dist"})

State = dict[Path, tuple[int, int]]


def watch(judge: Callable[[frozenset[Path]], Exit], roots: Iterable[Path], report: Path) -> Exit:
    """Judge, and judge again after each change, until the user interrupts.

    Arguments:
        judge: judges once; it is called with the files that have changed.
        roots: files, and folders with everything in them.
        report: the folder for the reports; it is not watched.
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
            # A file saved during the run counts as changed; files that servers write in each run
            # do not.
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
    """Return the folders to watch for a target: those of the files that its command names.

    Raises WrongUsage if the target is not a command, which has no files.
    """
    target = parse_target(options.target)
    if not isinstance(target, CommandTarget):
        raise WrongUsage(f"--watch needs a command, whose files it watches, not {options.target!r}")
    folder = Path(options.directory or ".")
    named = [folder / word for word in target.words if (folder / word).is_file()]
    outside = [one for one in named if not one.resolve().is_relative_to(folder.resolve())]
    # An interpreter that is named with its path is a program of the system, not a source.
    system = [one for one in outside if one == folder / target.words[0] and len(named) > 1]
    return [folder, *(one.parent for one in outside if one not in system)]


def look(roots: Iterable[Path], apart: Path) -> State:
    """Return all files outside a folder, with their times and sizes, which change on a write."""
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
        return  # the file was deleted in the meantime
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
