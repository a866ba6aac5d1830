"""``with`` for what has a close()."""

from __future__ import annotations

import pytest

from pync.core.closing import Closing


class Counter(Closing):
    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_it_is_closed_at_the_end() -> None:
    with Counter() as counter:
        assert counter.closed == 0
    assert counter.closed == 1


def test_it_is_closed_after_an_error_which_goes_on() -> None:
    counter = Counter()
    with pytest.raises(KeyError), counter:
        raise KeyError
    assert counter.closed == 1


def test_a_class_without_close_is_wrong() -> None:
    with pytest.raises(NotImplementedError):
        Closing().close()
