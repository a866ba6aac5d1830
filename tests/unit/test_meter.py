"""What --progress draws."""

from __future__ import annotations

import os
import sys

import pytest

from pync.core.errors import UsageError
from pync.core.events import Progressed
from pync.meter import Meter


def drawn(*progress: Progressed) -> str:
    reading, writing = os.pipe()
    with Meter(writing) as meter:
        for one in progress:
            meter.show(one)
        meter.close()
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as file:
        return file.read()


def test_a_share_when_it_is_known_how_much_there_is() -> None:
    shown = drawn(Progressed(512, 7, 2048), Progressed(2048, 7, 2048))
    assert "sent:  25%" in shown
    assert "sent: 100%" in shown
    assert "2.00k/2.00k" in shown


def test_a_count_when_it_is_not() -> None:
    assert "sent: 3.00kB" in drawn(Progressed(3072, 0, None))
    assert "received: 9.00MB" in drawn(Progressed(1, 9 << 20, None))


def test_no_lock_for_processes_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its resource tracker would stay behind (Python 3.14)."""
    import multiprocessing

    from tqdm import tqdm

    def make() -> None:
        raise AssertionError("a lock for processes")

    monkeypatch.delattr(tqdm, "_lock", raising=False)
    monkeypatch.delattr("tqdm.std.TqdmDefaultWriteLock.mp_lock", raising=False)
    monkeypatch.setattr(multiprocessing, "RLock", make)
    assert "sent: 3.00kB" in drawn(Progressed(3072, 0, None))


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(UsageError, match=r"pip install tqdm"):
        Meter(2)
