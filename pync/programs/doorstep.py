"""Clients that must shake hands first (--ssl) wait on the doorstep, not in the way of others.

A handshake begins when the client's first words are there, so a silent client holds up
nobody; and it is short, so one that stops in the middle does not for long.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.config import Config
from ..core.errors import PyncError, TlsError
from ..core.events import Failed, Report
from ..engine.loop import Loop, Timer
from ..transports.conn import Conn
from .reach import welcome

#: Seconds that a client has for its first words.
PATIENCE = 10.0

#: Seconds that the handshake itself may take.
HANDSHAKE = 2.0


class Doorstep:
    """Accepted connections on their way in.

    Arguments:
        loop: watches them.
        entered: is given each that is ready to talk.
    """

    def __init__(
        self, loop: Loop, config: Config, report: Report, entered: Callable[[Conn], None]
    ) -> None:
        asked = config.connect_timeout if config.connect_timeout is not None else HANDSHAKE
        self._config = config._replace(connect_timeout=min(HANDSHAKE, asked))
        self._loop = loop
        self._report = report
        self._entered = entered
        self._waiting: dict[Conn, Timer] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, conn: Conn) -> None:
        """Let it in, at once or when it begins to speak."""
        if not self._config.ssl:
            self._welcome(conn)
            return
        self._waiting[conn] = self._loop.call_later(PATIENCE, lambda: self._forget(conn))
        self._loop.watch_reader(conn.fileno(), lambda: self._knocked(conn))

    def close(self) -> None:
        """Let go of all who wait; idempotent."""
        for conn in list(self._waiting):
            self._drop(conn)
            conn.close()

    def _knocked(self, conn: Conn) -> None:
        self._drop(conn)
        self._welcome(conn)

    def _forget(self, conn: Conn) -> None:
        self._drop(conn)
        conn.close()
        self._report(Failed(TlsError("accept", conn.peer, "the handshake timed out")))

    def _drop(self, conn: Conn) -> None:
        self._waiting.pop(conn).cancel()
        self._loop.watch_reader(conn.fileno(), None)

    def _welcome(self, conn: Conn) -> None:
        try:
            welcomed = welcome(conn, self._config, self._report)
        except PyncError as error:
            # One client's failure is no reason to leave the others.
            self._report(Failed(error))
            return
        self._entered(welcomed)
