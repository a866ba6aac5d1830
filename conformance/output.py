"""What the suite prints. Every line goes through here.

A server under test decides parts of these lines, and a CI system obeys some lines: GitHub's
runner takes ``::error ...::`` at the beginning of a line, and ``##[error]`` anywhere in it, for a
command (actions/toolkit, "workflow commands").
"""

from __future__ import annotations

import os
import re
import sys
from typing import IO

#: Where the runner sees a command. It splits lines at CR too.
_COMMAND = re.compile(r"(?P<begin>(?:^|[\r\n])\s*):(?=:)|#(?=\[)")


def harmless(text: str) -> str:
    """The text with nothing in it that GitHub's runner would obey."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return _COMMAND.sub(lambda found: f"{found[0]} ", text)


def say(text: str, stream: IO[str] | None = None, *, end: str = "\n") -> None:
    """Print a text, to standard output unless there is another stream."""
    stream = stream or sys.stdout
    if stream is None:
        return  # its reader has left, and was told no more
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = harmless(text).encode(encoding, "backslashreplace").decode(encoding)
    stream.write(shown + end)
    stream.flush()


def complain(text: str, lines: tuple[str, ...] = ()) -> None:
    """Print an error to standard error, with the last lines of a program below it."""
    say(f"conformance: {text}", sys.stderr)
    for line in lines:
        say(f"  | {line}", sys.stderr)


def command(line: str) -> None:
    """Print a workflow command of our own."""
    sys.stdout.write(line.encode("ascii", "backslashreplace").decode("ascii") + "\n")
    sys.stdout.flush()
