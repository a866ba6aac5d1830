r"""Text forms of bytes: ``48 65 6c`` and ``Hel\r\n`` (--input, --show). Pure.

EscapeReader parses the output of Escaper: line ends in the text are only for readability, and are
ignored. The readers accept text in pieces, which may be cut anywhere.
"""

from __future__ import annotations

import codecs
import re

from ..core.errors import UsageError
from ..core.quantity import SIMPLE_ESCAPES


class _Reader:
    """A parser of a notation.

    The groups of ``PATTERN``: ``cut``, text whose meaning depends on the next piece; ``bad``;
    subclasses have others.
    """

    PATTERN: re.Pattern[bytes]

    def __init__(self) -> None:
        self._held = b""
        self._line = self._column = 1

    def feed(self, text: bytes) -> bytes:
        """Return the bytes that the text stands for. Raises UsageError."""
        text, self._held = self._held + text, b""
        read = []
        for match in self.PATTERN.finditer(text):
            if match.lastgroup == "cut":
                self._held = match[0]
                break
            if match.lastgroup == "bad":
                raise self._bad(match[0])
            read.append(self._meaning(match))
            self._go_on(match[0])
        return b"".join(read)

    def end(self) -> None:
        """End the text. Raises UsageError if it is incomplete."""
        if self._held:
            raise self._bad(self._held)

    def forget_line(self) -> None:
        """Continue with the next line, after an error in this one."""
        self._held = b""
        self._line += 1
        self._column = 1

    def _go_on(self, text: bytes) -> None:
        lines = text.count(b"\n")
        self._line += lines
        rest = text.rpartition(b"\n")[2]
        # Continuation bytes of a character do not count as columns.
        width = len(rest) - sum(0x80 <= byte < 0xC0 for byte in rest)
        self._column = width + (1 if lines else self._column)

    def _bad(self, text: bytes) -> UsageError:
        return UsageError(f"line {self._line}, column {self._column}: {self._reason(text)}")

    def _meaning(self, match: re.Match[bytes]) -> bytes:
        raise NotImplementedError

    def _reason(self, text: bytes) -> str:
        raise NotImplementedError


class HexReader(_Reader):
    r"""A parser of two digits per byte; blanks, line ends, ``:,`` ``0x`` ``\x`` may be between."""

    PATTERN = re.compile(
        rb"(?P<gap>(?:[ \t\r\n:,]|0[xX]|\\x)+)|(?P<bytes>(?:[0-9a-fA-F]{2})+)"
        rb"|(?P<cut>[0-9a-fA-F\\])\Z|(?P<bad>[0-9a-fA-F][^ \t\r\n:,]|.)",
        re.DOTALL,
    )

    def _meaning(self, match: re.Match[bytes]) -> bytes:
        return b"" if match.lastgroup == "gap" else bytes.fromhex(match[0].decode())

    def _reason(self, text: bytes) -> str:
        shown = ascii(text.decode("utf-8", "replace"))
        if len(text) > 1:
            return f"{shown} are not two hexadecimal digits"
        if text in b"0123456789abcdefABCDEF":
            return f"{shown} is half a byte: two digits make one"
        return f"{shown} is not a hexadecimal digit"


class EscapeReader(_Reader):
    r"""A parser of text with C escapes; only ``\n`` sends an end of line."""

    PATTERN = re.compile(
        rb"(?P<text>[^\\\r\n]+)|(?P<gap>[\r\n]+)"
        rb"|(?P<escape>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0abefnrtv\\\"']))"
        rb"|(?P<cut>\\(?:x[0-9a-fA-F]?|u[0-9a-fA-F]{0,3})?)\Z|(?P<bad>\\.?)",
        re.DOTALL,
    )

    def _meaning(self, match: re.Match[bytes]) -> bytes:
        if match.lastgroup == "gap":
            return b""
        if match.lastgroup == "text":
            return match[0]
        letters = match[0][1:].decode()
        if letters in SIMPLE_ESCAPES:
            return SIMPLE_ESCAPES[letters]
        code = int(letters[1:], 16)
        if len(letters) == 3:
            return bytes([code])
        if 0xD800 <= code < 0xE000:
            raise self._bad(match[0])
        return chr(code).encode()

    def _reason(self, text: bytes) -> str:
        shown = text.decode("utf-8", "replace")
        return f"'{shown}' is not an escape (\\n \\r \\t \\0 \\xHH \\uHHHH \\\\)"


_UNUSUAL = re.compile(r"[^ -\[\]-~]")
_NAMED = {"\\": r"\\", "\r": r"\r", "\t": r"\t", "\n": "\\n\n"}


class Escaper:
    r"""A writer of bytes as text with escapes, and an end of line after each ``\n``."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def feed(self, data: bytes) -> bytes:
        """Return the text for these bytes."""
        return _UNUSUAL.sub(_escape, self._decoder.decode(data)).encode()

    def end(self) -> bytes:
        """Return the text for an incomplete character at the end."""
        return _UNUSUAL.sub(_escape, self._decoder.decode(b"", final=True)).encode()


def _escape(match: re.Match[str]) -> str:
    letter = match[0]
    if letter in _NAMED:
        return _NAMED[letter]
    if letter.isprintable():
        return letter
    return "".join(f"\\x{byte:02x}" for byte in letter.encode("utf-8", "surrogateescape"))
