"""Windows functions that Python does not have. Windows only; loaded late because of ctypes."""

from __future__ import annotations

import ctypes
import sys

from ...core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

assert sys.platform == "win32"


def function(library: str, name: str, *arguments: Any, result: Any = ctypes.c_int) -> Any:
    """Return a function of the system with its types: as int, a 64-bit handle would be cut.

    Raises AttributeError when this version of Windows does not have it.
    """
    found = getattr(ctypes.WinDLL(library, use_last_error=True), name)
    found.argtypes = arguments
    found.restype = result
    return found


def is_console(descriptor: int) -> bool:
    """Return whether a descriptor is a console: unlike other devices, a console has a mode."""
    import msvcrt

    mode = ctypes.c_uint32()
    ask = function("kernel32", "GetConsoleMode", ctypes.c_void_p, ctypes.c_void_p)
    return bool(ask(msvcrt.get_osfhandle(descriptor), ctypes.byref(mode)))
