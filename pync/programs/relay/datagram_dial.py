"""The dial of a datagram relay's onward socket: the name, the socket, and DTLS if asked for."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.address import Address, without_zone
from ...core.errors import PyncError
from ...core.typed import TYPE_CHECKING
from ...engine.datagram_connector import DatagramConnector
from ...engine.loop import Scheduler
from ...engine.resolver import Resolver
from ...transports.datagram import DatagramConn, Datagrams
from ..shared.acceptor import EXHAUSTED

if TYPE_CHECKING:
    from ..shared.tls_dial import TlsDial
    from .onward import Onward


class DatagramDial:
    """One attempt to connect.

    Arguments:
        onward: how.
        loop, resolver: those of the relay.
        where: the onward address.
        client: the client's address.
        finished: called once at the end, perhaps by start(); ``conn`` or ``failure`` is set then.
    """

    def __init__(
        self,
        onward: Onward,
        loop: Scheduler,
        resolver: Resolver,
        where: Address,
        client: Address,
        finished: Callable[[DatagramDial], None],
    ) -> None:
        #: The connection. The caller owns it.
        self.conn: Datagrams | None = None
        self.failure: PyncError | None = None
        #: Seconds that the name lookup and the DTLS handshake took; None if there was none.
        self.lookup: float | None = None
        self.handshake: float | None = None
        self._onward = onward
        self._loop = loop
        self._where = where
        self._finished = finished
        self._began = 0.0
        options = onward.setup.options._replace(client=client.host or client.path)
        plain = where._replace(scheme="udp") if where.scheme == "dtls" else where
        self._activity: DatagramConnector | TlsDial = DatagramConnector(
            loop, resolver, plain, options, self._dialled
        )

    def start(self) -> None:
        """Start the attempt."""
        self._activity.start()

    def stop(self) -> None:
        """Abandon the attempt without calling a callback. Idempotent."""
        self._activity.stop()

    @property
    def is_exhausted(self) -> bool:
        """Whether descriptors or memory ran out, so that ending another session may help."""
        return getattr(self.failure, "errno", None) in EXHAUSTED

    def milliseconds(self) -> tuple[float | None, None, float | None]:
        """Return the times of lookup and handshake for an event; None for connecting."""
        lookup, handshake = (
            None if one is None else round(1000 * one, 3) for one in (self.lookup, self.handshake)
        )
        return lookup, None, handshake

    def _dialled(self, connector: DatagramConnector) -> None:
        self.lookup = connector.lookup_seconds
        if connector.conn is None or self._where.scheme != "dtls":
            self.conn, self.failure = connector.conn, connector.failure
            self._finished(self)
            return
        self._secure(connector.conn)

    def _secure(self, conn: DatagramConn) -> None:
        from ..shared.dtls_securing import begin_dial
        from ..shared.tls_dial import TlsDial

        tls = self._onward.setup.tls
        assert tls is not None
        self._began = time.monotonic()
        name = tls.server_name or without_zone(self._where.host) or None
        securing = begin_dial(conn, self._onward.context, name)
        self._activity = TlsDial(self._loop, conn, securing, tls.timeout, self._secured)
        self._activity.start()

    def _secured(self, dialled: TlsDial) -> None:
        self.handshake = time.monotonic() - self._began
        if dialled.conn is None:
            assert isinstance(dialled.failure, PyncError)
            self.failure = dialled.failure
        else:
            assert isinstance(dialled.conn, Datagrams)
            self.conn = dialled.conn
            if self._onward.setup.details:
                from ..shared.securing import report_on

                report_on(dialled.conn, self._onward.report, details=True)
        self._finished(self)
