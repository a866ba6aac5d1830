"""Where control groups can be made (Linux): found in /proc, of version 2 or of version 1.

Nothing is tried here; cgroups.py makes a group to see whether one can be.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Where groups can be made: a folder, its version, and the controllers that it is used for."""

    folder: str
    version: int
    controllers: tuple[str, ...]


def found_places(own: str, mounts: str) -> list[Place]:
    """Where groups could be made, by /proc/self/cgroup and /proc/self/mountinfo.

    A hierarchy of version 2 without memory and pids is of use to end a group at once.
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
    """A group's controllers are those that its parent hands down (cgroup.subtree_control).

    A group that has processes hands down none, but for the root: then ours lies beside our own,
    as those of a user's services do.
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
    """The root and the mount point of each hierarchy of this kind (proc(5))."""
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
    """A path of mountinfo, where blanks are written in octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)


def _below(mount: tuple[str, str], path: str) -> str | None:
    """The folder of a group; None where the mount does not show it."""
    root, point = mount
    if path == root or root == "/" or path.startswith(root.rstrip("/") + "/"):
        return os.path.normpath(point + "/" + path[len(root.rstrip("/")) :])
    return None
