"""The line editor: missing library, closing it early, and restoring the terminal.

tests/e2e/test_editing.py tests what the user sees.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from pync.core.errors import UsageError
from pync.transports import editing
from pync.transports.editing import EditedStdio

from ...programs import until
from ...systems import only_posix

#: Seconds that each step of the other thread may take.
PATIENCE = 30.0


def test_missing_library_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prompt_toolkit", None)
    with pytest.raises(UsageError, match=r"pip install prompt_toolkit"):
        EditedStdio(0, 1)


@only_posix
def test_close_before_the_first_read(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr("sys.stdin", os.fdopen(os.dup(reading)))
    stdio = EditedStdio(reading, writing)
    stdio.close()
    stdio.close()
    sys.stdin.close()
    os.close(reading)
    os.close(writing)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    keyboard, terminal = os.openpty()
    with os.fdopen(os.dup(terminal)) as stdin, os.fdopen(os.dup(terminal), "w") as stdout:
        monkeypatch.setattr("sys.stdin", stdin)
        monkeypatch.setattr("sys.stdout", stdout)
        monkeypatch.setattr(editing, "GOODBYE", PATIENCE)
        yield terminal
    os.close(keyboard)
    os.close(terminal)


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: a terminal of our own")
def test_close_just_before_a_prompt_restores_the_terminal(
    terminal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import termios

    before = termios.tcgetattr(terminal)
    stdio = EditedStdio(terminal, terminal)
    asking, called_off = threading.Event(), threading.Event()
    ask, call_off = stdio._session.prompt_async, stdio._call_off

    async def ask_later(**words: bool) -> str:
        asking.set()
        assert called_off.wait(PATIENCE)
        return await ask(**words)  # type: ignore[arg-type]

    def cancel_and_notify() -> None:
        call_off()
        called_off.set()

    monkeypatch.setattr(stdio._session, "prompt_async", ask_later)
    monkeypatch.setattr(stdio, "_call_off", cancel_and_notify)
    stdio.read_fds()
    assert asking.wait(PATIENCE)
    stdio.close()
    assert termios.tcgetattr(terminal) == before


@only_posix
def test_repeated_cancellation_restores_the_terminal(terminal: int) -> None:
    """The prompt is cancelled several times while its loop is blocked."""
    import termios

    before = termios.tcgetattr(terminal)
    stdio = EditedStdio(terminal, terminal)
    stdio.read_fds()
    app = stdio._session.app
    until(lambda: app.is_running and app.future is not None, "the prompt")
    assert app.loop is not None
    told = threading.Event()
    app.loop.call_soon_threadsafe(told.wait, PATIENCE)
    for _ in range(3):
        stdio._call_off()
    told.set()
    stdio.close()
    assert not stdio._thread.is_alive()
    assert termios.tcgetattr(terminal) == before
