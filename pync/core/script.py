r"""The language of ``--expect``: what to send, and what has to come. Pure.

One step a line; empty lines and lines that begin with # are passed over::

    timeout 5s             # for the steps that follow; 10 s if nothing is said
    expect "login: "       # this text has to come
    send "joe\r\n"         # C escapes, as in a C string
    expect /\$ $/ 30s      # a match of this regular expression, within this time
    eof                    # end our direction (FIN)
    end                    # the peer has to end its own
    interact               # from here on the user talks
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, Union

from .deadline import parse_duration
from .errors import UsageError, shortened
from .pattern import compiled
from .quantity import unescape

#: Seconds that an awaited text may take, unless the script says otherwise.
EXPECT_TIMEOUT = 10.0


class Send(NamedTuple):
    """Bytes to send."""

    line: int
    data: bytes


class Expect(NamedTuple):
    """What has to come, within so many seconds; ``shown`` is how the script has it."""

    line: int
    pattern: re.Pattern[bytes]
    shown: str
    seconds: float


class Eof(NamedTuple):
    """End our direction."""

    line: int


class End(NamedTuple):
    """The peer's end has to come, within so many seconds."""

    line: int
    seconds: float


class Interact(NamedTuple):
    """The user takes over."""

    line: int


Step = Union[Send, Expect, Eof, End, Interact]


class Script(NamedTuple):
    """A script: its name, for messages, and its steps."""

    name: str
    steps: tuple[Step, ...]


def parse(text: str, name: str) -> Script:
    """Read a script.

    Raises UsageError that names the line.
    """
    steps: list[Step] = []
    patience = EXPECT_TIMEOUT
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        where = f"{name}:{number}"
        verb, _, rest = words.partition(" ")
        if verb == "timeout":
            patience = parse_duration(_uncommented(rest), where)
        elif verb in _VERBS:
            steps.append(_VERBS[verb](number, rest.strip(), patience, where))
        else:
            known = ", ".join([*_VERBS, "timeout"])
            raise UsageError(f"{where}: unknown step {verb!r} (known: {known})")
        if isinstance(steps[-1] if steps else None, Interact):
            break
    if not steps:
        raise UsageError(f"{name}: the script has no step")
    return Script(name, tuple(steps))


def _send(line: int, rest: str, _patience: float, where: str) -> Step:
    found = _TEXT.match(rest)
    if not found:
        raise UsageError(f'{where}: send takes a text in quotes: send "hello\\n"')
    _nothing(rest[found.end() :], where)
    return Send(line, unescape(found.group(1), where))


def _expect(line: int, rest: str, patience: float, where: str) -> Step:
    found = _TEXT.match(rest) or _REGEX.match(rest)
    if not found:
        raise UsageError(f"{where}: expect takes a text in quotes or a /regular expression/")
    if rest.startswith("/"):
        pattern = _compiled(found.group(1).replace("\\/", "/"), where)
    else:
        pattern = re.compile(re.escape(unescape(found.group(1), where)))
    seconds = _uncommented(rest[found.end() :])
    within = parse_duration(seconds, where) if seconds else patience
    return Expect(line, pattern, found.group(), within)


def _compiled(pattern: str, where: str) -> re.Pattern[bytes]:
    try:
        return compiled(pattern)
    except ValueError as error:
        shown = shortened(pattern)
        raise UsageError(f"{where}: {shown} is not a valid regular expression: {error}") from None


def _eof(line: int, rest: str, _patience: float, where: str) -> Step:
    _nothing(rest, where)
    return Eof(line)


def _end(line: int, rest: str, patience: float, where: str) -> Step:
    seconds = _uncommented(rest)
    return End(line, parse_duration(seconds, where) if seconds else patience)


def _interact(line: int, rest: str, _patience: float, where: str) -> Step:
    _nothing(rest, where)
    return Interact(line)


_VERBS: dict[str, Callable[[int, str, float, str], Step]] = {
    "send": _send,
    "expect": _expect,
    "eof": _eof,
    "end": _end,
    "interact": _interact,
}

_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_REGEX = re.compile(r"/((?:[^/\\]|\\.)+)/")


def _uncommented(rest: str) -> str:
    return rest.partition("#")[0].strip()


def _nothing(rest: str, where: str) -> None:
    if _uncommented(rest):
        raise UsageError(f"{where}: {_uncommented(rest)!r} was not expected here")
