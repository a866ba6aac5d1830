"""A readable dump of bytes: offset, hexadecimal, text, in ncat's and netcat's formats. Pure."""

from __future__ import annotations

#: Bytes of one line.
_ROW = 16


def hexdump(data: bytes, offset: int = 0) -> str:
    """Return lines of 16 bytes, each with its end; bytes that are not visible ASCII are dots.

    Arguments:
        offset: the offset of the first byte.
    """
    return "".join(_row(offset + at, data[at : at + _ROW]) for at in range(0, len(data), _ROW))


def netcat_dump(data: bytes, mark: str, at: int) -> str:
    """Return the same in the format of the first netcat: each line has the direction.

    Arguments:
        mark: ``>`` for sent bytes, ``<`` for received ones.
        at: the number of earlier bytes in this direction.
    """
    rows = (data[first : first + _ROW] for first in range(0, len(data), _ROW))
    return "".join(
        f"{mark} {at + _ROW * number:08x} {row.hex(' '):<47} # {_text(row, 0x20)}\n"
        for number, row in enumerate(rows)
    )


def _row(offset: int, row: bytes) -> str:
    left, right = row[: _ROW // 2].hex(" "), row[_ROW // 2 :].hex(" ")
    return f"{offset:04x}   {left:<23}  {right:<23}  {_text(row, 0x21):<16}\n"


def _text(row: bytes, least: int) -> str:
    """Return the text of a row; ``least``: ncat shows a space as a dot, netcat as a space."""
    return "".join(chr(byte) if least <= byte < 0x7F else "." for byte in row)
