"""Properties of the operating system that tests need to know."""

from __future__ import annotations

import sys

import pytest


def _under_wine() -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    # (The documented check for Wine: its ntdll has a function that Windows lacks.)
    return hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


#: Whether this Windows is Wine: behaviour that differs from Windows is not tested there.
UNDER_WINE = _under_wine()

#: For tests in which a connection is reset: Wine reports it as a normal end.
needs_rst = pytest.mark.skipif(UNDER_WINE, reason="Wine passes no RST on")

#: For tests in which ICMP reports a closed port: Wine does not pass it on.
needs_icmp = pytest.mark.skipif(UNDER_WINE, reason="Wine passes no ICMP errors on")

#: For tests of POSIX features: commands, terminals, buffer sizes.
only_posix = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")

#: For tests that need information that only the Linux kernel provides.
only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")
