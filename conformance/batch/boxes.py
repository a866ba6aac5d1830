"""How the targets of a class are kept apart: the strongest way that works on this machine.

By bubblewrap, each judge has a network of its own, where only loopback is; each server that it
starts is in a box in it (targets/isolation.py). A target sees neither its judge nor any other
target, and cannot take a neighbour's port.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..core.verdict import WrongUsage
from ..targets import users
from ..targets.cgroups import usable_places
from ..targets.isolation import Box, boxed, start_in
from ..targets.users import own_user, why_no_user

AUTO, BUBBLEWRAP, USER, NONE = "auto", "bubblewrap", "user", "none"

#: What --isolate takes.
WAYS = (AUTO, BUBBLEWRAP, USER, NONE)

#: How memory and processes of a target are limited.
ENFORCED, WATCHED = "enforced", "watched"

#: What a box is made with, and Debian's package of each.
PROGRAMS = {
    "bwrap": "bubblewrap",
    "setsid": "util-linux",
    "prlimit": "util-linux",
    "env": "coreutils",
}

#: Seconds for a box to be tried.
TRIAL = 20.0

#: A judge in a network of its own; the rest of the machine is as it was.
_NETWORK = ["bwrap", "--die-with-parent", "--unshare-net", "--dev-bind", "/", "/"]


def check_way(way: str) -> None:
    """Raise WrongUsage for a way that there is not, or that does not work here."""
    if way not in WAYS:
        raise WrongUsage(f"--isolate: {way!r} is none of {', '.join(WAYS)}")
    if way == BUBBLEWRAP and (why := why_no_box()):
        raise WrongUsage(f"--isolate=bubblewrap: {why}")
    if way == USER and (why := why_no_user()):
        raise WrongUsage(f"--isolate=user: {why}")


def strongest(way: str) -> str:
    """Return the way that is taken on this machine, of the one that was asked for."""
    if way == AUTO:
        return NONE if why_no_box() else BUBBLEWRAP
    return way


@functools.lru_cache(maxsize=1)
def why_no_box() -> str:
    """Return why bubblewrap cannot be used here; "" when it can. A box is built to find out."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap is a program for Linux"
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            return f"{program} is missing (Debian: {package})"
    if not hasattr(os, "pidfd_open"):
        return "this Python has no os.pidfd_open"
    start_in(Box(user=own_user()))
    try:
        # Where that can be read in the box, the suite's helpers can be run in it.
        inner = boxed([sys.executable, "-I", "-S", users.__file__], {}, "/")
    finally:
        start_in(None)
    try:
        done = subprocess.run(
            in_own_network(inner), capture_output=True, text=True, timeout=TRIAL, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bwrap does not work here ({error})"
    said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return f"bwrap does not work here ({said[-1]})" if done.returncode else ""


def in_own_network(argv: Sequence[str]) -> list[str]:
    """Return the command line that runs a judge in a network of its own."""
    user = [] if os.getuid() == 0 else ["--unshare-user"]
    return [*_NETWORK, *user, "--", *argv]


def describe(way: str) -> str:
    """Return what holds on this machine, in one line, before the first target is judged."""
    if strongest(way) == BUBBLEWRAP:
        user = "own user, processes" if own_user() else "own processes"
        return f"isolation: bubblewrap ({user}, files and network for each target)"
    if way == USER:
        return "isolation: user (no target can end or trace its judge; they share all else)"
    if way == NONE:
        return "isolation: none was asked for; a target can reach its judge and the others"
    return f"isolation: none, {why_no_box()}; a target can reach its judge and the others"


def describe_limits() -> str:
    """Return how the limits of memory and processes hold on this machine, in one line."""
    places, why = usable_places()
    if places:
        version = max(one.version for one in places if one.controllers)
        return f"limits: the kernel enforces memory and processes (cgroup version {version})"
    if not sys.platform.startswith("linux"):
        return f"limits: memory and processes are not watched ({why})"
    return f"limits: memory and processes are watched, not enforced ({why})"


def box_of(folder: str | None, others: Sequence[str], unseen: Sequence[str]) -> Box:
    """Return the box of a target.

    Arguments:
        folder: where it runs.
        others: the folders of the other targets.
        unseen: files and folders that are nobody's business: the class's file, its report.
    """
    if folder is None:
        return Box(unseen=tuple(unseen))
    own = os.path.realpath(folder)
    apart = [os.path.realpath(one) for one in others]
    apart = [one for one in apart if one != own and not Path(own).is_relative_to(one)]
    shared = any(os.path.realpath(one) == own for one in others) or any(
        Path(one).is_relative_to(own) for one in apart
    )
    hidden = [*apart, *map(os.path.realpath, unseen)]
    hidden = [one for one in dict.fromkeys(hidden) if not Path(own).is_relative_to(one)]
    return Box(own=None if shared else own, seen=(own,), unseen=tuple(hidden))
