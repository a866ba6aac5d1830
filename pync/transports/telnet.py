"""A connection whose TELNET commands are answered with no and left out (``-t``).

What is sent goes out as it is: who pipes commands of his own into ``-t`` means them.
"""

from __future__ import annotations

from typing import Any

from ..layers.sendbuffer import SendBuffer
from ..layers.telnet import Telnet
from ..layers.telnet_protocol import IAC
from .conn import Conn

#: Bytes of one read from a stream. Each three of them may be a command, which costs
#: microseconds: a client that sends nothing else must not hold the event loop for long. After
#: reads without a command more is read, up to LARGEST_READ.
READ = 4 * 1024
LARGEST_READ = 64 * 1024

_IAC = bytes((IAC,))

#: Bytes of answers that may wait for a peer that does not read; more are not given.
MOST_ANSWERS = 64 * 1024


class TelnetConn(Conn):
    """Another connection, without its TELNET.

    Arguments:
        conn: owned from now on. What it can do besides receiving and sending (half-close,
            counting what is unacknowledged), this can.
    """

    @property
    def layered(self) -> bool:
        """Always: TELNET's commands are among the bytes of the descriptor."""
        return True

    def __init__(self, conn: Conn) -> None:
        self.local = conn.local
        self.peer = conn.peer
        self.datagram = conn.datagram
        self._conn = conn
        self._telnet = Telnet(text=False)
        self._answers = SendBuffer()
        self._most = READ
        inline = getattr(conn, "take_urgent_inline", None)
        if inline is not None:
            # Else the DM of a Synch is missing, and its IAC takes the next byte with it.
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
        """How long recv and send wait: None for ever, 0 not at all (BlockingIOError)."""
        self._conn.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """What settimeout set, in seconds."""
        return self._conn.gettimeout()

    def _recv(self, size: int) -> bytes:
        """Up to ``size`` bytes without TELNET's; ``b""`` at EOF.

        Raises OSError. Without blocking, a read that held only commands raises
        BlockingIOError, even if more can be read: others get their turn first.
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
        """Send what fits, after the answers; returns how many bytes did. Raises OSError."""
        self._send_answers()
        return self._conn.send(data)

    def _send_all(self, data: bytes) -> None:
        self._send_answers()
        self._conn.send_all(data)

    def drop(self) -> None:
        """Let go before the end; idempotent."""
        self._conn.drop()

    def close(self) -> None:
        """Let go; idempotent."""
        self._conn.close()

    def _answer(self, answers: bytes) -> None:
        if len(self._answers) + len(answers) <= MOST_ANSWERS:
            self._answers.put(answers)
        try:
            self._send_answers()
        except OSError:
            pass  # not now; or gone, and then reading and sending tell

    def _send_answers(self) -> None:
        self._answers.send_with(self._conn.send)
