"""The lines that users of a chat (``--chat``) read of each other, with names. Sans-I/O.

A name is put before every line, not before every read, and control characters are escaped, so
that no user can write lines under another user's name.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Bytes that may wait for the end of their line.
LONGEST_LINE = 16 * 1024


class Speaker:
    """The lines of one user.

    Arguments:
        number: the user's number.
    """

    def __init__(self, number: int) -> None:
        self.name = f"<user{number}>"
        self._rest = b""

    def says(self, data: bytes) -> bytes:
        """Return the lines that are complete with ``data``, in the form that the others read.

        ``b""`` is the user's end: an incomplete line is returned too.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._rest and (not data or len(self._rest) > LONGEST_LINE):
            lines.append(self._rest)
            self._rest = b""
        return b"".join(b"%s %s\n" % (self.name.encode(), printable(line)) for line in lines)


def arrival(name: str, address: str, others: Sequence[tuple[str, str]]) -> bytes:
    """Return the text for all users when a user comes; ``others``: names and addresses."""
    present = ", ".join(f"{where} as {other}" for other, where in others) or "nobody"
    return (
        f"<announce> {address} is connected as {name}.\n<announce> already connected: {present}.\n"
    ).encode("utf-8", "backslashreplace")


def departure(name: str) -> bytes:
    """Return the text for the others when a user has left."""
    return f"<announce> {name} is disconnected.\n".encode()


def printable(line: bytes) -> bytes:
    """Return a line in which bytes that are not text are octal escapes."""
    text = line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
    return "".join(
        letter if letter.isprintable() or letter == "\t" else _escaped(letter) for letter in text
    ).encode()


def _escaped(letter: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in letter.encode("utf-8", "surrogateescape"))
