"""The syntax of a bad line: ``up delay=300ms±50ms``, ``slice=1``, ``rate=20K``. No I/O.

A line can only do what every network may do to a correct server: bytes arrive later, slowly, or
in other pieces, but all of them, in order, and once. faults/carried.py implements it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .nearest import meant
from .verdict import WrongUsage

#: The directions: from the client to the server, and back.
UP, DOWN = "up", "down"

#: The syntax of each word.
KINDS = {"delay": "delay=T[+-T]", "rate": "rate=SIZE", "slice": "slice=SIZE[/T]"}

#: Other faults of ``pync --fault``, and why no server can be judged over a line that has them.
_LOSES = "no server can pass with it"
_UNLAWFUL = {
    "loss": "UDP may lose a datagram, but a clause cannot be judged without the answer",
    "duplicate": "UDP may double a datagram, but a clause expects one answer to each",
    "reorder": "UDP may change the order, but a clause expects the answers in order",
    **dict.fromkeys(
        ("cut-after", "reset-after", "reset-at", "stall-after", "drop-fin", "no-half-close"), _LOSES
    ),
    **dict.fromkeys(("corrupt", "blackhole", "refuse", "truncate"), _LOSES),
    **dict.fromkeys(("share", "from", "to"), "a line is the same for every client, all the time"),
}

#: The longest delay and the longest gap in seconds, and the lowest rate in bytes a second.
MOST_DELAY, MOST_GAP, LEAST_RATE = 60.0, 0.1, 100.0

#: After a silence, this many bytes are sliced (all of them, if a gap is given), and the following
#: bytes go in segments of this size.
SLICED, SEGMENT = 16 * 1024, 1460

#: The bytes of a person's dialogue with a server.
_DIALOGUE = 2048


class Need(NamedTuple):
    """A property of a line that a clause needs.

    Arguments:
        text: what is true of a line that is good enough.
        reason: why the clause is not judged over another line.
        decides: whether a violation proves nothing without it; then the clause is not even tried.
    """

    text: str
    reason: str
    decides: bool = False


#: The needs that a clause may declare, by name.
NEEDS = {
    "time": Need(
        "two things arrive as far apart as they were sent",
        "the line itself delays the data",
        decides=True,
    ),
    "together": Need(
        "what is sent together arrives together", "what is sent together arrives in pieces"
    ),
    "in-time": Need(
        "what a client does arrives before the server ends the connection by itself",
        "the server had ended the connection before the client's earlier action arrived",
    ),
}


class Way(NamedTuple):
    """One direction of a line. Times are in seconds; 0 means that the property is not set.

    ``delay`` and ``spread``: how late everything arrives, and by how much that varies. ``rate``:
    bytes per second. ``size``: bytes of a piece. ``gap``: time between two pieces.
    """

    delay: float = 0.0
    spread: float = 0.0
    rate: float = 0.0
    size: float = 0.0
    gap: float = 0.0

    def seconds_for(self, size: int) -> float:
        """Return the seconds until the last of this many bytes has arrived."""
        slowly = size / self.rate if self.rate else 0.0
        apart = -(-size // self.size) * self.gap if self.size else 0.0
        return self.delay + self.spread + max(slowly, apart)


class Line(NamedTuple):
    """The line between the clients and the server; ``texts`` are its settings as written."""

    up: Way = Way()
    down: Way = Way()
    texts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ";".join(self.texts)

    @property
    def round_trip(self) -> float:
        """The most seconds until the first byte of an answer can arrive."""
        return self.up.seconds_for(1) + self.down.seconds_for(1)

    @property
    def dialogue(self) -> float:
        """The seconds that a few short questions and answers spend on the line."""
        return 2 * (self.up.seconds_for(_DIALOGUE) + self.down.seconds_for(_DIALOGUE))

    @property
    def keeps_time(self) -> bool:
        """Whether two things arrive as far apart as they were sent."""
        return not any(way.spread or way.rate or way.size for way in (self.up, self.down))

    @property
    def slices(self) -> bool:
        """Whether bytes arrive in other pieces; this does not apply to datagrams."""
        return bool(self.up.size or self.down.size)


def parse_line(texts: Iterable[str], option: str = "--link") -> Line | None:
    """Parse the settings of a line; return None if there are none.

    Arguments:
        texts: each is ``[up|down|both] NAME=VALUE``, or several of them separated by ``;``.
        option: the name of the option in errors.
    Raises WrongUsage, which says what is wrong and what is allowed.
    """
    ways: dict[str, dict[str, float]] = {UP: {}, DOWN: {}}
    written = [one for text in texts for one in text.split(";")]
    if not written:
        return None
    shown = []
    for text in written:
        chosen, name, fields = _parse(text, option)
        for way in chosen:
            if ways[way].keys() & fields.keys():
                raise WrongUsage(f"{option}: {name} is given twice for the direction {way}")
            ways[way] |= fields
        shown.append(" ".join(_words(text)))
    return Line(Way(**ways[UP]), Way(**ways[DOWN]), tuple(shown))


def check_needs(names: Iterable[str], where: str) -> None:
    """Raise WrongUsage for a name that is missing from NEEDS; ``where`` begins the message."""
    for name in names:
        if name not in NEEDS:
            near = meant(name, NEEDS) or f" (known: {', '.join(NEEDS)})"
            raise WrongUsage(f"{where}: unknown need {name!r}{near}")


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _parse(text: str, option: str) -> tuple[tuple[str, ...], str, dict[str, float]]:
    """Return the directions, the name, and the fields of Way. Raises WrongUsage."""
    chosen: tuple[str, ...] = (UP, DOWN)
    found: tuple[str, dict[str, float]] | None = None
    for word in _words(text):
        name, equals, value = word.partition("=")
        if word in (UP, DOWN, "both"):
            chosen = (UP, DOWN) if word == "both" else (word,)
        elif found is not None and name in KINDS:
            raise WrongUsage(
                f"{option}: {text!r} contains two settings, {found[0]} and {name}; "
                "separate them by ';'"
            )
        elif name in _UNLAWFUL:
            raise WrongUsage(f"{option}: {name} cannot be used here: {_UNLAWFUL[name]}")
        elif name not in KINDS:
            near = meant(name, (*KINDS, UP, DOWN)) or f" (known: {', '.join(KINDS.values())})"
            raise WrongUsage(f"{option}: unknown word {name!r}{near}")
        elif not equals or not value:
            raise WrongUsage(f"{option}: {name} needs a value: {KINDS[name]}")
        else:
            found = name, _VALUES[name](value, f"{option}: {name}")
    if found is None:
        raise WrongUsage(
            f"{option}: {text!r} contains no setting (known: {', '.join(KINDS.values())})"
        )
    return chosen, *found


def _delay(value: str, where: str) -> dict[str, float]:
    middle, varies, spread = re.sub(r"\+-|\+/-", "±", value).partition("±")
    seconds = _seconds(middle, where)
    extra = _seconds(spread, where) if varies else 0.0
    if not 0 < seconds <= MOST_DELAY:
        raise WrongUsage(f"{where}: {value!r} must be above 0 and at most {MOST_DELAY:g} s")
    if extra > seconds:
        raise WrongUsage(f"{where}: {value!r} would sometimes be less than zero")
    return {"delay": seconds, "spread": extra}


def _rate(value: str, where: str) -> dict[str, float]:
    rate = _size(value, where)
    if rate < LEAST_RATE:
        raise WrongUsage(f"{where}: {value!r} is less than {LEAST_RATE:g} bytes a second")
    return {"rate": rate}


def _slice(value: str, where: str) -> dict[str, float]:
    size, has_gap, gap = value.partition("/")
    whole, seconds = _size(size, where) // 1, _seconds(gap, where) if has_gap else 0.0
    if whole < 1:
        raise WrongUsage(f"{where}: {size!r} is less than one byte")
    if seconds > MOST_GAP:
        raise WrongUsage(f"{where}: pieces can be {MOST_GAP * 1000:g} ms apart at most")
    return {"size": whole, "gap": seconds}


_VALUES: dict[str, Callable[[str, str], dict[str, float]]] = {
    "delay": _delay,
    "rate": _rate,
    "slice": _slice,
}

_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_SIZES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def _seconds(text: str, where: str) -> float:
    found = re.fullmatch(_NUMBER + "(ms|s|m|h|)", text, re.ASCII)
    if not found:
        raise WrongUsage(f"{where}: {text!r} is not a time, as in 500ms, 3s or 1.5")
    return float(found[1]) * _UNITS[found[2]]


def _size(text: str, where: str) -> float:
    found = re.fullmatch(_NUMBER + "([kmg]?)b?", text, re.ASCII | re.IGNORECASE)
    if not found:
        raise WrongUsage(f"{where}: {text!r} is not a size, as in 500, 10K or 1.5M")
    return float(found[1]) * _SIZES[found[2].lower()]
