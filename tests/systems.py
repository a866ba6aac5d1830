"""What the system under the tests is, where they have to know."""

from __future__ import annotations

import sys


def _under_wine() -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    # (Wine's own way to tell: its ntdll has a function that Windows' has not.)
    return hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


#: Whether this Windows is Wine: what it does not do as Windows does is not tested there.
UNDER_WINE = _under_wine()
