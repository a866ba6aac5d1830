"""The text form of a link's faults: ``down delay=150ms±50ms share=20%``. Pure.

layers/faultline.py applies faults to bytes, layers/faultydatagrams.py to datagrams, and
programs/relay to whole connections.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .deadline import parse_duration
from .errors import UsageError, shortened
from .quantity import parse_bytes
from .typed import NamedTuple

#: The directions: from the client to the target, and back.
UP, DOWN = "up", "down"
WAYS = (UP, DOWN)

#: The units of a fault's amount.
BYTES, RATE, SECONDS, SHARE, EOF, NOTHING = "bytes", "bytes/s", "seconds", "share", "eof", ""

#: The kinds of lines that a fault can affect.
STREAMS, CONNECTIONS, DATAGRAMS = "streams", "connections", "datagrams"
_BOTH = (STREAMS, DATAGRAMS)


class Kind(NamedTuple):
    """One row of the table of faults: the form of its value, and where it can happen.

    ``values``: the allowed units; empty when there is no value. ``default``: the value when none
    is given; None when one is required. ``meaning``: for --help.
    """

    name: str
    values: tuple[str, ...]
    places: tuple[str, ...]
    meaning: str
    shown: str = ""
    default: str | None = None


#: Name -> the fault.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("delay", (SECONDS,), _BOTH, "everything arrives later", "T[±T]"),
        Kind("rate", (RATE,), _BOTH, "at most so many bytes a second", "SIZE"),
        Kind("slice", (BYTES,), (STREAMS,), "pieces of so many bytes, T apart", "SIZE[/T]"),
        Kind("cut-after", (BYTES, SECONDS), (STREAMS,), "FIN; the rest is lost", "SIZE|T"),
        Kind("reset-after", (BYTES, SECONDS), (STREAMS,), "RST to both sides", "SIZE|T"),
        Kind("reset-at", (EOF,), (STREAMS,), "RST in place of FIN", "eof"),
        Kind("stall-after", (BYTES, SECONDS), (STREAMS,), "nothing more is read", "SIZE|T"),
        Kind("drop-fin", (), (STREAMS,), "FIN is not passed on"),
        Kind("no-half-close", (), (STREAMS,), "FIN ends both directions"),
        Kind("corrupt", (SHARE,), _BOTH, "a share of the bytes is changed", "SHARE"),
        Kind("blackhole", (), _BOTH, "all is read, nothing passed on"),
        Kind("loss", (SHARE,), (DATAGRAMS,), "a share is lost", "SHARE"),
        Kind("duplicate", (SHARE,), (DATAGRAMS,), "a share arrives twice", "SHARE", "1"),
        Kind("reorder", (SHARE,), (DATAGRAMS,), "the next one overtakes a share", "SHARE", "1"),
        Kind("truncate", (BYTES,), (DATAGRAMS,), "what follows so many bytes is lost", "SIZE"),
        Kind("refuse", (SHARE,), (CONNECTIONS,), "RST for a share of the clients", "SHARE", "1"),
    )
}


class Fault(NamedTuple):
    """One fault.

    ``amount``: in ``unit``: bytes, bytes a second, seconds, or a share from 0 to 1.
    ``extra``: seconds: the variation of a delay, or the time between the pieces of ``slice``.
    ``ways``: the directions in which it happens. ``share``: of the connections, from 0 to 1.
    ``since`` and ``until``: seconds after it was switched on; it is active between them.
    ``text``: as typed.
    """

    name: str
    amount: float
    unit: str
    extra: float
    ways: tuple[str, ...]
    share: float
    since: float
    until: float
    text: str

    def is_for(self, place: str) -> bool:
        """Return whether it can affect ``streams``, ``datagrams`` or new ``connections``."""
        return place in KINDS[self.name].places

    def check(self, place: str, option: str = "--fault") -> None:
        """Check that it can affect a line of ``streams`` or ``datagrams``. Raises UsageError.

        Arguments:
            option: named in the error.
        """
        places = {STREAMS, CONNECTIONS} if place == STREAMS else {place}
        known = [kind.name for kind in KINDS.values() if places.intersection(kind.places)]
        if self.name not in known:
            raise UsageError(
                f"{option}: {self.name} cannot happen to {place}; what can: {', '.join(known)}"
            )

    def __str__(self) -> str:
        return self.text


def parse_fault(text: str, option: str = "--fault") -> Fault:
    """Parse one fault.

    Arguments:
        text: ``[up|down|both] NAME[=VALUE] [share=SHARE] [from=T] [to=T]``, the words
            separated by blanks or commas, in any order.
        option: named in errors.

    Raises UsageError that says what is wrong, and what is allowed.
    """
    words = text.replace(",", " ").split()
    ways: tuple[str, ...] = WAYS
    limits = {"share": 1.0, "from": 0.0, "to": float("inf")}
    found: tuple[Kind, float, str, float] | None = None
    for word in words:
        name, equals, value = word.partition("=")
        if word in (*WAYS, "both"):
            ways = WAYS if word == "both" else (word,)
        elif name in limits:
            limits[name] = _LIMITS[name](value, f"{option} {name}")
        elif found is not None:
            raise UsageError(
                f"{option}: {shortened(text)} holds two faults, {found[0].name} and "
                f"{shortened(name)}; give each an option of its own"
            )
        else:
            kind = _kind(name, option)
            found = (kind, *_value(kind, value if equals else None, f"{option} {name}"))
    if found is None:
        raise UsageError(f"{option}: {shortened(text)} names no fault; known: {', '.join(KINDS)}")
    if limits["from"] >= limits["to"]:
        raise UsageError(f"{option}: {shortened(text)} ends before it begins")
    kind, amount, unit, extra = found
    shown = " ".join(words)
    return Fault(
        kind.name, amount, unit, extra, ways, limits["share"], limits["from"], limits["to"], shown
    )


def _kind(name: str, option: str) -> Kind:
    if name in KINDS:
        return KINDS[name]
    from difflib import get_close_matches

    near = get_close_matches(name, KINDS, 1)
    told = f"did you mean {near[0]}?" if near else f"known: {', '.join(KINDS)}"
    raise UsageError(f"{option}: unknown fault {shortened(name)}; {told}")


def _value(kind: Kind, value: str | None, option: str) -> tuple[float, str, float]:
    """Return the amount, its unit, and the extra seconds."""
    if value is None:
        value = kind.default
    if not kind.values:
        if value is not None:
            raise UsageError(f"{option}: takes no value")
        return 0.0, NOTHING, 0.0
    if value is None:
        raise UsageError(f"{option}: needs a value: {kind.name}={kind.shown}")
    if kind.values == (EOF,):
        if value != "eof":
            raise UsageError(f"{option}: {shortened(value)} is not valid; it is {kind.name}=eof")
        return 0.0, EOF, 0.0
    if kind.name == "delay":
        middle, _, spread = re.sub(r"\+-|\+/-", "±", value).partition("±")
        seconds = parse_duration(middle, option)
        extra = parse_duration(spread, option) if spread else 0.0
        if extra > seconds:
            raise UsageError(f"{option}: {shortened(value)} would be less than no delay")
        return seconds, SECONDS, extra
    if kind.name == "slice":
        size, slash, gap = value.partition("/")
        return (
            max(1.0, float(int(parse_bytes(size, option)))),
            BYTES,
            parse_duration(gap, option) if slash else 0.0,
        )
    unit = _unit(kind, value)
    return _UNITS[unit](value, option), unit, 0.0


def _unit(kind: Kind, value: str) -> str:
    """Return the unit of a value: 64K and 1M are bytes, 5s and 2m are seconds."""
    if SECONDS in kind.values and re.search(r"[\d.](ms|s|m|h)\Z", value):
        return SECONDS
    return kind.values[0]


def parse_share(text: str, option: str) -> float:
    """Parse a share: ``5%`` or ``0.05``; return a number from 0 to 1.

    Raises UsageError that names the option.
    """
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(%?)", text, re.ASCII)
    share = float(found[1]) / (100 if found[2] else 1) if found else 2.0
    if share > 1:
        raise UsageError(f"{option}: {shortened(text)} is not a share; use for example 5% or 0.05")
    return share


def _parse_whole_bytes(text: str, option: str) -> float:
    """Return a number of bytes; 0 is allowed: ``cut-after=0`` passes nothing."""
    return 0.0 if text == "0" else float(int(parse_bytes(text, option)))


_UNITS: dict[str, Callable[[str, str], float]] = {
    BYTES: _parse_whole_bytes,
    RATE: parse_bytes,
    SECONDS: parse_duration,
    SHARE: parse_share,
}

_LIMITS: dict[str, Callable[[str, str], float]] = {
    "share": parse_share,
    "from": parse_duration,
    "to": parse_duration,
}
