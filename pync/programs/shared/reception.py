"""Accepting clients one by one, each ready to use, with TLS where it is configured."""

from __future__ import annotations

from collections.abc import Callable

from ...core.address import DATAGRAMS
from ...core.closing import Closing
from ...core.events import Report
from ...core.server_events import Failed
from ...core.typed import TYPE_CHECKING
from ...engine.boundary import as_failure, ends_program
from ...transports.conn import Conn
from ...transports.listener import Listener
from .entry import welcome
from .listening import ListenSetup

if TYPE_CHECKING:
    from ...transports.tls.accept import Handshakes
    from .entry import Entry


class Reception(Closing):
    """The place where the clients of a listener are accepted.

    With ``-k``, the failure of a client is reported, and the next client is accepted.
    Without it, the error is raised.

    Arguments:
        listener: accepts connections without TLS.
        setup: how long to wait for a client, and how each is prepared.
        report: called with events about clients.
    """

    def __init__(self, listener: Listener, setup: ListenSetup, report: Report) -> None:
        self._listener = listener
        self._setup = setup
        self._report = report
        self._handshakes: Handshakes | None = None
        if setup.entry is not None and setup.entry.shakes:
            self._handshakes = _handshakes(listener, setup, setup.entry, self._failed)

    def accept(self) -> Conn:
        """Return the next client. Raises ListenError, and without ``-k`` PyncError."""
        while True:
            conn = self._accept()
            try:
                if not self._may_come(conn):
                    conn.close()
                    continue
                return welcome(conn, self._setup.entry, self._report)
            except Exception as error:  # noqa: BLE001 - reported, or raised again
                conn.close()
                self._failed(error, conn.peer)

    def close(self) -> None:
        """Close the connections that accept() has not returned; idempotent."""
        if self._handshakes is not None:
            self._handshakes.close()

    def _may_come(self, conn: Conn) -> bool:
        """Return whether a client is accepted; read its PROXY header first, where one is due."""
        if self._setup.announced is None:
            return True
        from .announced import read_header

        return read_header(conn, self._setup.announced)

    def _accept(self) -> Conn:
        if self._handshakes is not None:
            secured: Conn = self._handshakes.accept(self._setup.accept_timeout)
            return secured
        conn: Conn = self._listener.accept(self._setup.accept_timeout)
        return conn

    def _failed(self, error: Exception, peer: object) -> None:
        if ends_program(error) or not self._setup.keep_open:
            raise error
        self._report(Failed(as_failure(error, peer)))


def _handshakes(
    listener: Listener,
    setup: ListenSetup,
    entry: Entry,
    failed: Callable[[Exception, object], None],
) -> Handshakes:
    from ...transports.tls.accept import Handshakes

    if entry.tls is not None and setup.address.scheme in DATAGRAMS:
        from .dtls_securing import listening

        listener = listening(listener, entry.tls, setup.options)
    return Handshakes(listener, entry.begin, failed, entry.patience)
