"""Handshakes as generators: a driver performs the steps that they yield.

``yield Send(data)`` sends; ``data = yield Exactly(n)`` and ``line = yield Line(limit)`` receive
bytes; ``yield Pause(seconds)`` waits. A proxy's client and server are written in this way. A
handshake never reads a byte after its own end, so the plain connection can be used at full speed
afterwards, even if the peer has sent more bytes together with its last answer.

HandshakeSteps runs a handshake step by step. It has two drivers: transports/tunnel.py blocks,
engine/handshake.py uses a loop. The errors are the same with both.
"""

from __future__ import annotations

from collections.abc import Generator

from ..core.broken import HANDSHAKE_TIMED_OUT
from ..core.typed import Generic, NamedTuple, Protocol, TypeVar


class Send(NamedTuple):
    """The step of sending these bytes."""

    data: bytes


class Exactly(NamedTuple):
    """The step of receiving exactly so many bytes."""

    size: int


class Line(NamedTuple):
    """The step of receiving bytes up to the next ``end`` (one byte), at most ``limit`` of them.

    ``name``: its name for the error when the connection ends in it.
    """

    limit: int
    end: bytes = b"\n"
    name: str = "line"


class Pause(NamedTuple):
    """The step of waiting so long."""

    seconds: float


Result = TypeVar("Result")

Step = Send | Exactly | Line | Pause

#: A handshake in progress; received bytes are sent into the generator.
Handshake = Generator[Step, bytes, Result]


def say(data: bytes) -> Handshake[None]:
    """Return the handshake that only sends these bytes."""
    yield Send(data)


class HandshakeError(Exception):
    """The other side refuses, or does not speak the protocol.

    Arguments:
        cause: the reason, for the user.
        code: the reason for dialects with their own messages: ``socks5/REPLY``,
            ``socks5/methods``, ``ended/GOT/WANTED``, ``ended/NAME``, ``http/LINE`` ...
    """

    def __init__(self, cause: str, code: str = "") -> None:
        super().__init__(cause)
        self.code = code


class HandshakeTimeout(HandshakeError):
    """The handshake took longer than its time limit."""

    def __init__(self) -> None:
        super().__init__(HANDSHAKE_TIMED_OUT)


class Channel(Protocol):
    """The connection of a handshake."""

    def send(self, data: memoryview) -> int:
        """Send some of the data; return how many bytes."""

    def recv(self, size: int) -> bytes:
        """Return up to so many bytes; ``b""`` at the end."""


class HandshakeSteps(Generic[Result]):
    """A handshake, run step by step.

    Arguments:
        handshake: not started yet.
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
        """Send once or read once; when a step is complete, let the handshake yield the next one.

        Returns the seconds to wait before the next step, if the handshake yields a pause.

        Raises HandshakeError, and the channel's errors; after BlockingIOError and similar errors
        the step can be repeated.
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
            if len(data) < size or (isinstance(self._asked, Line) and self._missing(self._asked)):
                return None
        return self._go_on()

    def close(self) -> None:
        """Abandon the handshake; idempotent."""
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
        """Return how many bytes to read next; 0 if none are missing."""
        if isinstance(asked, Exactly):
            return asked.size - len(self._got)
        if self._got.endswith(asked.end):
            return 0
        if len(self._got) >= asked.limit:
            raise HandshakeError("the peer sent too long a line")
        return 1  # bytes after the line do not belong to the handshake

    def _ended(self, asked: Exactly | Line) -> HandshakeError:
        where = f"{len(self._got)}/{asked.size}" if isinstance(asked, Exactly) else asked.name
        return HandshakeError("the connection ended in the handshake", f"ended/{where}")
