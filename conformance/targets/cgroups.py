"""A control group for all processes of one target (Linux): its limits hold for all together.

A group is a folder in each hierarchy that this process may write to: version 2 (memory.max,
pids.max, cgroup.kill) if memory and pids are enabled there, else version 1's memory and pids. The
judge stays outside. Each command of the target enters the group before it is executed, so that
none of its processes is ever outside (cgroups(7)).
"""

from __future__ import annotations

import functools
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .cgroup_places import Place, found_places
from .owner import is_gone, owner

#: Enters the groups before "--", then executes the command after it.
_ENTER = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; exec "$@"'

#: The prefix of a group's folder; the process that made the group follows.
_PREFIX = "conformance-"

#: Seconds for the processes of a group to end, and for a trial of a group.
_ENDING, _TRIAL = 3.0, 10.0

#: Version -> controller -> the file of its limit, and the file that counts its refusals.
_LIMIT = {
    (2, "memory"): "memory.max",
    (1, "memory"): "memory.limit_in_bytes",
    (2, "pids"): "pids.max",
    (1, "pids"): "pids.max",
}
_COUNT = {
    (2, "memory"): ("memory.events", "oom_kill"),
    (1, "memory"): ("memory.oom_control", "oom_kill"),
    (2, "pids"): ("pids.events", "max"),
    (1, "pids"): ("pids.events", "max"),
}

#: Without a limit of swap, a limit of memory would only move memory to swap. A system without
#: this file has no swap.
_SWAP = {2: ("memory.swap.max", "0"), 1: ("memory.memsw.limit_in_bytes", "")}


class _Entered:
    """The files by which commands of this process enter a group; there may be none."""

    files: tuple[str, ...] = ()


def start_in_group(files: Sequence[str]) -> None:
    """Start all later commands in the group that is entered by these files."""
    _Entered.files = tuple(files)


def is_in_group() -> bool:
    """Return whether commands are started in a group."""
    return bool(_Entered.files)


def entry_files() -> tuple[str, ...]:
    """Return the files by which commands enter the group; empty if there is none."""
    return _Entered.files


def joining(argv: Sequence[str]) -> list[str]:
    """Return the command line that starts a command in the group, if a group is set."""
    return entering(_Entered.files, argv) if _Entered.files else list(argv)


def entering(files: Sequence[str], argv: Sequence[str]) -> list[str]:
    """Return the command line that starts a command in the group that is entered by these files."""
    return ["/bin/sh", "-c", _ENTER, "sh", *files, "--", *argv]


class Group:
    """The control group of one target.

    Arguments:
        places: the places where it is made.
        memory: the most bytes that all its processes may use; tmpfs counts.
        processes: the most processes and threads at once.
    Raises OSError.
    """

    def __init__(self, places: Sequence[Place], memory: int, processes: int) -> None:
        self._name(f"{_PREFIX}{owner()}-{secrets.token_hex(4)}", places)
        self._processes = str(processes)
        most = {"memory": str(memory), "pids": self._processes}
        try:
            for folder, place in self._folders:
                folder.mkdir()
                for controller in place.controllers:
                    (folder / _LIMIT[place.version, controller]).write_text(most[controller])
                if "memory" in place.controllers:
                    file, swap = _SWAP[place.version]
                    with suppress(OSError):
                        (folder / file).write_text(swap or most["memory"])
        except OSError:
            self.remove()
            raise

    @classmethod
    def left_behind(cls, name: str, places: Sequence[Place]) -> Group:
        """Return a group whose maker has ended, in order to remove it."""
        group = cls.__new__(cls)
        group._name(name, places)
        group._processes = "0"
        return group

    def _name(self, name: str, places: Sequence[Place]) -> None:
        self._folders = [(Path(one.folder, name), one) for one in places]
        self._is_killed_at_once = any(one.version == 2 for one in places)

    @property
    def files(self) -> tuple[str, ...]:
        """The files by which a process enters the group."""
        return tuple(str(folder / "cgroup.procs") for folder, _ in self._folders)

    def refused(self, controller: str) -> int:
        """Return how often the kernel has enforced a limit: ``memory`` or ``pids``."""
        for folder, place in self._folders:
            if controller in place.controllers:
                file, word = _COUNT[place.version, controller]
                with suppress(OSError):
                    found = re.search(rf"^{word} (\d+)$", (folder / file).read_text(), re.MULTILINE)
                    return int(found[1]) if found else 0
        return 0

    def members(self) -> set[int]:
        """Return the processes that are in the group."""
        found: set[int] = set()
        for folder, _ in self._folders:
            with suppress(OSError):
                found.update(map(int, (folder / "cgroup.procs").read_text().split()))
        return found

    def kill(self) -> None:
        """Kill all processes in the group, and wait until they have ended."""
        until = time.monotonic() + _ENDING
        if not self._is_killed_at_once:
            self._allow("0")  # no new processes while the others are killed
        while time.monotonic() < until:
            for folder, place in self._folders:
                if place.version == 2:
                    with suppress(OSError):
                        (folder / "cgroup.kill").write_text("1")
            found = self.members()
            if not found:
                break
            for pid in found:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)
        if not self._is_killed_at_once:
            self._allow(self._processes)

    def _allow(self, processes: str) -> None:
        for folder, place in self._folders:
            if "pids" in place.controllers:
                with suppress(OSError):
                    (folder / "pids.max").write_text(processes)

    def remove(self) -> None:
        """Remove the group and all groups in it; idempotent."""
        self.kill()
        for folder, _ in self._folders:
            _remove(folder)


def _remove(folder: Path) -> None:
    until = time.monotonic() + _ENDING
    while folder.exists() and time.monotonic() < until:
        # A server that may write here can have made its own groups in this one.
        for below, _, _ in os.walk(folder, topdown=False):
            with suppress(OSError):
                os.rmdir(below)
        if folder.exists():
            time.sleep(0.005)  # a killed process leaves its group a little later


@functools.lru_cache(maxsize=1)
def usable_places() -> tuple[list[Place], str]:
    """Return the places for groups that limit memory and processes; if there are none, the reason.

    A group is made and entered to find out whether this works.
    """
    if not sys.platform.startswith("linux"):
        return [], "only Linux has control groups"
    try:
        own = Path("/proc/self/cgroup").read_text()
        mounts = Path("/proc/self/mountinfo").read_text()
    except OSError as error:
        return [], f"/proc tells no control group ({error.strerror})"
    places = found_places(own, mounts)
    missing = {"memory", "pids"} - {name for one in places for name in one.controllers}
    if missing:
        return [], f"no control group for {' and '.join(sorted(missing))} can be written"
    _sweep(places)
    try:
        group = Group(places, 64 << 20, 16)
    except OSError as error:
        return [], f"no control group can be made ({error.strerror})"
    try:
        tried = subprocess.run(
            entering(group.files, ["true"]), capture_output=True, timeout=_TRIAL, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], f"no control group can be entered ({error})"
    finally:
        group.remove()
    return (places, "") if tried.returncode == 0 else ([], "no control group can be entered")


def _sweep(places: Sequence[Place]) -> None:
    """Kill and remove the groups of workers that were killed."""
    names = {name for place in places for name in _names_in(place.folder)}
    for name in names:
        found = re.fullmatch(rf"{_PREFIX}([\d.]+)-\w+", name)
        if found and is_gone(found[1]):
            Group.left_behind(name, places).remove()


def _names_in(folder: str) -> list[str]:
    with suppress(OSError):
        return os.listdir(folder)
    return []
