"""The statistics of --ping."""

from __future__ import annotations

import pytest

from pync.core.pings import statistics


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ([], (None, None, None, None)),
        ([2.0], (2.0, 2.0, 2.0, 0.0)),
        ([1.0, 3.0, 2.0], (1.0, 2.0, 3.0, 1.5)),
    ],
)
def test_statistics(times: list[float], found: tuple[float | None, ...]) -> None:
    assert statistics(times) == found
