"""Random text: what a service of lines can be sent."""

from __future__ import annotations

import random
import string

#: Bytes of a line, its end counted.
LINE = 64


def words(source: random.Random, size: int, without: bytes = b"") -> bytes:
    """Letters, digits and blanks, without the letters given."""
    barred = set(without.decode("latin-1").casefold())
    letters = [
        letter
        for letter in string.ascii_letters + string.digits + " -_.:"
        if letter.casefold() not in barred
    ]
    return "".join(source.choices(letters, k=size)).encode()


def lines(source: random.Random, size: int) -> bytes:
    """So many bytes of text in lines, with LF at its end. No line has blanks at its ends."""
    data = bytearray(words(source, size, without=b" "))
    data[LINE - 1 :: LINE] = b"\n" * (size // LINE)
    data[-1:] = b"\n" if size else b""
    return bytes(data)
