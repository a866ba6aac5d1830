"""Data in lines, for clauses that are not about unfinished lines or special bytes."""

from __future__ import annotations

import string
import sys
from pathlib import Path

from ..scenario.session import Session

_LETTERS = bytes(
    ord((string.ascii_letters + string.digits + "+-")[byte % 64]) for byte in range(256)
)

#: Byte strings that real servers treat as special. Each ends in LF; 2.3 judges data without LF.
CONTROL = {
    "NUL": b"a\x00b\n",
    "lone CR": b"a\rb\rc\n",
    "CRLF": b"one\r\n",
    "LF CR": b"one\n\rtwo\n",
    "end of transmission (0x04)": b"a\x04b\n",
    "end of file (0x1A)": b"a\x1ab\n",
    "telnet IAC (0xFF)": b"a\xff\xfd\x01\xff\xffb\n",
    "broken UTF-8": b"\xc3\x28 \xed\xa0\x80 \xf5\x80 \x80\n",
    "a byte order mark": b"\xef\xbb\xbfa\n",
    "blanks at both ends": b"  a \t \n",
    "a percent sign and a backslash": b"%s %n %d \\n \\x00\n",
}

#: The bytes of a line, including its end.
LINE = 64


def some_lines(session: Session, size: int) -> bytes:
    """Return random text in lines, with this number of bytes and LF at its end."""
    data = bytearray(session.some_bytes(size).translate(_LETTERS))
    data[LINE - 1 :: LINE] = b"\n" * (size // LINE)
    data[-1:] = b"\n"
    return bytes(data)


def whole_lines(data: bytes) -> bytes:
    """Return the data without an unfinished line at its end."""
    return data[: data.rfind(b"\n") + 1]


def kernel_buffers() -> int:
    """Return how many bytes the kernel can hold between a server and a client of little SO_RCVBUF.

    Counted are both send buffers and the server's receive buffer (tcp(7): tcp_rmem, tcp_wmem).
    """
    if not sys.platform.startswith("linux"):
        return 16 * 1024 * 1024
    return sum(
        int(Path(f"/proc/sys/net/ipv4/{name}").read_text().split()[2])
        for name in ("tcp_rmem", "tcp_wmem", "tcp_wmem")
    )
