"""The file system of a box: the whole system, read-only, without the files of others.

Home folders, /run and the files of other targets are not visible; the target has its own /tmp of
a limited size. The result is a list of mounts, outer folders first: bubblewrap takes them as
arguments (isolation.py), and podman gets the same (containers.py).
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

#: Places of other users and of system services; a read-only mount would leave sockets usable.
HIDDEN = ("/run", "/tmp", "/var/tmp", "/dev/shm", "/root", "/home", "/mnt", "/media", "/srv")

#: Hidden places that a server may write to, or where the system's sockets can appear at any time.
USED = frozenset({"/run", "/tmp", "/var/tmp", "/dev/shm"})

#: Files that only root may read: if root makes the box, the server may have root's access.
SECRETS = ("/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/sudoers", "/var/spool", "/var/log")

#: What a mount is, in bwrap's words (bwrap(1)).
BIND, SEEN, EMPTY, FOLDER = "--bind", "--ro-bind", "--tmpfs", "--dir"
DEVICES, PROCESSES, READ_ONLY = "--dev", "--proc", "--remount-ro"

#: Modes of folders made in the box: the server may be another user than the one that makes them.
_PUBLIC, _OPEN = "1777", "0755"

#: The number of masked entries from which on their folder is emptied instead.
_CROWD = 16


class Mount(NamedTuple):
    """One step of making the file system of a box.

    ``source`` is what BIND and SEEN mount, ``mode`` the mode of a new folder, and ``size`` the
    limit of an EMPTY one in bytes; 0 is unlimited.
    """

    what: str
    place: str
    source: str = ""
    mode: str = ""
    size: int = 0


class Box(NamedTuple):
    """The settings of a target's box; plain values, because it is sent to other processes.

    ``own`` is the folder that the target may write to, if it has its own; ``seen`` are folders that
    it may read, and ``unseen`` the files and folders of others. ``disk`` is in MiB, ``cpu`` in
    seconds; ``files`` is the number of open descriptors, ``processes`` that of processes at once.
    ``user`` is the server's user outside the box, if it is not the suite's user; ``accounts`` is
    the file with that user's name; ``instead`` is mounted in place of the first folder in ``seen``.
    ``runtime`` is podman's OCI runtime, if podman makes the box; "" means bubblewrap.
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
    runtime: str = ""


def mounts(box: Box, folder: str, named: Sequence[str]) -> list[Mount]:
    """Return the steps of making the file system of the box, outer folders first.

    Arguments:
        folder: the folder where the server is started.
        named: words that may be paths; those in the folder for temporary files are mounted.
    """
    steps = [Mount(SEEN, "/", "/"), Mount(DEVICES, "/dev"), Mount(PROCESSES, "/proc")]
    # The user root can write to some files in /proc without any capability (sysctl).
    steps += [Mount(READ_ONLY, "/proc")]
    size, scratch = box.disk * 1024 * 1024, os.path.realpath(tempfile.gettempdir())
    for place in dict.fromkeys((*HIDDEN, scratch)):
        if _is_to_be_hidden(place):
            steps += [Mount(EMPTY, place, mode=_PUBLIC, size=size)]
    steps += [Mount(READ_ONLY, "/dev")]
    masked = [one for one in (*SECRETS, *box.unseen) if _is_seen(one, box, folder)]
    emptied = _crowded(masked, (*box.seen, folder))
    for place, kept in emptied.items():
        steps += [Mount(EMPTY, place, mode=_PUBLIC, size=size)]
        steps += [Mount(SEEN, one, os.path.realpath(one)) for one in kept]
    masked = [one for one in masked if os.path.dirname(one) not in emptied]
    covered = (*HIDDEN, scratch, *emptied)
    instead = {box.seen[0]: box.instead} if box.seen and box.instead else {}
    for place in dict.fromkeys((*_toolchains(), *box.seen, folder)):
        if os.path.isdir(place) and (place in instead or any(is_in(place, one) for one in covered)):
            steps += [*_way_to(place, covered), Mount(SEEN, place, instead.get(place, place))]
    if box.own and os.path.isdir(box.own):
        steps += _way_to(box.own, covered)
        steps += [Mount(BIND, box.own, instead.get(box.own, box.own))]
    for place in masked:
        is_folder = os.path.isdir(place)
        steps += [Mount(EMPTY, place) if is_folder else Mount(SEEN, place, "/dev/null")]
    for place in _toolchains():
        # Another target's folder may contain programs that all targets need.
        if any(is_in(place, one) for one in masked):
            steps += [Mount(SEEN, place, place)]
    for place in masked:
        steps += [Mount(READ_ONLY, place)] if os.path.isdir(place) else []
    if box.accounts and os.path.isfile("/etc/passwd"):
        steps += [Mount(SEEN, "/etc/passwd", box.accounts)]
    for place in dict.fromkeys(named):
        # Paths that this server was given by name: the data folder, the certificate.
        if place.startswith(f"{scratch}/") and os.path.exists(place):
            steps += _way_to(place, covered)
            steps += [Mount(BIND if os.path.isdir(place) else SEEN, place, place)]
    return steps


