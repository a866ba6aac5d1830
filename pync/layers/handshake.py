"""Handshakes as generators: what they yield is done for them, and nothing else is touched.

``yield Send(data)`` sends; ``data = yield Exactly(n)`` and ``line = yield Line(limit)`` give
bytes; ``yield Pause(seconds)`` waits. A proxy's client is written so, and so is its server. A
handshake never asks for a byte beyond its own end, so the plain connection goes on behind it at
full speed, whatever the peer sent together with its last word.
"""

# No postponed annotations: NamedTuple compiles each as text (typing.ForwardRef) at every start.

from collections.abc import Generator
from typing import NamedTuple, TypeVar, Union


class Send(NamedTuple):
    """Send these bytes."""

    data: bytes


class Exactly(NamedTuple):
    """Give so many bytes."""

    size: int


class Line(NamedTuple):
    """Give bytes up to and with the next ``end``, one byte; more than ``limit`` are too many.

    ``name``: of what it is, if the connection ends in it.
    """

    limit: int
    end: bytes = b"\n"
    name: str = "line"


class Pause(NamedTuple):
    """Wait so long."""

    seconds: float


Result = TypeVar("Result")

Step = Union[Send, Exactly, Line, Pause]

#: A handshake in progress; bytes go in where it asked for some.
Handshake = Generator[Step, bytes, Result]


def say(data: bytes) -> Handshake[None]:
    """The shortest: say this, and no more."""
    yield Send(data)


class HandshakeError(Exception):
    """The other side refuses, or does not speak the protocol.

    Arguments:
        cause: why, as a person is told.
        code: the same for those who have words of their own for it: ``socks5/REPLY``,
            ``socks5/methods``, ``ended/GOT/WANTED``, ``ended/NAME``, ``http/LINE`` ...
    """

    def __init__(self, cause: str, code: str = "") -> None:
        super().__init__(cause)
        self.code = code
