"""Random text: what a service of lines can be sent."""

from __future__ import annotations

import random
import string

#: Bytes of a line, its end counted.
LINE = 64


def words(source: random.Random, size: int, without: bytes = b"") -> bytes:
    """Letters, digits and single blanks between them, without the letters given.

    What servers make of runs of blanks, and of blanks at an end, is for clauses of their own,
    and must not depend on the seed.
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
    """So many bytes of text in lines, with LF at its end. No line has blanks at its ends."""
    data = bytearray(words(source, size, without=b" "))
    data[LINE - 1 :: LINE] = b"\n" * (size // LINE)
    data[-1:] = b"\n" if size else b""
    return bytes(data)
