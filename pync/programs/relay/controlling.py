"""The control socket of a relay (``--control``): lines come, each is answered (layers/control.py).

All who can connect can control the relay: a Unix socket is for those who may write to it
(unix(7)), TCP is for loopback addresses only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.events import Report
from ...engine.lingering_close import LingeringClose
from ...engine.loop import Loop, Scheduler
from ...engine.outbox import Outbox
from ...engine.sourcewatch import SourceWatch
from ...layers import control
from ...transports.conn import Conn
from ...transports.listener import Listener
from ..shared.clients import Clients
from ..shared.listening import ListenSetup

if TYPE_CHECKING:
    from ...layers.control import Link

#: Bytes of one read; clients at once.
READ, MOST_CLIENTS = 16 * 1024, 32


def controllers(loop: Loop, listener: Listener, link: Link, report: Report) -> Clients[Any]:
    """Return those who control a relay; they are to be let in, and closed.

    Arguments:
        loop: carries the relay.
        listener: where they come.
        link: the relay.
        report: is told of those that failed.
    """
    return Clients(
        loop,
        ListenSetup(listener.address, keep_open=True, max_conns=MOST_CLIENTS),
        listener,
        report,
        lambda part, conn, left: _Client(part, conn, link, left),
        tells=False,
    )


class _Client:
    """One who asks.

    Arguments:
        loop: its part of the loop.
        conn: owned from now on.
        link: what is controlled.
        left: called once, when it is over.
    """

    def __init__(
        self, loop: Scheduler, conn: Conn, link: Link, left: Callable[[_Client], None]
    ) -> None:
        self._loop = loop
        self._conn = conn
        self._lingering: LingeringClose | None = None
        self._link = link
        self._left = left
        self._rest = b""
        self._has_ended = False
        self._watch = SourceWatch(loop, conn, self._read)
        self._outbox = Outbox(loop, conn, lambda _: self._leave(), self._go_on)

    def start(self) -> None:
        """Begin to listen to it."""
        self._conn.settimeout(0)
        self._watch.watch(True)

    def close(self) -> None:
        """Let it go. Idempotent."""
        self._watch.stop()
        self._outbox.stop()
        if self._lingering is not None:
            self._lingering.stop()
        self._conn.close()

    break_off = close

    def _read(self) -> None:
        try:
            data = self._conn.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._leave()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data or len(self._rest) > control.LONGEST:
            # The last line needs no end.
            lines, self._rest, self._has_ended = [*lines, self._rest], b"", True
        for line in lines:
            if line.strip():
                self._outbox.put(control.answer(line, self._link))
        self._go_on()

    def _go_on(self) -> None:
        if self._outbox.over:
            return
        if self._has_ended and not self._outbox.size:
            # What still comes is read: closing with unread input would take back the answers.
            self._outbox.stop()
            self._watch.stop()
            self._lingering = LingeringClose(self._loop, self._conn, self._leave)
            self._lingering.start()
            return
        self._watch.watch(not self._has_ended and not self._outbox.is_full)

    def _leave(self) -> None:
        self.close()
        self._left(self)
