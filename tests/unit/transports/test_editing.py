"""The line editor without a terminal: what is missing, and what was never begun.

What a person sees is in tests/e2e/test_editing.py.
"""

from __future__ import annotations

import os
import sys

import pytest

from pync.core.errors import UsageError
from pync.transports.editing import EditedStdio


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prompt_toolkit", None)
    with pytest.raises(UsageError, match=r"pip install 'pync-nc\[edit\]'"):
        EditedStdio(0, 1)


def test_what_was_never_begun_is_closed_without_ado(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr("sys.stdin", os.fdopen(os.dup(reading)))
    stdio = EditedStdio(reading, writing)
    stdio.close()
    stdio.close()
    sys.stdin.close()
    os.close(reading)
    os.close(writing)
