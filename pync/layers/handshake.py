"""Handshakes as generators: what they yield is done for them, and nothing else is touched.

``yield Send(data)`` sends; ``data = yield Exactly(n)`` and ``line = yield Line(limit)`` give
bytes; ``yield Pause(seconds)`` waits. A proxy's client is written so, and so is its server. A
handshake never asks for a byte beyond its own end, so the plain connection goes on behind it at
full speed, whatever the peer sent together with its last word.

HandshakeSteps takes a handshake from step to step. It has two drivers: transports/tunnel.py
blocks, engine/handshake.py has a loop. What goes wrong is the same for both.
"""

# No postponed annotations: NamedTuple compiles each as text (typing.ForwardRef) at every start.

from collections.abc import Generator
from typing import Generic, NamedTuple, Protocol, TypeVar, Union

from ..core.broken import HANDSHAKE_TIMED_OUT


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


class HandshakeTimeout(HandshakeError):
    """The handshake took longer than it may."""

    def __init__(self) -> None:
        super().__init__(HANDSHAKE_TIMED_OUT)


class Channel(Protocol):
    """What a handshake goes over."""

    def send(self, data: memoryview) -> int:
        """Send some of it; returns how many bytes."""
        ...

    def recv(self, size: int) -> bytes:
        """Up to so many bytes; ``b""`` at the end."""
        ...


class HandshakeSteps(Generic[Result]):
    """A handshake, from step to step.

    Arguments:
        handshake: has not been started.
    """

    #: What the handshake returned, once it is over.
    result: Result

    def __init__(self, handshake: Handshake[Result]) -> None:
        self.is_over = False
        self._handshake = handshake
        self._asked: Exactly | Line | None = None
        self._got = b""
        self._unsent = memoryview(b"")

    @property
    def writes(self) -> bool:
        """Whether the next step sends."""
        return bool(self._unsent)

    def step(self, channel: Channel) -> float | None:
        """Send once or read once; once that is done, go on to what the handshake asks for next.

        Returns the seconds to wait before the next step, if the handshake has asked for a pause.

        Raises HandshakeError, and what the channel raises; after BlockingIOError and the like
        the step can be taken again.
        """
        if self._unsent:
            self._unsent = self._unsent[channel.send(self._unsent) :]
            if self._unsent:
                return None
        elif self._asked is not None and (size := self._missing(self._asked)):
            data = channel.recv(size)
            if not data:
                raise self._ended(self._asked)
            self._got += data
            if self._missing(self._asked):
                return None
        return self._go_on()

    def close(self) -> None:
        """Leave the handshake as it is; idempotent."""
        self._handshake.close()

    def _go_on(self) -> float | None:
        answers = self._asked is not None
        try:
            step = self._handshake.send(self._got) if answers else next(self._handshake)
        except StopIteration as ended:
            self.result = ended.value
            self.is_over = True
            return None
        self._asked, self._got = None, b""
        if isinstance(step, Pause):
            return step.seconds
        if isinstance(step, Send):
            self._unsent = memoryview(step.data)
        else:
            self._asked = step
        return None

    def _missing(self, asked: Exactly | Line) -> int:
        """Return how many bytes to read next; 0: none are missing."""
        if isinstance(asked, Exactly):
            return asked.size - len(self._got)
        if self._got.endswith(asked.end):
            return 0
        if len(self._got) >= asked.limit:
            raise HandshakeError("the peer sent too long a line")
        return 1  # what follows the line is not ours to take

    def _ended(self, asked: Exactly | Line) -> HandshakeError:
        where = f"{len(self._got)}/{asked.size}" if isinstance(asked, Exactly) else asked.name
        return HandshakeError("the connection ended in the handshake", f"ended/{where}")
