"""Mount a folder so that another user owns it (Linux: idmapped mounts, mount_setattr(2)).

Root starts a target as a user without rights, but the files of the target's folder belong to the
users who put them there. In the judge's own mount namespace the folder is mounted a second time,
at another place, with its owner mapped to that user. Nothing on the disk is changed, files that
the target writes belong to the folder's owner, and the mount ends with the namespace. Some file
systems (overlayfs, network file systems) and kernels before 5.12 cannot do this.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: System calls that the C library may lack; they have these numbers on all architectures.
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442

#: Their flags.
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _MOVE_FROM_EMPTY_PATH, _ATTR_IDMAP = 1, 4, 0x00100000

#: Creates a user namespace, prints a line when it is in it, and ends when its input ends.
_APART = ["unshare", "--user", "sh", "-c", "echo; read _"]


class _Attributes(ctypes.Structure):
    """The C structure struct mount_attr."""

    _fields_ = [
        (name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")
    ]


def can_be_mapped(folder: str, user: int) -> bool:
    """Return whether the folder can be mounted as this user's; nothing is mounted yet."""
    try:
        with _mapped(folder, user):
            return True
    except OSError:
        return False


def show_as(user: int, folder: str, at: str) -> None:
    """Mount the folder as this user's at another place, in this mount namespace. Raises OSError.

    At its own place the mount would exclude the suite: root is not mapped, so that files that
    root writes there would belong to nobody.
    """
    os.mkdir(at)
    with _mapped(folder, user) as tree:
        _call(_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(at), _MOVE_FROM_EMPTY_PATH)


@contextmanager
def _mapped(folder: str, user: int) -> Iterator[int]:
    """Yield a mapped copy of the folder's mount, not attached anywhere yet. Raises OSError."""
    about = os.stat(folder)
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_RECURSIVE
    tree = _call(_OPEN_TREE, _AT_FDCWD, os.fsencode(folder), flags)
    try:
        names = _namespace(f"{about.st_uid} {user} 1\n", f"{about.st_gid} {user} 1\n")
        try:
            wanted = _Attributes(_ATTR_IDMAP, 0, 0, names)
            size = ctypes.sizeof(wanted)
            how = _AT_EMPTY_PATH | _AT_RECURSIVE
            _call(_MOUNT_SETATTR, tree, b"", how, ctypes.byref(wanted), size)
        finally:
            os.close(names)
        yield tree
    finally:
        os.close(tree)


def _namespace(users: str, groups: str) -> int:
    """Return a descriptor of a user namespace with these maps. Raises OSError.

    See user_namespaces(7).
    """
    with subprocess.Popen(
        _APART, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        if not holder.stdout.readline():
            raise OSError("there can be no user namespace")
        for name, text in (("uid_map", users), ("gid_map", groups)):
            Path(f"/proc/{holder.pid}/{name}").write_text(text)
        return os.open(f"/proc/{holder.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)


def _call(number: int, *arguments: object) -> int:
    result = int(_LIBC.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


_LIBC = ctypes.CDLL(None, use_errno=True)
