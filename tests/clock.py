"""Lower bounds of elapsed time in tests.

Upper bounds are wide and need no help. A lower bound that equals the time-out under test
is exact, but two readings of a clock are not: they are rounded to the clock's resolution
(15.6 ms on Windows, 1 ms under Wine), and their difference is rounded to a float.
"""

from __future__ import annotations

import time

#: Seconds by which the difference of two readings may be too small.
RESOLUTION = time.get_clock_info("monotonic").resolution + 1e-6


class Stopwatch:
    """Measures the time since its construction, or since an earlier time.monotonic()."""

    def __init__(self, began: float | None = None) -> None:
        self._began = time.monotonic() if began is None else began

    def __repr__(self) -> str:
        return f"Stopwatch({self.elapsed:.6f} s)"

    @property
    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._began

    def reached(self, seconds: float) -> bool:
        """Whether at least that many seconds have passed, within the clock's resolution."""
        return self.elapsed >= seconds - RESOLUTION
