"""A separate network for this process, with only a loopback interface (Linux, as root).

bubblewrap makes a network for the judge and its boxes. podman does not, so there the judge makes
its own. It also gets its own mounts: the mounts for its target disappear when it ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

#: unshare(2), mount(2), netdevice(7).
_NEW_MOUNTS, _NEW_NETWORK = 0x00020000, 0x40000000
_RECURSIVE, _SLAVE = 0x4000, 0x80000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1


def enter_own_network() -> None:
    """Give this process, and all that it starts later, a separate network and separate mounts.

    This must be called before the first thread is started. Raises OSError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.unshare(_NEW_MOUNTS | _NEW_NETWORK))
    _check(libc.mount(b"none", b"/", None, ctypes.c_ulong(_RECURSIVE | _SLAVE), None))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack_from("H", request, 16)[0] | _UP
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags))


def _check(result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
