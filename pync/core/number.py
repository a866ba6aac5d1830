"""Parsing whole numbers. Pure.

int() also accepts signs, blanks, underscores and the digits of other scripts, and raises
ValueError for more than 4300 digits (sys.set_int_max_str_digits).
"""

from __future__ import annotations

#: The number of digits that int() always accepts.
_MOST_DIGITS = 640


def whole(text: str, most: int) -> int | None:
    """Return the number written in ASCII digits; None for other text or more than ``most``."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    if len(digits) > min(len(str(most)), _MOST_DIGITS):
        return None
    number = int(digits)
    return number if number <= most else None


def is_digits(text: str) -> bool:
    """Return whether a text has only ASCII digits, even if the number is too large."""
    return text.isascii() and text.isdigit()
