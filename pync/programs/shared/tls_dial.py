"""The TLS handshake of a connection that was dialled, in a loop that carries others too.

(transports/tls/handshake.py has one that blocks, for a client that does nothing else meanwhile.)
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from ...core.broken import over_tls
from ...core.errors import PyncError, TlsError
from ...engine.loop import Scheduler, Timer
from ...transports.conn import StreamConn
from ...transports.layered import LayeredConn
from ...transports.tls.handshake import Securing


class TlsDial:
    """One handshake.

    Arguments:
        loop: waits for the server.
        conn: owned from now on.
        context, name: how, and the name that the server must have.
        starttls: the protocol in which TLS is asked for first.
        seconds: that it may take.
        finished: is called once; ``conn`` or ``failure`` says how.
    """

    def __init__(
        self,
        loop: Scheduler,
        conn: StreamConn,
        context: ssl.SSLContext,
        name: str | None,
        starttls: str | None,
        seconds: float,
        finished: Callable[[TlsDial], None],
    ) -> None:
        #: The secured connection, which is the caller's then.
        self.conn: LayeredConn | None = None
        self.failure: PyncError | None = None
        self._loop = loop
        self._plain = conn
        self._descriptor = conn.fileno()
        self._securing = Securing(
            conn, context, server_side=False, server_name=name, starttls=starttls
        )
        self._seconds = seconds
        self._finished = finished
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin."""
        self._plain.settimeout(0)
        self._timer = self._loop.call_later(self._seconds, self._time_out)
        self._go_on()

    def stop(self) -> None:
        """Give up; no callback is called. Idempotent."""
        self._leave_off()
        if self.conn is None:
            self._plain.close()

    def _go_on(self) -> None:
        try:
            self.conn = self._securing.step()
        except BlockingIOError:
            writes = self._securing.writes
            self._loop.watch_reader(self._descriptor, None if writes else self._go_on)
            self._loop.watch_writer(self._descriptor, self._go_on if writes else None)
            return
        except PyncError as error:
            self.failure = error
        self._leave_off()
        self._finished(self)

    def _time_out(self) -> None:
        self.failure = TlsError("dial", over_tls(self._plain.peer), self._securing.lateness)
        self.stop()
        self._finished(self)

    def _leave_off(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._loop.watch_reader(self._descriptor, None)
            self._loop.watch_writer(self._descriptor, None)
