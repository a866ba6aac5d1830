"""The context manager for objects that have a close() method."""

from __future__ import annotations

import pytest

from pync.core.closing import Closing


class Counter(Closing):
    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_object_is_closed_on_exit() -> None:
    with Counter() as counter:
        assert counter.closed == 0
    assert counter.closed == 1


def test_object_is_closed_after_an_exception() -> None:
    counter = Counter()
    with pytest.raises(KeyError), counter:
        raise KeyError
    assert counter.closed == 1


def test_missing_close_raises_not_implemented_error() -> None:
    with pytest.raises(NotImplementedError):
        Closing().close()
