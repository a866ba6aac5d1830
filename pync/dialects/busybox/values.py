"""The values of busybox nc's options, converted and refused as it does. Pure."""

from __future__ import annotations

from collections.abc import Callable

from ...core.errors import UsageError
from ...core.number import whole

_LONGEST = 2**31 - 1


def _seconds(text: str, _option: str) -> int:
    seconds = whole(text, _LONGEST)
    if seconds is None:
        raise UsageError(f"invalid number '{text}'")
    return seconds


def _wait(text: str, option: str) -> int | None:
    return _seconds(text, option) or None  # 0: no limit


#: The functions that convert an option's text to its value.
VALUES: dict[str, Callable[[str, str], object]] = {"wait": _wait, "interval": _wait}
