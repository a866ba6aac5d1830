"""Elapsed time in tests: at least so long.

Upper bounds need no help: they are wide. A lower bound that equals the time-out under test
is exact, and two readings of a clock are not: they are rounded to the clock's step
(15.6 ms on Windows, 1 ms under Wine), and their difference to a float's.
"""

from __future__ import annotations

import time

#: What the difference of two readings may lack, in seconds.
RESOLUTION = time.get_clock_info("monotonic").resolution + 1e-6


class Stopwatch:
    """Runs from its construction, or from an earlier reading of time.monotonic()."""

    def __init__(self, began: float | None = None) -> None:
        self._began = time.monotonic() if began is None else began

    def __repr__(self) -> str:
        return f"Stopwatch({self.elapsed:.6f} s)"

    @property
    def elapsed(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self._began

    def reached(self, seconds: float) -> bool:
        """Whether at least that many seconds have passed, as exactly as the clock tells."""
        return self.elapsed >= seconds - RESOLUTION
