"""Functions of Windows that Python has no name for. Only on Windows; ctypes, so loaded late."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

assert sys.platform == "win32"


def function(library: str, name: str, *arguments: Any, result: Any = ctypes.c_int) -> Any:
    """Return a function of the system, with its types: an int would cut a handle of 64 bits.

    Raises AttributeError when this Windows has it not.
    """
    found = getattr(ctypes.WinDLL(library, use_last_error=True), name)
    found.argtypes = arguments
    found.restype = result
    return found


def is_console(descriptor: int) -> bool:
    """Return whether a descriptor is a console, which has a mode, and not just any device."""
    import msvcrt

    mode = ctypes.c_uint32()
    ask = function("kernel32", "GetConsoleMode", ctypes.c_void_p, ctypes.c_void_p)
    return bool(ask(msvcrt.get_osfhandle(descriptor), ctypes.byref(mode)))
