"""The options that the telnet program supports, and the data that it sends in each. Pure.

Of the environment, a host gets only the variables that it asks for and the user has exported.
"""

from __future__ import annotations

from collections.abc import Callable

from ...layers.telnet import Abilities
from ...layers.telnet_protocol import (
    BINARY,
    DO,
    ECHO,
    ESC,
    IS,
    NAWS,
    NEW_ENVIRON,
    SEND,
    SGA,
    STATUS,
    TSPEED,
    TTYPE,
    USERVAR,
    VALUE,
    VAR,
    WILL,
    XDISPLOC,
)
from .settings import Settings

#: Returns columns and rows; zero means unknown (RFC 1073).
Size = Callable[[], "tuple[int, int]"]

#: The names that RFC 1572 defines; all others are the user's own.
WELL_KNOWN = frozenset({"USER", "JOB", "ACCT", "PRINTER", "SYSTEMTYPE", "DISPLAY"})


def abilities_of(settings: Settings, hostname: str, size: Size, speed: int) -> Abilities:
    """Return the options that we support.

    Arguments:
        settings: the environment, and which variables are exported.
        hostname: the name of this machine, for a DISPLAY without a host.
        size: the terminal's columns and rows now.
        speed: the terminal's speed in bit/s.
    """
    variables = settings.variables
    display = _display(variables.get("DISPLAY", ""), hostname)
    kind = variables.get("TERM", "") or "unknown"
    ours = {BINARY, NAWS, NEW_ENVIRON, SGA, TSPEED, TTYPE}
    if display:
        ours.add(XDISPLOC)
    answers = {
        TTYPE: _when_asked(kind.upper),
        TSPEED: _when_asked(lambda: f"{speed},{speed}"),
        XDISPLOC: _when_asked(lambda: display),
        NEW_ENVIRON: lambda data: environment(data, settings, display),
    }
    return Abilities(
        ours=frozenset(ours),
        theirs=frozenset({BINARY, ECHO, SGA, STATUS}),
        announce={NAWS: lambda: window(*size())},
        answer=answers,
    )


def window(columns: int, rows: int) -> bytes:
    """Return the data of a NAWS subnegotiation (RFC 1073)."""
    return bytes((*divmod(columns, 256), *divmod(rows, 256)))


def environment(data: bytes, settings: Settings, display: str) -> bytes | None:
    """Return the answer to a NEW-ENVIRON subnegotiation (RFC 1572), or None.

    A host that names variables gets those of them that are exported; without names, all exported.
    """
    if data[:1] != bytes((SEND,)):
        return None
    asked = _names(data[1:])
    answer = bytearray((IS,))
    for name in sorted(settings.exported):
        if asked and name not in asked:
            continue
        value = display if name == "DISPLAY" else settings.variables.get(name, "")
        answer.append(VAR if name in WELL_KNOWN else USERVAR)
        answer += _escaped(name) + bytes((VALUE,)) + _escaped(value)
    return bytes(answer)


def _names(data: bytes) -> set[str]:
    """Return the variables that a host names; an empty name means "all of this kind"."""
    names: list[bytearray] = []
    escaped = False
    for byte in data:
        if not escaped and byte in (VAR, USERVAR):
            names.append(bytearray())
        elif not escaped and byte == ESC:
            escaped = True
            continue
        elif names:
            names[-1].append(byte)
        escaped = False
    if any(not name for name in names):
        return set()
    return {name.decode("utf-8", "replace") for name in names}


def _escaped(text: str) -> bytes:
    out = bytearray()
    for byte in text.encode("utf-8", "surrogateescape"):
        if byte in (VAR, VALUE, ESC, USERVAR):
            out.append(ESC)
        out.append(byte)
    return bytes(out)


def _when_asked(value: Callable[[], str]) -> Callable[[bytes], bytes | None]:
    def answer(data: bytes) -> bytes | None:
        if data[:1] != bytes((SEND,)):
            return None
        return bytes((IS,)) + value().encode("utf-8", "surrogateescape")

    return answer


def _display(display: str, hostname: str) -> str:
    """Return the name of a display for another machine."""
    for local in (":", "unix:"):
        if display.startswith(local):
            return f"{hostname}:{display[len(local) :]}"
    return display


#: The negotiations that we start on a TELNET port: (verb, option).
INITIAL = (
    (DO, SGA),
    (WILL, TTYPE),
    (WILL, NAWS),
    (WILL, TSPEED),
    (WILL, NEW_ENVIRON),
    (DO, STATUS),
)
