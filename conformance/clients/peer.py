"""The byte-exact client, which judges every byte that comes, and how the connection ends.

A peer fails at the first wrong byte; it never waits for a timeout to notice it. Each awaited
event has one deadline, without sleeps; "nothing more comes" is proved by the event that follows
directly (the next answer, or FIN). No terminal is involved (terminal.py is a person's view).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from ..core.conduct import LF, Conduct, Pattern, Text
from .channel import DATA, FIN, READ, RST, SILENCE, ServerLeft
from .judging import JudgingChannel
from .patterns import await_pattern

#: Seconds that a server has to read all segments that must arrive separately.
SEGMENTS_TIME = 2.0

__all__ = ["DATA", "FIN", "RST", "SILENCE", "Peer"]


class Peer(JudgingChannel):
    """One client of the judged server; every method may raise Violation."""

    #: The service's words for the data that is sent and awaited.
    conduct = Conduct()

    #: Whether an answer has come; a text without a request does not count.
    answered = False

    #: Whether an RST has been awaited.
    awaits_reset = False

    # The client's actions.

    def send(self, data: bytes) -> None:
        """Send everything; for more than a socket buffer use exchange()."""
        self.send_raw(self.conduct.sent(data))

    def send_raw(self, data: bytes, takes: bool = False) -> None:
        """Send bytes in the words of the service.

        Arguments:
            takes: whether to receive data in the meantime.
        """
        self._check_line(len(data))
        rest, wait = memoryview(data), self.wait_either if takes else self.wait_writable
        while rest:
            written = self._put(rest)
            if written is None and not wait(self.deadline):
                taken = f"the server took {len(data) - len(rest)} of {len(data)} bytes"
                then = f"and then nothing more for {self.deadline:g} s"
                raise self.violation("stopped-reading", f"{taken} {then}")
            if written is None and takes:
                self.receive(0.0)
            rest = rest[written or 0 :]

    def send_segments(self, parts: Iterable[bytes]) -> None:
        """Send each part as a separate segment (TCP_NODELAY is set).

        If the kernel reports it, wait until the server has read each part before the next is sent:
        on a busy machine the server would otherwise read several of them at once.
        """
        until = time.monotonic() + SEGMENTS_TIME
        for number, part in enumerate(parts):
            if number and self.traffic is None:
                self.await_read(until)
            self.send_raw(self.conduct.eol if part == LF else part)

    def send_eof(self) -> None:
        """End the sending side: FIN. Not needed for a server that ends after its first answer."""
        if self.conduct.one_round and self.answered:
            return
        try:
            self.shut_down()
        except ServerLeft as error:
            if not self.conduct.ends_unasked:
                raise self._closed_early("before the client had ended") from error

    def leave(self, patience: float) -> bool:
        """End the connection in an orderly way: FIN, read to the server's FIN, close.

        A close with unread input would be an RST, which fragile servers do not survive.

        Arguments:
            patience: seconds to wait for the server's end; nothing is judged.
        Returns whether the server ended in that time.
        """
        if self.ended is None:
            self.send_eof()
        while self.ended is None and self.receive(patience) == DATA:
            pass
        self.close(note=False)
        return self.ended is not None

    def flood(self, source: bytes, limit: int, quiet: float, taken: int = 0) -> int:
        """Send ``source`` repeatedly without reading, until the socket accepts no more.

        Arguments:
            limit: bytes after which to stop in any case.
            quiet: seconds without progress after which to stop.
            taken: bytes that an earlier call has sent; this call continues after them.
        Returns the number of bytes that were sent, including ``taken``.
        """
        view = memoryview(source)
        limit = min(limit, self.conduct.most or limit)
        self._check_line(limit - taken)
        self.unread = self._sock.getsockname()
        while taken < limit:
            at = taken % len(source)
            written = self._put(view[at : at + min(READ, limit - taken)])
            if written is None:
                if not self.wait_writable(quiet):
                    break
                continue
            taken += written
        return taken

    # The server's expected actions.

    def expect(self, expected: bytes, awaited: str) -> None:
        """Await exactly these bytes; fail at the first wrong one.

        Arguments:
            awaited: what they are, in the words of the contract ("the echo").
        Raises Violation.
        """
        if isinstance(expected, Pattern):
            await_pattern(self, expected, awaited)
        else:
            self._match(self.conduct.expected(expected), awaited, sending=None)
        self.answered = self.answered or not isinstance(expected, Text)

    def take_first(self, size: int) -> bytes:
        """Take this many of the received bytes, which are a correct answer."""
        self._previous = bytes(self.pending[:size])
        del self.pending[:size]
        self.answered = True
        return self._previous

    def exchange(self, data: bytes, expected: bytes, awaited: str) -> None:
        """Send and receive at the same time: with bulk data, both sides would block otherwise."""
        data = self.conduct.sent(data)
        self._check_line(len(data))
        self._match(self.conduct.expected(expected), awaited, sending=memoryview(data))

    def read_until(self, end: bytes, awaited: str, most: int = 64 * 1024) -> bytes:
        """Take the data up to these bytes, including them; the caller has to judge the data.

        Arguments:
            awaited: what the data is ("a line").
            most: the number of bytes in which the end must come.
        Raises Violation.
        """
        seen = 0
        while (at := self.pending.find(end, max(0, seen - len(end) + 1))) < 0:
            seen = len(self.pending)
            if seen > most:
                shown = f"{awaited} has no end within {most} bytes"
                raise self.violation("too-long", shown, received=bytes(self.pending))
            self._await_more(f"{seen} bytes of {awaited}, which has no end yet")
        self.answered = True
        return self._take(at + len(end))

    def read_exactly(self, size: int, awaited: str) -> bytes:
        """Take this number of bytes, without judging them. Raises Violation."""
        while len(self.pending) < size:
            self._await_more(f"{len(self.pending)} of {size} bytes of {awaited}")
        self.answered = True
        return self._take(size)

    def expect_eof(self, awaited: str = "the server's FIN") -> None:
        """Await FIN, and no byte before it."""
        if not self.pending and self.ended is None:
            self.receive(self.deadline)
        if self.pending:
            raise self._surplus(awaited)
        if self.ended == FIN:
            return
        if self.ended == RST:
            raise self.violation(
                "rst-instead-of-fin",
                "the server reset the connection (RST) instead of ending it (FIN)",
                awaited=awaited,
                instead=RST,
            )
        raise self.violation(
            "no-fin",
            f"the server did not end the connection within {self.deadline:g} s",
            awaited=awaited,
            instead=self._nothing(),
        )

    def expect_reset(self, before: Callable[[bytes], str | None] | None = None) -> None:
        """Await RST.

        Arguments:
            before: judges the bytes that came before RST: it returns a sentence about what is
                wrong with them, or None. Without ``before`` no byte may come.
        """
        self.awaits_reset = True
        while self.ended is None:
            if self.receive(self.deadline) == SILENCE:
                raise self.violation(
                    "no-rst",
                    f"the server did not reset the connection within {self.deadline:g} s",
                    instead=self._nothing(),
                )
        complaint = before(bytes(self.pending)) if before else None
        if before is None and self.pending:
            raise self._surplus("RST")
        if complaint:
            raise self.violation("extra-bytes", complaint)
        if self.ended == FIN:
            raise self.violation(
                "fin-instead-of-rst",
                "the server ended the connection (FIN) instead of resetting it (RST)",
                instead=FIN,
            )

    def has_ended(self) -> bool:
        """Return whether the server's end has arrived; data before it is kept."""
        while self.ended is None and self.receive(0.0) == DATA:
            pass
        return self.ended is not None

    def expect_nothing_yet(self, why: str) -> None:
        """Check that nothing has arrived so far; call it after a barrier."""
        self.receive(0.0)
        if self.pending:
            raise self._surplus(why)
        if self.ended:
            raise self._ended_early(b"", 0, why)

    def read_to_end(self, awaited: str = "the server's FIN") -> bytes:
        """Return everything up to the server's FIN; RST is a violation."""
        while self.ended is None and self.receive(self.deadline) != SILENCE:
            pass
        data = self.take()
        self.expect_eof(awaited)
        return data

    def poll(self, timeout: float) -> str:
        """Wait up to ``timeout`` seconds for the next event: data, FIN, RST or silence."""
        return self.receive(timeout)

    # Helpers.

    def _check_line(self, size: int) -> None:
        """Raise LineTooSlow if the line to the server is too slow for this many bytes."""
        if self.budget is not None:
            self.budget.check_line(size)

    def _take(self, size: int) -> bytes:
        self._previous = bytes(self.pending[:size])
        del self.pending[:size]
        return self._previous

    def _await_more(self, so_far: str) -> None:
        if self.ended:
            raise self._cut_short(so_far)
        if self.receive(self.deadline) == SILENCE:
            raise self.violation(
                "missing-bytes", f"only {so_far} came, then {self._nothing()}", awaited=so_far
            )

    def _match(self, expected: bytes, awaited: str, sending: memoryview | None) -> None:
        matched = 0
        while True:
            # Judge the received data before reading more: the first wrong byte ends the scenario.
            piece = self.pending[: len(expected) - matched]
            # Compare bytes with bytes: a memoryview would be compared item by item.
            if piece != expected[matched : matched + len(piece)]:
                raise self._wrong(expected, matched, awaited)
            matched += len(piece)
            del self.pending[: len(piece)]
            if sending:
                self._match_writing(sending)
                sending = sending[self._just_written :]
            if matched == len(expected) and not sending:
                self._previous = expected
                return
            if self.ended:
                raise self._ended_early(expected, matched, awaited)
            if matched < len(expected) and sending:
                if self.wait_either(self.deadline):
                    self.receive(0.0)
                    continue
                raise self._silent(expected, matched, awaited)
            if sending:
                if not self.wait_writable(self.deadline):
                    raise self._silent(expected, matched, awaited)
            elif self.receive(self.deadline) == SILENCE:
                raise self._silent(expected, matched, awaited)

    _just_written = 0

    def _match_writing(self, sending: memoryview) -> None:
        self._just_written = self._put(sending[:READ]) or 0

    def _put(self, data: memoryview) -> int | None:
        try:
            return self.write(data)
        except ServerLeft as error:
            if self.conduct.ends_unasked and self.ended == FIN:
                return len(data)  # the server will not read it any more
            raise self._closed_early("while the client was still sending") from error
