"""A handshake inside a loop that serves others too: while it waits for its peer, they continue.

transports/tunnel.py runs the same handshakes where the program may block.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.typed import Generic
from ..layers.handshake import Handshake, HandshakeError, HandshakeSteps, HandshakeTimeout, Result
from ..transports.conn import Conn
from .loop import Scheduler, Timer

#: Steps to run before the loop serves others; each byte of a line is one step.
STEPS = 512


class HandshakeRun(Generic[Result]):
    """One handshake over one connection.

    Arguments:
        loop: watches the connection, from start() to the end.
        conn: set to non-blocking; no byte after the handshake's end is read.
        handshake: the bytes to send and to expect.
        seconds: the time limit for all of it.
        finished: called once at the end; ``failure`` or ``result`` is set then.
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
        #: The error that ended it, HandshakeError or OSError; None if it succeeded.
        self.failure: HandshakeError | OSError | None = None
        self._loop = loop
        self._conn = conn
        self._steps = HandshakeSteps(handshake)
        self._seconds = seconds
        self._finished = finished
        self._over = self._reads = self._writes = False
        self._timer: Timer | None = None
        conn.settimeout(0)

    def start(self) -> None:
        """Start the handshake."""
        self._run()
        if not self._over:
            self._timer = self._loop.call_later(self._seconds, self._time_out)

    def stop(self) -> None:
        """Abandon the handshake without calling a callback. Idempotent."""
        if not self._over:
            self._over = True
            if self._timer is not None:
                self._timer.cancel()
            self._watch(reading=False, writing=False)
            self._steps.close()

    def _run(self) -> None:
        """Run until a step has to wait, or until it is the turn of other connections."""
        steps = self._steps
        try:
            for _ in range(STEPS):
                if self._over or steps.is_over:
                    break
                pause = steps.step(self._conn)
                if pause is not None:
                    self._watch(reading=False, writing=False)
                    self._loop.call_later(pause, self._run)
                    return
        except (BlockingIOError, InterruptedError):
            self._watch(reading=not steps.writes, writing=steps.writes)
            return
        except (HandshakeError, OSError) as error:
            self.failure = error
            self._end()
            return
        if steps.is_over:
            self.result = steps.result
            self._end()
        elif not self._over:
            self._watch(reading=False, writing=False)
            self._loop.call_in_turn(self._run)

    def _time_out(self) -> None:
        self.failure = HandshakeTimeout()
        self._end()

    def _end(self) -> None:
        if not self._over:
            self.stop()
            self._finished(self)

    def _watch(self, *, reading: bool, writing: bool) -> None:
        if reading != self._reads:
            self._reads = reading
            for descriptor in self._conn.read_fds():
                self._loop.watch_reader(descriptor, self._run if reading else None)
        if writing != self._writes:
            self._writes = writing
            self._loop.watch_writer(self._conn.write_fd(), self._run if writing else None)
