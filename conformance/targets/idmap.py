"""A folder shown to another user as that user's own (Linux: idmapped mounts, mount_setattr(2)).

Root starts a target as a user without rights, and the files of the target's folder belong to those
who put them there. In the judge's own mount namespace the folder is mounted a second time, at
another place, with its owner mapped to that user: nothing on the disk is changed, what the target
writes belongs to the folder's owner, and the mount ends with the namespace. Some file systems
cannot do this (overlayfs, those of a network), and kernels before 5.12.
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

#: System calls that the C library may not know; they have these numbers on all architectures.
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442

#: Their flags.
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _MOVE_FROM_EMPTY_PATH, _ATTR_IDMAP = 1, 4, 0x00100000

#: Is in a user namespace of its own when it says so, and ends with its input.
_APART = ["unshare", "--user", "sh", "-c", "echo; read _"]


class _Attributes(ctypes.Structure):
    """struct mount_attr."""

    _fields_ = [
        (name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")
    ]


def can_be_mapped(folder: str, user: int) -> bool:
    """Whether the folder can be shown as this user's; nothing is mounted."""
    try:
        with _mapped(folder, user):
            return True
    except OSError:
        return False


def show_as(user: int, folder: str, at: str) -> None:
    """Show the folder as this user's at another place, in this mount namespace. Raises OSError.

    In its own place it would be closed to us: what root writes there belongs to nobody.
    """
    os.mkdir(at)
    with _mapped(folder, user) as tree:
        _call(_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(at), _MOVE_FROM_EMPTY_PATH)


@contextmanager
def _mapped(folder: str, user: int) -> Iterator[int]:
    """A copy of the folder's mount, mapped, that is nowhere yet. Raises OSError."""
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
    """A descriptor of a user namespace with these maps (user_namespaces(7)). Raises OSError."""
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
