"""Bytes as people read them: offset, hexadecimal, text; the form is ncat's. Pure."""

from __future__ import annotations

#: Bytes of one line.
_ROW = 16


def hexdump(data: bytes) -> str:
    """Lines of 16 bytes, each with its end; bytes that are not visible ASCII are dots."""
    return "".join(_row(at, data[at : at + _ROW]) for at in range(0, len(data), _ROW))


def _row(offset: int, row: bytes) -> str:
    left, right = row[: _ROW // 2].hex(" "), row[_ROW // 2 :].hex(" ")
    text = "".join(chr(byte) if 0x20 < byte < 0x7F else "." for byte in row)
    return f"{offset:04x}   {left:<23}  {right:<23}  {text:<16}\n"
