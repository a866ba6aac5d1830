"""The access list of a named pipe, and the process of its peer, from advapi32 and kernel32.

Loaded late, for a listener or the peer's process, because ctypes costs start-up time. For Windows
only: other systems cannot import it.
"""

from __future__ import annotations

import ctypes
import sys

from ...core.address import Address
from ...core.errors import ListenError
from .api import function

assert sys.platform == "win32"

#: The rights of a client: to read and write, but not to make instances of the pipe, which would
#: take other clients away from us (FILE_GENERIC_READ | FILE_GENERIC_WRITE without
#: FILE_CREATE_PIPE_INSTANCE).
_CLIENT = "0x12019b"

#: The entries of an access list (SDDL) for each word. Our own user has all rights.
_ENTRIES = {
    "user": "",
    "users": f"(A;;{_CLIENT};;;AU)",
    "everyone": f"(A;;{_CLIENT};;;WD)(A;;{_CLIENT};;;AN)",
}

_TOKEN_QUERY = 8
_TOKEN_USER = 1
_SDDL_REVISION_1 = 1


class SecurityAttributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES (minwinbase.h), with the descriptor that it points to."""

    _fields_ = [
        ("length", ctypes.c_uint32),
        ("descriptor", ctypes.c_void_p),
        ("inherit", ctypes.c_int),
    ]

    @property
    def address(self) -> int:
        """The structure's address, for CreateNamedPipe."""
        return ctypes.addressof(self)

    def close(self) -> None:
        """Free the descriptor; idempotent."""
        function("kernel32", "LocalFree", ctypes.c_void_p)(self.descriptor)
        self.descriptor: int | None = None


def security_attributes(access: str, address: Address) -> SecurityAttributes:
    """Return the access list of a pipe.

    Arguments:
        access: ``user`` (the user of this process), ``users`` (all users who have logged in),
            ``everyone``, or a list in Windows' notation (SDDL, ``D:...``).
        address: the pipe, for messages.
    Raises ListenError for an invalid list.
    """
    if access in _ENTRIES:
        access = f"D:P(A;;GA;;;{_own_sid()}){_ENTRIES[access]}"
    descriptor = ctypes.c_void_p()
    convert = function(
        "advapi32",
        "ConvertStringSecurityDescriptorToSecurityDescriptorW",
        ctypes.c_wchar_p,
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.c_void_p,
    )
    if not convert(access, _SDDL_REVISION_1, ctypes.byref(descriptor), None):
        raise ListenError("listen", address, f"{access!r} is not an access list (SDDL)")
    return SecurityAttributes(ctypes.sizeof(SecurityAttributes), descriptor.value, 0)


def peer_process(handle: int, *, accepted: bool) -> int | None:
    """Return the id of the process at the other end of a pipe; None if Windows does not tell.

    Arguments:
        handle: the handle of our end.
        accepted: whether our end is the server's.
    """
    name = "GetNamedPipeClientProcessId" if accepted else "GetNamedPipeServerProcessId"
    found = ctypes.c_uint32()
    try:
        ask = function("kernel32", name, ctypes.c_void_p, ctypes.c_void_p)
    except AttributeError:
        return None
    return found.value if ask(handle, ctypes.byref(found)) else None


def _own_sid() -> str:
    """Return the security identifier of the user that we run as. Raises OSError."""
    token = ctypes.c_void_p()
    current = function("kernel32", "GetCurrentProcess", result=ctypes.c_void_p)()
    opened = function(
        "advapi32", "OpenProcessToken", ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p
    )(current, _TOKEN_QUERY, ctypes.byref(token))
    if not opened:
        raise ctypes.WinError()
    try:
        # TOKEN_USER starts with a pointer to the SID, which follows it in memory.
        user = (ctypes.c_void_p * 64)()
        size = ctypes.c_uint32()
        told = function(
            "advapi32",
            "GetTokenInformation",
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_uint32,
            ctypes.c_void_p,
        )(token, _TOKEN_USER, user, ctypes.sizeof(user), ctypes.byref(size))
        if not told:
            raise ctypes.WinError()
        return _as_text(user[0])
    finally:
        function("kernel32", "CloseHandle", ctypes.c_void_p)(token)


def _as_text(sid: int | None) -> str:
    text = ctypes.c_wchar_p()
    convert = function("advapi32", "ConvertSidToStringSidW", ctypes.c_void_p, ctypes.c_void_p)
    if not convert(sid, ctypes.byref(text)):
        raise ctypes.WinError()
    try:
        return text.value or ""
    finally:
        function("kernel32", "LocalFree", ctypes.c_void_p)(text)
