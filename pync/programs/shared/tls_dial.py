"""The TLS handshake of a dialled connection, in a loop that serves others too.

(transports/tls/handshake.py has a blocking one, for a client that has nothing else to do.)
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
        loop: watches the connection.
        conn: the connection, which this object then owns.
        context, name: the TLS context, and the name that the server's certificate must have.
        starttls: the protocol whose command starts TLS; None: TLS starts at once.
        seconds: the time limit.
        finished: called once at the end; ``conn`` or ``failure`` is set then.
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
        #: The secured connection. The caller owns it.
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
        """Start the handshake."""
        self._plain.settimeout(0)
        self._timer = self._loop.call_later(self._seconds, self._time_out)
        self._go_on()

    def stop(self) -> None:
        """Abandon the handshake without calling a callback. Idempotent."""
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