def _crowded(masked: Sequence[str], shown: Sequence[str]) -> dict[str, list[str]]:
    """Return the folders that are emptied because too many of their entries must be masked.

    The time of a mount grows with the number of mounts: 500 targets in one folder would cost each
    start some seconds. The values are the entries of the folder that stay visible: all others.
    """
    count, crowded = Counter(os.path.dirname(one) for one in masked), dict[str, list[str]]()
    others = frozenset(masked)
    for place in sorted(one for one in count if count[one] >= _CROWD and one != "/"):
        if any(is_in(place, one) for one in shown):
            continue  # the target's own folder, or a folder in it
        kept = [one.path for one in _entries(place) if _may_stay_visible(one, others)]
        if len(kept) < count[place]:
            crowded[place] = kept
    return crowded


def _entries(place: str) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(place) as found:
        return list(found)
    return []


def _may_stay_visible(entry: os.DirEntry[str], masked: frozenset[str]) -> bool:
    """Return whether an entry may stay visible; a link must not show a masked entry."""
    if entry.path in masked or not os.path.exists(entry):
        return False
    if not entry.is_symlink():
        return True  # masked entries in this folder are masked one by one
    real = os.path.realpath(entry)
    return not any(is_in(real, one) or is_in(one, real) for one in masked)


def _way_to(place: str, covered: Sequence[str]) -> list[Mount]:
    """Return steps that make a place's missing parents.

    bubblewrap would make them too, but only its own user could enter them.
    """
    above = [str(one) for one in reversed(Path(place).parents)]
    missing = [one for one in above if any(is_in(one, other) for other in covered)]
    return [Mount(FOLDER, one, mode=_OPEN) for one in missing if one not in covered]


def _is_to_be_hidden(folder: str) -> bool:
    """Return whether a folder has anything to hide: each mount costs time at every start."""
    if not os.path.isdir(folder) or os.path.islink(folder):
        return False
    try:
        return folder in USED or bool(os.listdir(folder))
    except OSError:
        return True


def _is_seen(place: str, box: Box, folder: str) -> bool:
    """Return whether the box would show a place of others, so that it must be masked."""
    if not os.path.exists(place):
        return False
    shown = [one for one in (box.own, *box.seen, folder) if one]
    return any(is_in(place, one) for one in shown) or not any(is_in(place, one) for one in HIDDEN)


def is_in(place: str, folder: str) -> bool:
    """Return whether a place is this folder, or in it (real paths)."""
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _toolchains() -> list[str]:
    """Return the folders of installed programs, also those in home folders (pyenv, nvm, cargo)."""
    package = str(Path(__file__).resolve().parent.parent)
    on_path = [os.path.realpath(one) for one in os.environ.get("PATH", "").split(":") if one]
    ours = [os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix), package]
    found = [one for one in map(_below_home, [*on_path, *ours]) if os.path.isdir(one)]
    return [one for one in dict.fromkeys(found) if one != "/" and one not in HIDDEN]


def _below_home(path: str) -> str:
    """Return the folder directly below a home folder that contains a path, or else the path."""
    parts = Path(path).parts
    depth = {"root": 3, "home": 4}.get(parts[1] if len(parts) > 1 else "")
    return path if depth is None else str(Path(*parts[:depth]))
