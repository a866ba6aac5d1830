"""What the system under the tests is, where they have to know."""

from __future__ import annotations

import sys

import pytest


def _under_wine() -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    # (Wine's own way to tell: its ntdll has a function that Windows' has not.)
    return hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


#: Whether this Windows is Wine: what it does not do as Windows does is not tested there.
UNDER_WINE = _under_wine()

#: For tests in which a connection is reset: Wine shows it as an end.
needs_rst = pytest.mark.skipif(UNDER_WINE, reason="Wine passes no RST on")

#: For tests in which a port is refused by ICMP: Wine keeps that to itself.
needs_icmp = pytest.mark.skipif(UNDER_WINE, reason="Wine passes no ICMP errors on")

#: For tests of what only POSIX has: its commands, its terminals, how much its buffers hold.
only_posix = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")

#: For tests of what only Linux's kernel tells.
only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")
