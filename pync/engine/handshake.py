"""A handshake in a loop that carries others too: it waits for its peer, and nobody for it.

tunnel.py drives the same handshakes where there is nothing else to do meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic

from ..layers.handshake import Exactly, Handshake, HandshakeError, Line, Pause, Result, Send
from ..transports.conn import Conn
from .loop import Scheduler, Timer

#: Steps without a pause; a line is read byte by byte.
STEPS = 512


class HandshakeRun(Generic[Result]):
    """One handshake over one connection.

    Arguments:
        loop: watches the connection, from start() to the end.
        conn: does not block from now on; no byte beyond the handshake's end is read.
        handshake: what is said and asked for.
        seconds: that all of it may take.
        finished: is called once, when it is over; ``failure`` and ``result`` say how.
    """

    #: What the handshake returned, if it did not fail.
    result: Result

    def __init__(
        self,
        loop: Scheduler,
        conn: Conn,
        handshake: Handshake[Result],
        seconds: float,
        finished: Callable[[HandshakeRun[Result]], None],
    ) -> None:
        #: What it ended with, unless it ended in order: HandshakeError or OSError.
        self.failure: Exception | None = None
        self._loop = loop
        self._conn = conn
        self._handshake = handshake
        self._seconds = seconds
        self._finished = finished
        self._asked: Exactly | Line | None = None
        self._got = b""
        self._unsent = memoryview(b"")
        self._over = self._pauses = False
        self._timer: Timer | None = None
        conn.settimeout(0)

    def start(self) -> None:
        """Begin."""
        self._timer = self._loop.call_later(self._seconds, self._time_out)
        self._run()

    def stop(self) -> None:
        """Leave it as it is; no callback is called. Idempotent."""
        if not self._over:
            self._over = True
            if self._timer is not None:
                self._timer.cancel()
            self._watch(reading=False, writing=False)
            self._handshake.close()

    def _run(self) -> None:
        """Go on as far as it goes without waiting, or until it is the others' turn."""
        try:
            for _ in range(STEPS):
                if self._over or self._pauses:
                    return
                if self._unsent:
                    self._unsent = self._unsent[self._conn.send(self._unsent) :]
                elif self._asked is not None and not self._is_answered(self._asked):
                    self._read(self._asked)
                else:
                    self._go_on()
            if not (self._over or self._pauses):
                self._watch(reading=False, writing=False)
                self._loop.call_in_turn(self._run)
        except (BlockingIOError, InterruptedError):
            self._watch(reading=not self._unsent, writing=bool(self._unsent))
        except (HandshakeError, OSError) as error:
            self.failure = error
            self._end()

    def _go_on(self) -> None:
        """To the handshake's next step."""
        try:
            answers = self._asked is not None
            step = self._handshake.send(self._got) if answers else next(self._handshake)
        except StopIteration as ended:
            self.result = ended.value
            self._end()
            return
        self._got = b""
        if isinstance(step, Send):
            self._asked, self._unsent = None, memoryview(step.data)
        elif isinstance(step, Pause):
            self._asked, self._pauses = None, True
            self._watch(reading=False, writing=False)
            self._loop.call_later(step.seconds, self._resume)
        else:
            self._asked = step

    def _resume(self) -> None:
        self._pauses = False
        self._run()

    def _is_answered(self, asked: Exactly | Line) -> bool:
        if isinstance(asked, Exactly):
            return len(self._got) == asked.size
        return self._got.endswith(asked.end)

    def _read(self, asked: Exactly | Line) -> None:
        if isinstance(asked, Exactly):
            size = asked.size - len(self._got)
        elif len(self._got) < asked.limit:
            size = 1  # what follows the line is not ours to take
        else:
            raise HandshakeError("the peer sent too long a line")
        data = self._conn.recv(size)
        if not data:
            raise HandshakeError("the connection ended in the handshake")
        self._got += data

    def _time_out(self) -> None:
        self.failure = HandshakeError("the handshake timed out")
        self._end()

    def _end(self) -> None:
        if not self._over:
            self.stop()
            self._finished(self)

    def _watch(self, *, reading: bool, writing: bool) -> None:
        for descriptor in self._conn.read_fds():
            self._loop.watch_reader(descriptor, self._run if reading else None)
        self._loop.watch_writer(self._conn.write_fd(), self._run if writing else None)
