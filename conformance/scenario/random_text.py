"""Random text that can be sent to a service of lines."""

from __future__ import annotations

import random
import string

#: The bytes of a line, including its end.
LINE = 64


def words(source: random.Random, size: int, without: bytes = b"") -> bytes:
    """Return letters and digits with single blanks between them, without the given letters.

    Runs of blanks, and blanks at an end, are judged by other clauses; those verdicts must not
    depend on the seed.
    """
    barred = set(without.decode("latin-1").casefold())
    letters = [
        letter
        for letter in string.ascii_letters + string.digits + " -_.:"
        if letter.casefold() not in barred
    ]
    text = source.choices(letters, k=size)
    solid = next(letter for letter in letters if letter != " ")
    for at, letter in enumerate(text):
        if letter == " " and (at in (0, size - 1) or text[at - 1] == " "):
            text[at] = solid
    return "".join(text).encode()


def lines(source: random.Random, size: int) -> bytes:
    """Return text of this size in lines, ending with LF. No line begins or ends with a blank."""
    data = bytearray(words(source, size, without=b" "))
    data[LINE - 1 :: LINE] = b"\n" * (size // LINE)
    data[-1:] = b"\n" if size else b""
    return bytes(data)
