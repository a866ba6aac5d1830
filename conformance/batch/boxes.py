"""The isolation of the targets of a class: the strongest way that works on this machine.

With bubblewrap, each judge has its own network, which has only the loopback; each server that it
starts is in a box in that network (targets/isolation.py). A target sees neither its judge nor any
other target, and cannot take another target's port.
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

#: The values of --isolate.
WAYS = (AUTO, BUBBLEWRAP, USER, NONE)

#: How the memory and the processes of a target are limited.
ENFORCED, WATCHED = "enforced", "watched"

#: The programs that a box needs, and their Debian packages.
PROGRAMS = {
    "bwrap": "bubblewrap",
    "setsid": "util-linux",
    "prlimit": "util-linux",
    "env": "coreutils",
}

#: Seconds for the trial of a box.
TRIAL = 20.0

#: Runs a judge in its own network, without other restrictions.
_NETWORK = ["bwrap", "--die-with-parent", "--unshare-net", "--dev-bind", "/", "/"]


def check_way(way: str) -> None:
    """Raise WrongUsage for a way that does not exist, or does not work here."""
    if way not in WAYS:
        raise WrongUsage(f"--isolate: {way!r} is none of {', '.join(WAYS)}")
    if way == BUBBLEWRAP and (why := why_no_box()):
        raise WrongUsage(f"--isolate=bubblewrap: {why}")
    if way == USER and (why := why_no_user()):
        raise WrongUsage(f"--isolate=user: {why}")


def strongest(way: str) -> str:
    """Return the way to use on this machine, for the value of --isolate."""
    if way == AUTO:
        return NONE if why_no_box() else BUBBLEWRAP
    return way


@functools.lru_cache(maxsize=1)
def why_no_box() -> str:
    """Return why bubblewrap cannot be used here; "" if it can. A box is built to find out."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap is a program for Linux"
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            return f"{program} is missing (Debian: {package})"
    if not hasattr(os, "pidfd_open"):
        return "this Python has no os.pidfd_open"
    start_in(Box(user=own_user()))
    try:
        # If this file can be read in the box, the suite's helpers can run in it.
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
    """Return the command line that runs a judge in its own network."""
    user = [] if os.getuid() == 0 else ["--unshare-user"]
    return [*_NETWORK, *user, "--", *argv]


def describe(way: str) -> str:
    """Return one line that describes the isolation on this machine."""
    if strongest(way) == BUBBLEWRAP:
        user = "own user, processes" if own_user() else "own processes"
        return f"isolation: bubblewrap ({user}, files and network for each target)"
    if way == USER:
        return "isolation: user (no target can end or trace its judge; they share all else)"
    if way == NONE:
        return "isolation: none was asked for; a target can reach its judge and the others"
    return f"isolation: none, {why_no_box()}; a target can reach its judge and the others"


def describe_limits() -> str:
    """Return one line that says how the limits of memory and processes work on this machine."""
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
        folder: the target's own folder.
        others: the folders of the other targets.
        unseen: files and folders that no target may see: the class's file and its report.
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
