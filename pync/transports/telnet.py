"""A connection whose TELNET commands are refused and removed (``-t``).

Data is sent unchanged: TELNET commands in the user's input are sent as commands.
"""

from __future__ import annotations

from ..core.typed import TYPE_CHECKING
from ..layers.sendbuffer import SendBuffer
from ..layers.telnet import Telnet
from ..layers.telnet_protocol import IAC
from .conn import Conn

if TYPE_CHECKING:
    from typing import Any

#: Bytes of one read from a stream. Every three of them may be a command, which costs
#: microseconds: a client that sends only commands must not block the event loop for long. After
#: reads without a command the size doubles, up to LARGEST_READ.
READ = 4 * 1024
LARGEST_READ = 64 * 1024

_IAC = bytes((IAC,))

#: Bytes of answers that may wait for a peer that does not read; more answers are dropped.
MOST_ANSWERS = 64 * 1024


class TelnetConn(Conn):
    """A connection without the TELNET commands of another connection.

    Arguments:
        conn: the other connection, owned by this object. Its other methods (half-close, counting
            unacknowledged bytes) can be called on this object.
    """

    @property
    def layered(self) -> bool:
        """True: the descriptor's bytes contain TELNET commands."""
        return True

    def __init__(self, conn: Conn) -> None:
        self.local = conn.local
        self.peer = conn.peer
        self.datagram = conn.datagram
        self.times = conn.times
        self._conn = conn
        self._telnet = Telnet(text=False)
        self._answers = SendBuffer()
        self._most = READ
        inline = getattr(conn, "take_urgent_inline", None)
        if inline is not None:
            # Otherwise the DM of a Synch would be missing, and its IAC would remove the next byte.
            inline()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._conn, name)

    def fileno(self) -> int:
        """Return the descriptor, for reading and for writing."""
        return self._conn.fileno()

    def read_fds(self) -> tuple[int, ...]:
        """Return the descriptors to wait on before recv."""
        return self._conn.read_fds()

    def write_fd(self) -> int:
        """Return the descriptor to wait on before send."""
        return self._conn.write_fd()

    def settimeout(self, seconds: float | None) -> None:
        """Set how long recv and send wait: None for ever, 0 not at all (BlockingIOError)."""
        self._conn.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """Return what settimeout has set, in seconds."""
        return self._conn.gettimeout()

    def _recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes without TELNET commands; ``b""`` at EOF.

        Raises OSError. In non-blocking mode, a read of only commands raises BlockingIOError, even
        if more can be read, so that others are served first.
        """
        while data := self._conn.recv(size if self.datagram else min(size, self._most)):
            self._most = READ if _IAC in data else min(2 * self._most, LARGEST_READ)
            text = self._telnet.receive(data)
            self._answer(self._telnet.outgoing())
            if text or self.datagram:
                return text
            if self._conn.gettimeout() == 0:
                raise BlockingIOError
        return b""

    def send(self, data: bytes | memoryview) -> int:
        """Send what fits, after the answers; return how many bytes did. Raises OSError."""
        self._send_answers()
        return self._conn.send(data)

    def _send_all(self, data: bytes) -> None:
        self._send_answers()
        self._conn.send_all(data)

    def drop(self) -> None:
        """Close without marking the end of the data; idempotent."""
        self._conn.drop()

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._conn.close()

    def _answer(self, answers: bytes) -> None:
        if len(self._answers) + len(answers) <= MOST_ANSWERS:
            self._answers.put(answers)
        try:
            self._send_answers()
        except OSError:
            pass  # no room now; or the connection is broken, and the next read or send raises it

    def _send_answers(self) -> None:
        self._answers.send_with(self._conn.send)
