"""The look of a line on a terminal: its colours and line breaks. Pure, except for ``chosen``.

Colours are shown on a terminal, unless NO_COLOR is set (no-color.org) or TERM is "dumb";
``--color=always`` and ``--color=never`` override this. A file or a pipe gets plain text.
"""

from __future__ import annotations

import os
import re
import textwrap
from typing import IO

from .verdict import WrongUsage

WHEN = ("auto", "always", "never")

#: Word at the beginning of a line -> its colour (SGR, ECMA-48 8.3.117).
_WORDS = {
    "PASS": "32",
    "FAIL": "1;31",
    "XPASS": "1;31",
    "FLAKY": "1;31",
    "ERROR": "1;35",
    "WARN": "33",
    "STALE": "33",
    "SKIP": "2",
    "next": "1",
    "conformant": "1;32",
    "not conformant": "1;31",
}
_LINE = re.compile(rf"^({'|'.join(_WORDS)})\b", re.MULTILINE)

#: The labels of a message, and the line that points to the wrong byte.
_LABEL = re.compile(
    r"^(  )(requires|expected|received|hint|transcript|reproduce|reported)\b", re.MULTILINE
)
_POINTER = re.compile(r"^( +\^ .*)$", re.MULTILINE)

#: Lines of prose, which are broken between words; transcripts and commands to paste are not.
_PROSE = re.compile(r"(FAIL|ERROR|WARN|SKIP|STALE|XPASS|FLAKY)  *|  (requires|hint) +")

#: On a terminal with fewer columns, lines are not broken.
_NARROW = 20

_when = "auto"


def choose(when: str) -> None:
    """Set when colours are shown. Raises WrongUsage."""
    global _when
    if when not in WHEN:
        raise WrongUsage(f"--color {when!r}: auto, always or never")
    _when = when


def chosen(stream: IO[str] | None) -> bool:
    """Return whether colours are shown on this stream."""
    if _when != "auto":
        return _when == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()


def coloured(text: str) -> str:
    """Return the text with its verdicts, labels and wrong bytes in colour."""
    text = _LINE.sub(lambda found: _lit(found[1], _WORDS[found[1]]), text)
    text = _LABEL.sub(lambda found: found[1] + _lit(found[2], "36"), text)
    return _POINTER.sub(lambda found: _lit(found[1], "31"), text)


def broken(text: str, columns: int) -> str:
    """Return the text with its lines of prose broken between words, to fit a terminal."""
    return "\n".join(_broken(line, columns) for line in text.split("\n"))


def _broken(line: str, columns: int) -> str:
    prose = _PROSE.match(line)
    if prose is None or len(line) <= columns or columns < _NARROW + len(prose[0]):
        return line
    return textwrap.fill(
        line,
        columns,
        subsequent_indent=" " * len(prose[0]),
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _lit(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"
