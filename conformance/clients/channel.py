"""One client's socket, with all its bytes and events in the transcript.

pexpect's fdspawn reads; data that was read but not yet judged is kept here. FIN and RST are
different events and are never confused. A channel acts and reports what happened; it does not
judge, which is the task of peer.py.
"""

from __future__ import annotations

import errno
import os
import select
import selectors
import socket
import struct
import time
from collections.abc import Callable
from functools import partial

import pexpect
from pexpect import fdpexpect
from pexpect.spawnbase import SpawnBase

from ..core.budget import Budget
from ..core.traffic import Traffic, Waiting, now
from ..core.transcript import RECEIVED, SENT, Transcript
from ..targets.queues import Queues, queues_of

#: Seconds; a shorter wait counts as finished.
_INSTANT = 0.001

FIN, RST, SILENCE, DATA = "FIN", "RST", "silence", "data"

#: The bytes of one read, and the most of one read while much data comes. The C library takes room
#: for more than 128 KiB from the kernel each time (mallopt(3), M_MMAP_THRESHOLD), which costs
#: five times as much as a short read itself.
USUAL_READ, READ = 64 * 1024, 256 * 1024

#: Seconds between two checks whether the server has read what was sent.
READ_INTERVAL = 0.0025

#: Seconds in which a server reads data that has arrived over a bad line.
READING_TIME = 0.01

#: Errors of a read or a write which mean that the peer has aborted.
RESETS = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ETIMEDOUT})

#: SO_LINGER on, zero seconds: close() sends RST (RFC 9293 3.10.4, abort).
ABORT = struct.pack("ii", 1, 0) if os.name == "posix" else struct.pack("hh", 1, 0)


class ServerLeft(Exception):
    """A write failed: the server has closed or reset the connection."""


