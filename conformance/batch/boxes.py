"""The isolation of the targets of a class: the strongest way that works on this machine.

With bubblewrap, each judge has its own network, which has only the loopback; each server that it
starts is in a box in that network (targets/isolation.py). A target sees neither its judge nor any
other target, and cannot take another target's port. podman started by root does the same, and is
slower; the containers of another user share the network of the machine.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from ..core.verdict import WrongUsage
from ..targets import users
from ..targets.cgroups import usable_places
from ..targets.containers import forget_root, sweep
from ..targets.isolation import Box, boxed, in_container, start_in
from ..targets.mounts import is_in
from ..targets.users import own_user, why_no_user

AUTO, BUBBLEWRAP, PODMAN, USER, NONE = "auto", "bubblewrap", "podman", "user", "none"

#: The values of --isolate.
WAYS = (AUTO, BUBBLEWRAP, PODMAN, USER, NONE)

#: The values with a box for each server.
BOXED = (BUBBLEWRAP, PODMAN)

#: How the memory and the processes of a target are limited.
ENFORCED, WATCHED = "enforced", "watched"

#: The programs that a box needs, and their Debian packages.
PROGRAMS = {
    "bwrap": "bubblewrap",
    "setsid": "util-linux",
    "prlimit": "util-linux",
    "env": "coreutils",
}

#: The programs that a box of podman needs, and the OCI runtimes in the order of podman itself.
_PODMAN = {"podman": "podman", **{one: PROGRAMS[one] for one in ("setsid", "prlimit")}}
_RUNTIMES = ("crun", "runc")

#: Seconds for the trial of a box.
TRIAL = 20.0

#: Runs a judge in its own network, without other restrictions.
_NETWORK = ["bwrap", "--die-with-parent", "--unshare-net", "--dev-bind", "/", "/"]


def check_way(way: str) -> None:
    """Raise WrongUsage for an unknown way of isolation, or one that does not work here."""
    if way not in WAYS:
        raise WrongUsage(f"--isolate: {way!r} is not one of {', '.join(WAYS)}")
    if way == BUBBLEWRAP and (why := why_no_box()):
        raise WrongUsage(f"--isolate=bubblewrap: {why}")
    if way == PODMAN and (why := usable_podman()[1]):
        raise WrongUsage(f"--isolate=podman: {why}")
    if way == USER and (why := why_no_user()):
        raise WrongUsage(f"--isolate=user: {why}")


def strongest(way: str) -> str:
    """Return the way to use on this machine, for the value of --isolate."""
    if way == AUTO:
        if not why_no_box():
            return BUBBLEWRAP
        return NONE if usable_podman()[1] else PODMAN
    return way


@functools.lru_cache(maxsize=1)
def why_no_box() -> str:
    """Return why bubblewrap cannot be used here; "" if it can. A box is built to find out."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap is a program for Linux"
    if why := _missing(PROGRAMS):
        return why
    start_in(Box(user=own_user()))
    try:
        inner = boxed(_READS, {}, "/")
    finally:
        start_in(None)
    return _tried("bwrap", in_own_network(inner))


@functools.lru_cache(maxsize=1)
def usable_podman() -> tuple[str, str]:
    """Return the OCI runtime with which podman works here, or "" and why it does not.

    A container is run to find out.
    """
    if not sys.platform.startswith("linux"):
        return "", "podman is a program for Linux here"
    if why := _missing(_PODMAN):
        return "", why
    sweep()
    why = f"{' or '.join(_RUNTIMES)} is missing (Debian: crun)"
    for runtime in filter(shutil.which, _RUNTIMES):
        start_in(Box(user=own_user(), runtime=runtime))
        try:
            with tempfile.TemporaryDirectory() as folder:
                why = _tried("podman", in_container(_READS, {}, "/", f"{folder}/pid"))
        finally:
            start_in(None)
            forget_root()
        if not why:
            return runtime, ""
    return "", why


#: The suite's helper programs can run in the box if this file can be read there.
_READS = (sys.executable, "-I", "-S", users.__file__)


def _missing(programs: dict[str, str]) -> str:
    for program, package in programs.items():
        if shutil.which(program) is None:
            return f"{program} is missing (Debian: {package})"
    return "" if hasattr(os, "pidfd_open") else "this Python has no os.pidfd_open"


def _tried(program: str, words: Sequence[str]) -> str:
    """Return why the box of this command line does not work; "" if it does."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=TRIAL, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} does not work here ({error})"
    said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return f"{program} does not work here ({said[-1]})" if done.returncode else ""


def in_own_network(argv: Sequence[str]) -> list[str]:
    """Return the command line that runs a judge in its own network."""
    user = [] if os.getuid() == 0 else ["--unshare-user"]
    return [*_NETWORK, *user, "--", *argv]


def describe(way: str) -> str:
    """Return one line that describes the isolation on this machine."""
    taken = strongest(way)
    if taken == BUBBLEWRAP:
        user = "own user, processes" if own_user() else "own processes"
        return f"isolation: bubblewrap ({user}, files and network for each target)"
    if taken == PODMAN:
        return f"isolation: podman ({_of_podman()})"
    if way == USER:
        return "isolation: user (no target can kill or trace its judge; everything else is shared)"
    if way == NONE:
        return "isolation: none, as requested; a target can reach its judge and the other targets"
    return f"isolation: none, {why_nothing()}; a target can reach its judge and the other targets"


def _of_podman() -> str:
    user = "own user, processes" if own_user() else "own processes"
    if has_own_network():
        return f"{user}, files and network for each target"
    return f"{user} and files for each target; they share the network"


def has_own_network() -> bool:
    """Return whether a judge can have its own network if podman makes its boxes."""
    return os.geteuid() == 0


def why_nothing() -> str:
    """Return why there can be no boxes here."""
    return f"{why_no_box()}, and {usable_podman()[1]}"


def kept_apart_by() -> str:
    """Return what ``auto`` stands for here: a way of isolation, or none and the reason."""
    way = strongest(AUTO)
    return f"none: {why_nothing()}" if way == NONE else way


def describe_limits() -> str:
    """Return one line that says how the limits of memory and processes work on this machine."""
    places, why = usable_places()
    if places:
        version = max(one.version for one in places if one.controllers)
        return f"limits: the kernel enforces memory and processes (cgroup version {version})"
    if not sys.platform.startswith("linux"):
        return f"limits: memory and processes are not watched ({why})"
    return f"limits: memory and processes are watched, not enforced ({why})"


def box_of(own: str | None, others: Sequence[str], unseen: Sequence[str]) -> Box:
    """Return the box of a target. All paths are real paths (realpath(3)).

    Arguments:
        own: the target's own folder.
        others: the folders of the other targets.
        unseen: files and folders that no target may see: the class's file and its report.
    """
    if own is None:
        return Box(unseen=tuple(unseen))
    apart = [one for one in others if not is_in(own, one)]
    shared = own in others or any(is_in(one, own) for one in apart)
    hidden = dict.fromkeys([*apart, *(one for one in unseen if not is_in(own, one))])
    return Box(own=None if shared else own, seen=(own,), unseen=tuple(hidden))
