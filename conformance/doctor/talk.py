"""One conversation: the data that was sent, the answers, and the end of the connection."""

from __future__ import annotations

import errno
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Union

from ..core.transcript import escape

if TYPE_CHECKING:
    import socket

    from ..core.tls import BlockingTls

Stream = Union["socket.socket", "BlockingTls"]


class Unheard(bytes):
    """Bytes to send whose answer belongs to the next step."""


Step = Union[bytes, None]

#: Steps of a conversation besides the bytes to send: send nothing, and end the client's side.
LISTEN, FIN = b"", None

#: How a turn ended, besides "" (the connection is still open).
ENDED, RESET, FLOODED = "FIN", "RST", "more and more"

#: Seconds without a byte after which an answer is complete.
QUIET = 0.12

#: The bytes, and the seconds, after which the data is a flood instead of an answer.
MOST, LONGEST = 128 * 1024, 1.5

#: The most bytes of a text that are shown.
SHOWN = 60


class Turn(NamedTuple):
    """One step of a conversation.

    ``sent`` is None for the end of the client's side. ``pieces`` are the received pieces, with the
    seconds since the step began; ``end`` says how the connection ended in this step, if it did;
    ``before`` was sent just before this step, without waiting for its answer.
    """

    sent: bytes | None
    pieces: tuple[tuple[float, bytes], ...]
    end: str
    seconds: float
    before: bytes = b""

    @property
    def is_ignored(self) -> bool:
        """Whether a complete line was sent, and nothing came."""
        return bool(self.sent) and (self.sent or b"").endswith(b"\n") and not self.pieces

    @property
    def answer(self) -> bytes:
        """All bytes that came."""
        return b"".join(data for _, data in self.pieces)

    def __str__(self) -> str:
        said = "FIN" if self.sent is None else quoted(self.sent)
        if self.before:
            said = f"{quoted(self.before)} and {said}"
        said = "connected" if self.sent == LISTEN else f"sent {said}"
        return f"{said}  {self.outcome()}"

    def outcome(self) -> str:
        """Return a description of the answer."""
        if self.end == FLOODED:
            return f"answered {quoted(self.answer)} and {self.end}"
        heard = [quoted(self.answer)] if self.answer else []
        if self.end:
            heard.append(self.end)
        return f"answered {', then '.join(heard) or f'nothing for {self.seconds:.1f} s'}"


def quoted(data: bytes) -> str:
    """Return the bytes in quotes, with C escapes; the end of a long text is left out."""
    shown = data[:SHOWN]
    while len(escape(shown)) > SHOWN + SHOWN // 2:
        shown = shown[: len(shown) // 2]
    more = f"... ({len(data)} bytes)" if len(shown) < len(data) else ""
    return f'"{escape(shown)}"{more}'


def converse(stream: Stream, script: Sequence[Step], patience: float) -> list[Turn]:
    """Perform the steps, up to the first that ends the connection; return the turns.

    Arguments:
        patience: seconds to wait for the beginning of an answer.
    """
    turns: list[Turn] = []
    unheard = b""
    for step in script:
        began = time.monotonic()
        was_reset = False
        try:
            if step is None:
                stream.shutdown(1)
            elif step:
                stream.settimeout(patience)
                stream.sendall(step)
        except TimeoutError:
            turns.append(Turn(step, (), "", time.monotonic() - began))
            break
        except OSError as error:
            # The system reports an RST only once (tcp(7), SO_ERROR): a later read would return FIN.
            was_reset = error.errno == errno.ECONNRESET
        if isinstance(step, Unheard):
            unheard = bytes(step)
            continue
        # After the client's end, wait until the server's end.
        turn = hear(stream, step, patience, None if step is None else QUIET)
        end = RESET if turn.end == ENDED and was_reset else turn.end
        turns.append(turn._replace(before=unheard, end=end))
        unheard = b""
        if turn.end:
            break
    return turns


def hear(stream: Stream, step: bytes | None, patience: float, quiet: float | None) -> Turn:
    """Return the turn with the data that answers a step.

    Arguments:
        quiet: seconds without a byte that end the answer; None awaits the connection's end.
    """
    began = time.monotonic()
    pieces: list[tuple[float, bytes]] = []
    end, size = "", 0
    until = began + patience
    while not end:
        try:
            stream.settimeout(max(0.001, until - time.monotonic()))
            data = stream.recv(65536)
        except TimeoutError:
            break
        except OSError:
            end = RESET
            break
        now = time.monotonic()
        if not data:
            end = ENDED
            break
        pieces.append((now - began, data))
        size += len(data)
        until = now + (patience if quiet is None else quiet)
        if size > MOST or now - began > patience + LONGEST:
            end = FLOODED
    return Turn(step, tuple(pieces), end, time.monotonic() - began)


def part(stream: Stream) -> None:
    """Close the stream, in whatever state it is."""
    with suppress(OSError), stream:
        pass
