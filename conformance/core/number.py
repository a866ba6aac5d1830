"""Parsing whole numbers that users type.

int() also accepts signs, blanks, underscores and the digits of other scripts, and raises
ValueError for more than 4300 digits (sys.set_int_max_str_digits); str.isdigit() accepts "²".
"""

from __future__ import annotations


def whole(text: str, most: int) -> int | None:
    """Return the number written in ASCII digits; None for other text or more than ``most``."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(most)):
        return None
    number = int(digits)
    return number if number <= most else None
