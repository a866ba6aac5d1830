"""The values of nc.traditional's options, converted and refused. Pure.

nc.traditional parses numbers by atoi(3): 1x is 1, and port 65537 is 1. pync refuses typing errors.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.errors import UsageError
from ...core.number import whole
from ..tos import parse_tos

#: The names of Debian's -T, and the octets that they stand for, which our names also set.
_TOS = {
    "Minimize-Delay": 0x10,
    "Maximize-Throughput": 0x08,
    "Maximize-Reliability": 0x04,
    "Minimize-Cost": 0x02,
}

_LONGEST = 2**31 - 1

#: The largest pointer into a route of eight hops with four bytes each; it starts at 4.
MOST_POINTER = 28


def _seconds(name: str) -> Callable[[str, str], int]:
    def convert(text: str, _option: str) -> int:
        seconds = whole(text, _LONGEST)
        if not seconds:
            raise UsageError(f"invalid {name} {text}")
        return seconds

    return convert


def _quit_after(text: str, _option: str) -> int:
    seconds = whole(text.removeprefix("-"), _LONGEST)
    if seconds is None:
        raise UsageError(f"invalid quit-time {text}")
    return -seconds if text.startswith("-") else seconds


def _pointer(text: str, _option: str) -> int:
    number = whole(text, _LONGEST) or 0
    if not number or number % 4 or number > MOST_POINTER:
        raise UsageError(f"invalid hop pointer {number}, must be multiple of 4 <= {MOST_POINTER}")
    return number


def _tos(text: str, option: str) -> int:
    found = _TOS.get(text)
    return parse_tos(text, option) if found is None else found


#: The functions that convert an option's text to its value.
VALUES: dict[str, Callable[[str, str], object]] = {
    "wait": _seconds("wait-time"),
    "interval": _seconds("interval time"),
    "quit_after": _quit_after,
    "route_pointer": _pointer,
    "tos": _tos,
}
