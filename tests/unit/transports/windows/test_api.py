"""Loading functions of Windows by name."""

from __future__ import annotations

import os
import sys

import pytest

if sys.platform != "win32":
    pytest.skip("only on Windows", allow_module_level=True)

from pync.transports.windows.api import function, is_console


def test_function() -> None:
    assert function("kernel32", "GetCurrentProcessId")() == os.getpid()


def test_missing_function() -> None:
    with pytest.raises(AttributeError):
        function("kernel32", "NoSuchFunction")


def test_nul_is_not_a_console() -> None:
    with open("NUL", "rb") as nul:
        assert nul.isatty()
        assert not is_console(nul.fileno())
