"""The file system of a box: the whole system to be read, without what is others'.

Home folders, /run and what belongs to other targets are not there; /tmp is the target's own, of a
bounded size. Words for bubblewrap (bwrap(1)), from the whole to its parts.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

#: Places of others, and of the system's services, whose sockets a read-only mount leaves open.
HIDDEN = ("/run", "/tmp", "/var/tmp", "/dev/shm", "/root", "/home", "/mnt", "/media", "/srv")

#: Those of them that a server may write to, or where the system's sockets appear at any time.
USED = frozenset({"/run", "/tmp", "/var/tmp", "/dev/shm"})

#: Files that only root may read: in a box of root's, the server may have root's files.
SECRETS = ("/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/sudoers", "/var/spool", "/var/log")


#: Modes of what is made in the box: the server may be another user than bubblewrap.
_PUBLIC, _OPEN = ("--perms", "1777"), ("--perms", "0755")


class Box(NamedTuple):
    """What a target's box is like; plain values, for it travels.

    ``own`` is the folder that it may write to, if it has one for itself; ``seen`` are folders that
    it may read, and ``unseen`` the files and folders of others. ``disk`` is in MiB, ``cpu`` in
    seconds and ``files`` open descriptors, ``processes`` at once. ``user`` is who the server is
    outside, where that is not the suite's user, ``accounts`` the file that has its name, and
    ``instead`` what stands in the place of the first folder that it may read.
    """

    own: str | None = None
    seen: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    disk: int = 1024
    cpu: int = 600
    files: int = 0
    processes: int = 0
    user: int = 0
    accounts: str | None = None
    instead: str | None = None


def mounts(box: Box, folder: str, named: Sequence[str]) -> list[str]:
    """The file system of the box, from the whole to its parts."""
    words = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    # Some files in /proc are writable to root's user without any capability (sysctl).
    words += ["--remount-ro", "/proc"]
    size, scratch = str(box.disk * 1024 * 1024), os.path.realpath(tempfile.gettempdir())
    for place in dict.fromkeys((*HIDDEN, scratch)):
        if _is_to_be_hidden(place):
            words += [*_PUBLIC, "--size", size, "--tmpfs", place]
    words += ["--remount-ro", "/dev"]
    masked = [one for one in (*SECRETS, *box.unseen) if _is_seen(one, box, folder)]
    covered = (*HIDDEN, scratch)
    instead = {box.seen[0]: box.instead} if box.seen and box.instead else {}
    for place in dict.fromkeys((*_toolchains(), *box.seen, folder)):
        if os.path.isdir(place) and (
            place in instead or any(_is_in(place, one) for one in covered)
        ):
            words += [*_way_to(place, covered), "--ro-bind", instead.get(place, place), place]
    if box.own and os.path.isdir(box.own):
        words += [*_way_to(box.own, covered), "--bind", instead.get(box.own, box.own), box.own]
    for place in masked:
        is_folder = os.path.isdir(place)
        words += ["--tmpfs", place] if is_folder else ["--ro-bind", "/dev/null", place]
    for place in _toolchains():
        # Where another target's folder holds what all of them run with.
        if any(_is_in(place, one) for one in masked):
            words += ["--ro-bind", place, place]
    for place in masked:
        words += ["--remount-ro", place] if os.path.isdir(place) else []
    if box.accounts and os.path.isfile("/etc/passwd"):
        words += ["--ro-bind", box.accounts, "/etc/passwd"]
    for place in dict.fromkeys(named):
        # The data folder, the certificate: what this server was given by name.
        if place.startswith(f"{scratch}/") and os.path.exists(place):
            words += _way_to(place, covered)
            words += ["--bind" if os.path.isdir(place) else "--ro-bind", place, place]
    return words


def _way_to(place: str, covered: Sequence[str]) -> list[str]:
    """The folders above a place that are not there: bubblewrap would make them its user's own."""
    above = [str(one) for one in reversed(Path(place).parents)]
    missing = [one for one in above if any(_is_in(one, other) for other in covered)]
    return [word for one in missing if one not in covered for word in (*_OPEN, "--dir", one)]


def _is_to_be_hidden(folder: str) -> bool:
    """Whether there is something to be hidden: each mount costs time at every start."""
    if not os.path.isdir(folder) or os.path.islink(folder):
        return False
    try:
        return folder in USED or bool(os.listdir(folder))
    except OSError:
        return True


def _is_seen(place: str, box: Box, folder: str) -> bool:
    """Whether something of others would be there to be masked."""
    if not os.path.exists(place):
        return False
    shown = [one for one in (box.own, *box.seen, folder) if one]
    return any(_is_in(place, one) for one in shown) or not any(_is_in(place, one) for one in HIDDEN)


def _is_in(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _toolchains() -> list[str]:
    """What the suite and other programs need, wherever it is installed (pyenv, nvm, cargo)."""
    package = str(Path(__file__).resolve().parent.parent)
    on_path = [os.path.realpath(one) for one in os.environ.get("PATH", "").split(":") if one]
    ours = [os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix), package]
    found = [one for one in map(_below_home, [*on_path, *ours]) if os.path.isdir(one)]
    return [one for one in dict.fromkeys(found) if one != "/" and one not in HIDDEN]


def _below_home(path: str) -> str:
    """The folder directly below a home folder that a path lies in; elsewhere the path itself."""
    parts = Path(path).parts
    depth = {"root": 3, "home": 4}.get(parts[1] if len(parts) > 1 else "")
    return path if depth is None else str(Path(*parts[:depth]))
