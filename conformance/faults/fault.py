"""What a fault of the table is, and how the common ones are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..targets.address import DATAGRAMS, TCP, TCP6, UNIX
from . import answers, datagrams, greetings, inputs
from .courses import Course
from .datagrams import Exchange

#: What a proxy can see into: over TLS it has sealed bytes.
PLAIN = (TCP, TCP6, UNIX)

#: Where RST and FIN can be told apart.
RESETS = (TCP, TCP6)

#: Why something is not judged over TLS.
SEALED = "over TLS the proxy sees sealed bytes only"

Change = Callable[[bytes], bytes]


class Fault(NamedTuple):
    """One thing that a server may do wrong; or with ``finds`` empty, may lawfully do.

    ``text`` completes "nobody would notice that ...", and ``finds`` says what a requirement has to
    do to notice it. ``stream`` and ``datagram`` do it; None where it means nothing.
    """

    name: str
    text: str
    finds: str = ""
    stream: type[Course] | None = None
    datagram: type[Exchange] | None = None
    streams: tuple[str, ...] = PLAIN
    window: int | None = None

    @property
    def transports(self) -> tuple[str, ...]:
        """Over what it can be done."""
        return (*(self.streams if self.stream else ()), *(DATAGRAMS if self.datagram else ()))

    @property
    def is_lawful(self) -> bool:
        """Whether no requirement may take it for a fault."""
        return not self.finds


def both(name: str, text: str, finds: str, change: Change) -> Fault:
    """A fault that changes each answer, in streams and in datagrams."""
    changes = answers.changed(change), datagrams.changed_datagram(change)
    return Fault(name, text, finds, *changes)


def greeting(name: str, text: str, finds: str, change: Change) -> Fault:
    """A fault that changes each greeting."""
    return Fault(name, text, finds, greetings.changed_greeting(change))


def input_fault(name: str, text: str, finds: str, change: Change) -> Fault:
    """A fault that changes what is read at once."""
    return Fault(name, text, finds, inputs.changed_input(change))


def without_line_end(data: bytes) -> bytes:
    """Without the last LF or CR LF."""
    return data[: -2 if data.endswith(b"\r\n") else -1] if data.endswith(b"\n") else data


def stripped(data: bytes) -> bytes:
    """Without the blanks at the ends of lines."""
    lines = data.splitlines(keepends=True)
    return b"".join(one.strip() + one[len(one.rstrip(b"\r\n")) :] for one in lines)


def without_cr(data: bytes) -> bytes:
    """With LF for CR LF."""
    return data.replace(b"\r\n", b"\n")


def first(size: int) -> Change:
    """The first bytes, so many."""
    return lambda data: data[:size]
