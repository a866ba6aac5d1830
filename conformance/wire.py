"""The byte-exact client: pexpect's fdspawn on a socket, and every byte accounted for.

A peer fails at the first wrong byte and never waits for a time-out to find out that
one came. FIN and RST are different events and are never taken for one another. There
are no sleeps: each awaited event has one deadline, and "nothing more comes" is proved
by what follows directly (the next answer, or FIN). Byte-exact work never goes through
a terminal (terminal.py is the human's view).
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable

import pexpect
from pexpect import fdpexpect

from .outcome import Violation
from .targets.address import Address, open_socket
from .transcript import RECEIVED, SENT, Transcript

FIN, RST, SILENCE, DATA = "FIN", "RST", "silence", "data"

#: Bytes asked for in one read.
READ = 256 * 1024

#: Errors of a read or a write that mean: the peer aborted.
RESETS = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ETIMEDOUT})

#: SO_LINGER on, zero seconds: close() sends RST (RFC 9293 3.10.7.4, abort).
ABORT = struct.pack("ii", 1, 0) if os.name == "posix" else struct.pack("hh", 1, 0)


class Peer:
    """One client of the server under judgement.

    Arguments:
        name: how the transcript calls it.
        sock: a connected stream socket; the peer owns it.
        transcript: where the events go.
        deadline: seconds that one awaited event may take.
    """

    def __init__(
        self, name: str, sock: socket.socket, transcript: Transcript, deadline: float
    ) -> None:
        self.name = name
        self.deadline = deadline
        self.transcript = transcript
        self.ended: str | None = None
        self.received = 0
        self._sock = sock
        self._pending = bytearray()
        self._previous = b""
        self._sock.setblocking(False)
        self._stream = fdpexpect.fdspawn(
            sock, use_poll=hasattr(selectors, "PollSelector"), timeout=deadline, maxread=READ
        )

    # What the client does.

    def send(self, data: bytes) -> None:
        """Send everything; for more than a socket buffer use exchange()."""
        rest = memoryview(data)
        while rest:
            written = self._write(rest)
            if written is None and not self._wait_writable(self.deadline):
                raise self._violation(
                    "stopped-reading",
                    f"the server took {len(data) - len(rest)} of {len(data)} bytes "
                    f"and then nothing more for {self.deadline:g} s",
                )
            rest = rest[written or 0 :]

    def send_segments(self, parts: Iterable[bytes]) -> None:
        """Send each part as a segment of its own (TCP_NODELAY is set)."""
        for part in parts:
            self.send(part)

    def send_eof(self) -> None:
        """End the sending side: FIN."""
        self.transcript.note(self.name, FIN, SENT)
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            if error.errno not in RESETS and error.errno != errno.ENOTCONN:
                raise
            raise self._closed_early("before the client had ended") from error

    def reset(self) -> None:
        """Abort the connection: the server sees RST (TCP only)."""
        self.transcript.note(self.name, RST, SENT)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.close(note=False)

    def leave(self, patience: float) -> bool:
        """End in order: FIN, read to the server's FIN, close.

        A close with unread input would be an RST, which fragile servers do not survive.

        Arguments:
            patience: seconds to wait for the server's end; nothing is judged.
        Returns whether the server ended in that time.
        """
        if self.ended is None:
            self.send_eof()
        while self.ended is None and self._receive(patience) == DATA:
            pass
        self.close(note=False)
        return self.ended is not None

    def close(self, note: bool = True) -> None:
        """Leave; idempotent."""
        if self._sock.fileno() != -1:
            if note:
                self.transcript.note(self.name, "close")
            self._sock.close()

    def vanish(self) -> None:
        """Abort without a word, when the scenario is over; idempotent."""
        if self._sock.fileno() != -1:
            if self._sock.family != getattr(socket, "AF_UNIX", None):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            self._sock.close()

    def flood(self, source: bytes, limit: int, quiet: float) -> int:
        """Send ``source`` over and over without reading, until nobody takes it any more.

        Arguments:
            limit: bytes after which to stop although they are still taken.
            quiet: seconds without progress that count as "not taken".
        Returns the number of bytes that were taken.
        """
        view, taken = memoryview(source), 0
        while taken < limit:
            at = taken % len(source)
            written = self._write(view[at : at + min(READ, limit - taken)])
            if written is None:
                if not self._wait_writable(quiet):
                    break
                continue
            taken += written
        return taken

    # What the server must do.

    def expect(self, expected: bytes, awaited: str) -> None:
        """Await exactly these bytes; fail at the first wrong one.

        Arguments:
            awaited: what they are, in the words of the contract ("the echo").
        Raises Violation.
        """
        self._match(expected, awaited, sending=None)

    def exchange(self, data: bytes, expected: bytes, awaited: str) -> None:
        """Send and await at once, as bulk data needs: a writer alone would jam both sides."""
        self._match(expected, awaited, sending=memoryview(data))

    def expect_eof(self, awaited: str = "the server's FIN") -> None:
        """Await FIN, and no byte before it."""
        if not self._pending and self.ended is None:
            self._receive(self.deadline)
        if self._pending:
            raise self._surplus(awaited)
        if self.ended == FIN:
            return
        if self.ended == RST:
            raise self._violation(
                "rst-instead-of-fin",
                "the server reset the connection (RST) instead of ending it (FIN)",
                awaited=awaited,
                instead=RST,
            )
        raise self._violation(
            "no-fin",
            f"the server did not end the connection within {self.deadline:g} s",
            awaited=awaited,
            instead=self._nothing(),
        )

    def expect_reset(self, before: Callable[[bytes], str | None] | None = None) -> None:
        """Await RST.

        Arguments:
            before: judges the bytes that came before it: a sentence about what is
                wrong with them, or None. Without it no byte may come.
        """
        while self.ended is None:
            if self._receive(self.deadline) == SILENCE:
                raise self._violation(
                    "no-rst",
                    f"the server did not reset the connection within {self.deadline:g} s",
                    instead=self._nothing(),
                )
        complaint = before(bytes(self._pending)) if before else None
        if before is None and self._pending:
            raise self._surplus("RST")
        if complaint:
            raise self._violation("extra-bytes", complaint)
        if self.ended == FIN:
            raise self._violation(
                "fin-instead-of-rst",
                "the server ended the connection (FIN) instead of resetting it (RST)",
                instead=FIN,
            )

    def has_ended(self) -> bool:
        """Whether the server's end has arrived by now; what came before it is kept."""
        while self.ended is None and self._receive(0.0) == DATA:
            pass
        return self.ended is not None

    def expect_nothing_yet(self, why: str) -> None:
        """Nothing may have arrived by now; call it after a barrier."""
        self._receive(0.0)
        if self._pending:
            raise self._surplus(why)
        if self.ended:
            raise self._ended_early(b"", 0, why)

    def read_until(self, done: Callable[[bytes], bool], awaited: str) -> bytes:
        """Collect bytes until ``done(bytes so far)``; for answers that are not fixed bytes."""
        while not done(bytes(self._pending)):
            if self._receive(self.deadline) != DATA:
                have = bytes(self._pending)
                raise self._violation(
                    "ended-early" if self.ended else "missing-bytes",
                    f"awaited {awaited}, received {len(have)} bytes and then "
                    f"{self.ended or self._nothing()}",
                    expected=have,
                    received=have,
                    offset=len(have),
                    instead=self.ended or self._nothing(),
                    awaited=awaited,
                )
        return self.take()

    def read_to_end(self, awaited: str = "the server's FIN") -> bytes:
        """Collect everything up to the server's FIN; RST is a violation."""
        while self.ended is None and self._receive(self.deadline) != SILENCE:
            pass
        data = self.take()
        self.expect_eof(awaited)
        return data

    def take(self) -> bytes:
        """Hand over the bytes received and not yet judged."""
        data = bytes(self._pending)
        self._pending.clear()
        return data

    def poll(self, timeout: float) -> str:
        """Wait up to ``timeout`` seconds for the next event: data, FIN, RST or silence."""
        return self._receive(timeout)

    # How.

    def _match(self, expected: bytes, awaited: str, sending: memoryview | None) -> None:
        matched, wanted = 0, memoryview(expected)
        while True:
            # Judge what came, then read: the first wrong byte ends it.
            piece = bytes(self._pending[: len(expected) - matched])
            if piece != wanted[matched : matched + len(piece)]:
                raise self._wrong(expected, matched, awaited)
            matched += len(piece)
            del self._pending[: len(piece)]
            if sending:
                self._match_writing(sending)
                sending = sending[self._just_written :]
            if matched == len(expected) and not sending:
                self._previous = expected
                return
            if self.ended:
                raise self._ended_early(expected, matched, awaited)
            if matched < len(expected) and sending:
                if self._wait_either(self.deadline):
                    self._receive(0.0)
                    continue
                raise self._silent(expected, matched, awaited)
            if sending:
                if not self._wait_writable(self.deadline):
                    raise self._silent(expected, matched, awaited)
            elif self._receive(self.deadline) == SILENCE:
                raise self._silent(expected, matched, awaited)

    _just_written = 0

    def _match_writing(self, sending: memoryview) -> None:
        self._just_written = self._write(sending[:READ]) or 0

    def _receive(self, timeout: float) -> str:
        if self.ended:
            return self.ended
        try:
            data = self._stream.read_nonblocking(READ, timeout)
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
        self._pending += data
        self.transcript.received(self.name, data)
        return DATA

    def _end(self, how: str) -> str:
        self.ended = how
        self.transcript.note(self.name, how, RECEIVED)
        return how

    def _write(self, data: memoryview) -> int | None:
        """The number of bytes taken; None when the socket would block."""
        try:
            written = self._sock.send(data)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno not in RESETS:
                raise
            # What the server said before it left is evidence: take it first.
            while self._receive(0.0) == DATA:
                pass
            if self.ended is None:
                self._end(RST)
            raise self._closed_early("while the client was still sending") from error
        self.transcript.sent(self.name, bytes(data[:written]))
        return written

    def _wait_writable(self, timeout: float) -> bool:
        return self._wait(selectors.EVENT_WRITE, timeout)

    def _wait_either(self, timeout: float) -> bool:
        return self._wait(selectors.EVENT_WRITE | selectors.EVENT_READ, timeout)

    def _wait(self, events: int, timeout: float) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, events)
            return bool(selector.select(timeout))

    # What to say when it did not.

    def _nothing(self) -> str:
        return f"nothing for {self.deadline:g} s"

    def _wrong(self, expected: bytes, matched: int, awaited: str) -> Violation:
        self._receive(0.0)
        received = expected[:matched] + bytes(self._pending)
        offset = matched + first_difference(expected[matched:], bytes(self._pending))
        return self._violation(
            "wrong-bytes",
            f"wrong byte at {offset} of {awaited}",
            expected=expected,
            received=received,
            offset=offset,
            awaited=awaited,
        )

    def _surplus(self, awaited: str) -> Violation:
        self._receive(0.0)
        received = bytes(self._pending)
        return self._violation(
            "extra-bytes",
            f"{len(received)} bytes came where {awaited} was awaited",
            expected=b"",
            received=received,
            offset=0,
            awaited=awaited,
        )

    def _ended_early(self, expected: bytes, matched: int, awaited: str) -> Violation:
        how = self.ended or ""
        told = {FIN: "ended the connection (FIN)", RST: "reset the connection (RST)"}[how]
        return self._violation(
            "ended-early" if how == FIN else "reset-early",
            f"the server {told} after {matched} of {len(expected)} bytes of {awaited}"
            if expected
            else f"the server {told} before {awaited}",
            expected=expected,
            received=expected[:matched],
            offset=matched,
            instead=how,
            awaited=awaited,
        )

    def _silent(self, expected: bytes, matched: int, awaited: str) -> Violation:
        return self._violation(
            "missing-bytes",
            f"only {matched} of {len(expected)} bytes of {awaited} came, then {self._nothing()}",
            expected=expected,
            received=expected[:matched],
            offset=matched,
            instead=self._nothing(),
            awaited=awaited,
        )

    def _closed_early(self, when: str) -> Violation:
        return self._violation(
            "closed-early", f"the server closed the connection {when}", instead=self.ended
        )

    def _violation(self, kind: str, summary: str, **details: object) -> Violation:
        violation = Violation(kind, summary, client=self.name, **details)  # type: ignore[arg-type]
        violation.previous = self._previous
        return violation


def dial(
    name: str,
    address: Address,
    transcript: Transcript,
    deadline: float,
    receive_buffer: int | None = None,
) -> Peer:
    """Connect a new client.

    Arguments:
        receive_buffer: bytes of SO_RCVBUF, set before connecting so that the window
            is small from the start.
    Raises Violation when the server does not take the connection.
    """
    began = time.monotonic()
    try:
        sock = open_socket(address, deadline, receive_buffer)
    except OSError as error:
        cause = os.strerror(error.errno).lower() if error.errno else str(error)
        transcript.note(name, f"connect {address}: {cause}")
        waited = time.monotonic() - began
        raise Violation(
            "refused",
            f"the server does not take a connection at {address}: {cause} (after {waited:.1f} s)",
            client=name,
        ) from error
    transcript.note(name, f"connect {address}")
    return Peer(name, sock, transcript, deadline)


def first_difference(left: bytes, right: bytes) -> int:
    """Index of the first byte in which the two differ (bisection: they may be megabytes)."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
