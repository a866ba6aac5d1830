"""Find the places for control groups (Linux), of version 2 or version 1, by reading /proc.

This module makes no group; cgroups.py makes one to find out whether it is possible.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """A place for groups: a folder, its version, and the controllers that it is used for."""

    folder: str
    version: int
    controllers: tuple[str, ...]


def found_places(own: str, mounts: str) -> list[Place]:
    """Return the possible places for groups.

    A hierarchy of version 2 without memory and pids is still useful to end a group at once.

    Arguments:
        own: the text of /proc/self/cgroup.
        mounts: the text of /proc/self/mountinfo.
    """
    places: list[Place] = []
    for line in own.splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if number == "0" and not names:
            for mount in _mounted(mounts, "cgroup2", ""):
                places[:0] = _second_version(_below(mount, path))
            continue
        for controller in ("memory", "pids"):
            if controller in names.split(","):
                for mount in _mounted(mounts, "cgroup", controller):
                    folder = _below(mount, path)
                    if folder and os.access(folder, os.W_OK):
                        places.append(Place(folder, 1, (controller,)))
    taken: set[str] = set()
    kept = []
    for place in places:
        new = tuple(name for name in place.controllers if name not in taken)
        taken.update(new)
        if new or place.version == 2:
            kept.append(place._replace(controllers=new))
    return kept


def _second_version(own: str | None) -> list[Place]:
    """Return the place for groups in the hierarchy of version 2, as a list of at most one.

    A group has the controllers that its parent enables (cgroup.subtree_control). A group that
    contains processes cannot enable any, except the root; then the new group is made beside this
    process's own group, like the groups of a user's services.
    """
    if own is None:
        return []
    for folder in (own, os.path.dirname(own)):
        try:
            handed_down = Path(folder, "cgroup.subtree_control").read_text().split()
        except OSError:
            continue
        used = tuple(name for name in ("memory", "pids") if name in handed_down)
        if used and os.access(folder, os.W_OK):
            return [Place(folder, 2, used)]
    can_kill = os.access(own, os.W_OK) and os.path.exists(os.path.join(own, "cgroup.procs"))
    return [Place(own, 2, ())] if can_kill else []


def _mounted(mounts: str, kind: str, controller: str) -> list[tuple[str, str]]:
    """Return the root and the mount point of each hierarchy of this kind (proc(5))."""
    found = []
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        words, described = fields.split(), rest.split()
        if described[:1] != [kind]:
            continue
        if not controller or controller in described[-1].split(","):
            found.append((_plain(words[3]), _plain(words[4])))
    return found[:1]


def _plain(path: str) -> str:
    """Return a path from mountinfo with its octal escapes (such as blanks) decoded."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)


def _below(mount: tuple[str, str], path: str) -> str | None:
    """Return the folder of a group; None if the mount does not contain it."""
    root, point = mount
    if path == root or root == "/" or path.startswith(root.rstrip("/") + "/"):
        return os.path.normpath(point + "/" + path[len(root.rstrip("/")) :])
    return None
