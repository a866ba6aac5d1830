"""Parsing of durations, and points in time on the monotonic clock."""

from __future__ import annotations

import time

from .errors import UsageError, shortened

#: Seconds in each unit; a bare number is seconds.
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}

#: The most seconds that fit the kernel's milliseconds (an int: poll(2)), as in nc and ncat.
LONGEST = (2**31 - 1) // 1000

_DURATION = r"(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h|)"


def parse_duration(text: str, option: str) -> float:
    """Parse ``500ms 3s 2m 1h`` or plain seconds, fractions allowed; return seconds.

    Raises UsageError that names the option.
    """
    import re

    found = re.fullmatch(_DURATION, text, re.ASCII)
    if not found:
        raise UsageError(
            f"{option}: {shortened(text)} is not a valid time; "
            "use for example 500ms, 3s, 2m, 1h or 1.5"
        )
    seconds = float(found.group(1)) * UNITS[found.group(2)]
    if seconds > LONGEST:
        raise UsageError(f"{option}: {shortened(text)} is too long (at most {LONGEST} seconds)")
    return seconds


class Deadline:
    """A point in time on the monotonic clock.

    Arguments:
        seconds: from now; None: never.
    """

    def __init__(self, seconds: float | None) -> None:
        self._at = None if seconds is None else time.monotonic() + seconds

    @property
    def remaining(self) -> float | None:
        """The seconds left, not negative; None when there is no deadline."""
        return None if self._at is None else max(0.0, self._at - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return self.remaining == 0.0