class Channel:
    """A connected stream socket.

    Arguments:
        name: the client's name in the transcript.
        sock: the socket, which the channel will close.
        transcript: where the events are recorded.
        deadline: seconds that one awaited event may take.
    """

    #: Whether the server has the other end of the socket; else it is not known what it has read.
    sees_queues = True

    #: The socket's name, while the client has sent data without reading the answers.
    unread: object = None

    def __init__(
        self, name: str, sock: socket.socket, transcript: Transcript, deadline: float
    ) -> None:
        self.name = name
        self.deadline = deadline
        self.transcript = transcript
        #: The time that all waits of a scenario may take; None is without a limit.
        self.budget: Budget | None = None
        #: The traffic on the bad line to the server; None if there is no such line.
        self.traffic: Traffic | None = None
        self.ended: str | None = None
        self.received = 0
        #: Data that was received but not yet judged.
        self.pending = bytearray()
        self._has_ended_writing = False
        self._room = USUAL_READ
        self._sock = sock
        self._sock.setblocking(False)
        self._stream = _stream(sock, deadline)

    def shake(self) -> None:
        """Complete the handshake of a connection that has one."""

    def receive(self, timeout: float) -> str:
        """Wait up to ``timeout`` seconds for the next event: data, FIN, RST or silence.

        Raises TooSlow if the budget is spent.
        """
        if self.ended:
            return self.ended
        try:
            data = self._read_patiently(timeout)
        except pexpect.TIMEOUT:
            return SILENCE
        except pexpect.EOF:
            return self._end(FIN)
        except BlockingIOError:
            return DATA
        except OSError as error:
            if error.errno not in RESETS:
                raise
            return self._end(RST)
        self.received += len(data)
        self.unread = None
        self.pending += data
        self.transcript.received(self.name, data)
        return DATA

    def take(self) -> bytes:
        """Return and remove the bytes that were received but not yet judged."""
        data = bytes(self.pending)
        self.pending.clear()
        return data

    def write(self, data: memoryview) -> int | None:
        """Send data; return the number of bytes sent, or None if the socket would block.

        Raises ServerLeft.
        """
        try:
            written = self._write_some(data)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno not in RESETS:
                raise
            # Data that the server sent before it closed is evidence: read it first.
            while self.receive(0.0) == DATA:
                pass
            if self.ended is None:
                self._end(RST)
            raise ServerLeft from error
        self.transcript.sent(self.name, bytes(data[:written]))
        return written

    def shut_down(self) -> None:
        """End the sending side: FIN. Raises ServerLeft."""
        self.transcript.note(self.name, FIN, SENT)
        self._has_ended_writing = True
        try:
            self._end_writing()
        except OSError as error:
            if error.errno not in RESETS and error.errno != errno.ENOTCONN:
                raise
            raise ServerLeft from error

    def reset(self) -> None:
        """Abort the connection: the server sees RST (TCP only)."""
        self.transcript.note(self.name, RST, SENT)
        self.vanish()

    def vanish(self) -> None:
        """Abort without a note in the transcript, at the end of the scenario; idempotent."""
        if self._sock.fileno() != -1:
            if self._sock.family != getattr(socket, "AF_UNIX", None):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            self._sock.close()

    def close(self, note: bool = True) -> None:
        """Close the socket; idempotent."""
        if self._sock.fileno() != -1:
            if note:
                self.transcript.note(self.name, "close")
            self._sock.close()

    def queues(self) -> Queues | None:
        """Return the bytes that wait between the client and the server; None if not known."""
        return queues_of(self._sock) if self.sees_queues else None

    def await_read(self, until: float) -> None:
        """Wait until the server has read what was sent, if the kernel reports that.

        Arguments:
            until: the time.monotonic() at which to give up.
        """
        waiting: Callable[[], Waiting | None] = self.queues
        if self.traffic is not None:
            self.traffic.arrived(self.deadline)
            waiting = partial(self.traffic.queues, self._sock.getsockname())
            if waiting() is None:
                time.sleep(max(0.0, min(READING_TIME, until - time.monotonic())))
        while (queues := waiting()) and queues.unread and time.monotonic() < until:
            time.sleep(READ_INTERVAL)

    def now(self) -> float:
        """Return the time in seconds, without the time in which the line carried data."""
        return now(self.traffic)

    @property
    def stays(self) -> bool:
        """Whether the client is still connected, as far as is known."""
        return self.ended is None and self._sock.fileno() != -1

    def wait_writable(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds; return whether the socket can be written."""
        return self._wait(selectors.EVENT_WRITE, timeout)

    def wait_either(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds; return whether the socket can be written or read."""
        return self._wait(selectors.EVENT_WRITE | selectors.EVENT_READ, timeout)

    # The transfer of bytes; TlsPeer overrides these methods to encrypt them.

    def _read_patiently(self, timeout: float) -> bytes:
        """Read within ``timeout`` seconds, not counting the time in which the line carries data."""
        wait, until = timeout, time.monotonic() + timeout
        while True:
            if timeout and self.budget is not None:
                self.budget.check()
            try:
                return self._read_some(wait)
            except pexpect.TIMEOUT:
                if not timeout or (wait := self._wait_left(until, timeout)) <= _INSTANT:
                    raise

    def _read_some(self, timeout: float) -> bytes:
        data: bytes = self._stream.read_nonblocking(self._room, timeout)
        self._room = READ if len(data) == self._room else USUAL_READ
        return data

    def _write_some(self, data: memoryview) -> int:
        return self._sock.send(data)

    def _end_writing(self) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    def _wait(self, events: int, timeout: float) -> bool:
        wait, until = timeout, time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, events)
            while True:
                if self.budget is not None:
                    self.budget.check()
                if selector.select(wait):
                    return True
                if (wait := self._wait_left(until, timeout)) <= _INSTANT:
                    return False

    def _wait_left(self, until: float, timeout: float) -> float:
        """Return the seconds left until a moment, or until the line was quiet for the timeout."""
        if self.traffic is not None:
            until = max(until, self.traffic.quiet_since() + timeout)
        return until - time.monotonic()

    def _end(self, how: str) -> str:
        self.ended = how
        self.transcript.note(self.name, how, RECEIVED)
        return how


def _stream(sock: socket.socket, deadline: float) -> SpawnBase:
    if os.name == "posix":
        return fdpexpect.fdspawn(
            sock, use_poll=hasattr(selectors, "PollSelector"), timeout=deadline, maxread=READ
        )
    return _SocketStream(sock, deadline)


class _SocketStream(SpawnBase):  # type: ignore[misc]  # pexpect has no types
    """A replacement for fdspawn on Windows, where a socket has no descriptor of the C library."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        super().__init__(timeout=deadline, maxread=READ)
        self._sock = sock

    def read_nonblocking(self, size: int = 1, timeout: float | None = None) -> bytes:
        """Read like fdspawn. Raises pexpect's TIMEOUT and EOF, OSError."""
        if not select.select([self._sock], [], [], timeout)[0]:
            raise pexpect.TIMEOUT("")
        data = self._sock.recv(size)
        if not data:
            raise pexpect.EOF("")
        return data
