"""The class of a fault, and functions that make the common ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..targets.address import DATAGRAMS, TCP, TCP6, UNIX
from . import answers, datagrams, greetings, inputs
from .courses import Course
from .datagrams import Exchange

#: The transports whose data a proxy can read: over TLS it is encrypted.
PLAIN = (TCP, TCP6, UNIX)

#: The transports on which RST and FIN can be distinguished.
RESETS = (TCP, TCP6)

#: Why something is not judged over TLS.
SEALED = "over TLS the proxy sees sealed bytes only"

Change = Callable[[bytes], bytes]


class Fault(NamedTuple):
    """A fault of a server; or, if ``finds`` is empty, a lawful change.

    ``text`` completes "nobody would notice that ...", and ``finds`` says how a requirement can
    notice it. ``stream`` and ``datagram`` implement it; None if it does not apply to them.
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
        """The transports to which the fault applies."""
        return (*(self.streams if self.stream else ()), *(DATAGRAMS if self.datagram else ()))

    @property
    def is_lawful(self) -> bool:
        """Whether this is a lawful change, which no requirement may call a fault."""
        return not self.finds


def both(name: str, text: str, finds: str, change: Change) -> Fault:
    """Return a fault that changes each answer, in streams and in datagrams."""
    changes = answers.changed(change), datagrams.changed_datagram(change)
    return Fault(name, text, finds, *changes)


def greeting(name: str, text: str, finds: str, change: Change) -> Fault:
    """Return a fault that changes each greeting."""
    return Fault(name, text, finds, greetings.changed_greeting(change))


def input_fault(name: str, text: str, finds: str, change: Change) -> Fault:
    """Return a fault that changes the input that is read at once."""
    return Fault(name, text, finds, inputs.changed_input(change))


def without_line_end(data: bytes) -> bytes:
    """Return the data without the last LF or CR LF."""
    return data[: -2 if data.endswith(b"\r\n") else -1] if data.endswith(b"\n") else data


def stripped(data: bytes) -> bytes:
    """Return the data without the blanks at the ends of lines."""
    lines = data.splitlines(keepends=True)
    return b"".join(one.strip() + one[len(one.rstrip(b"\r\n")) :] for one in lines)


def without_cr(data: bytes) -> bytes:
    """Return the data with LF in place of CR LF."""
    return data.replace(b"\r\n", b"\n")


def first(size: int) -> Change:
    """Return the change that keeps only this many bytes from the beginning."""
    return lambda data: data[:size]
