"""The control socket of a relay (``--control``): each line is answered (layers/control.py).

Everyone who can connect can control the relay. To a Unix socket, these are the users who may write
to it (unix(7)); TCP is allowed on loopback addresses only.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.events import Report
from ...core.typed import TYPE_CHECKING
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
    from typing import Any

    from ...layers.control import Link

#: Bytes of one read; clients at once.
READ, MOST_CLIENTS = 16 * 1024, 32


def controllers(loop: Loop, listener: Listener, link: Link, report: Report) -> Clients[Any]:
    """Return the control clients of a relay; the caller opens and closes them.

    Arguments:
        loop: the relay's loop.
        listener: the control socket.
        link: the relay.
        report: called with the failures of clients.
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
    """One control client.

    Arguments:
        loop: the client's Boundary of the loop.
        conn: the client's connection, which this object then owns.
        link: the relay.
        left: called once, at the end.
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
        """Start to read requests."""
        self._conn.settimeout(0)
        self._watch.watch(True)

    def close(self) -> None:
        """Close the connection. Idempotent."""
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
            # The last line may end without a newline.
            lines, self._rest, self._has_ended = [*lines, self._rest], b"", True
        for line in lines:
            if line.strip():
                self._outbox.put(control.answer(line, self._link))
        self._go_on()

    def _go_on(self) -> None:
        if self._outbox.over:
            return
        if self._has_ended and not self._outbox.size:
            # Later input must be read: closing with unread input could discard the answers.
            self._outbox.stop()
            self._watch.stop()
            self._lingering = LingeringClose(self._loop, self._conn, self._leave)
            self._lingering.start()
            return
        self._watch.watch(not self._has_ended and not self._outbox.is_full)

    def _leave(self) -> None:
        self.close()
        self._left(self)
