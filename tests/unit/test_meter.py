"""The output of --progress."""

from __future__ import annotations

import os
import sys

import pytest

from pync.core.errors import UsageError
from pync.core.events import Progressed
from pync.meter import Meter


def output_of(*progress: Progressed) -> str:
    reading, writing = os.pipe()
    with Meter(writing) as meter:
        for one in progress:
            meter.show(one)
        meter.close()
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as file:
        return file.read()


def test_percentage_if_the_size_is_known() -> None:
    shown = output_of(Progressed(512, 7, 2048), Progressed(2048, 7, 2048))
    assert "sent:  25%" in shown
    assert "sent: 100%" in shown
    assert "2.00k/2.00k" in shown


def test_byte_count_if_the_size_is_unknown() -> None:
    assert "sent: 3.00kB" in output_of(Progressed(3072, 0, None))
    assert "received: 9.00MB" in output_of(Progressed(1, 9 << 20, None))


def test_no_multiprocessing_lock_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resource tracker of such a lock would keep running (Python 3.14)."""
    import multiprocessing

    from tqdm import tqdm

    def make() -> None:
        raise AssertionError("a lock for processes")

    monkeypatch.delattr(tqdm, "_lock", raising=False)
    monkeypatch.delattr("tqdm.std.TqdmDefaultWriteLock.mp_lock", raising=False)
    monkeypatch.setattr(multiprocessing, "RLock", make)
    assert "sent: 3.00kB" in output_of(Progressed(3072, 0, None))


def test_missing_library_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(UsageError, match=r"pip install tqdm"):
        Meter(2)
