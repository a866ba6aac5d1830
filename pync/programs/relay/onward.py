"""The onward side of a relay: the address, the proxies to it, and TLS."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import count

from ...core.address import WEBSOCKETS, Address, without_zone
from ...core.errors import PyncError, RelayError, cause_of
from ...core.events import Report, silent
from ...core.server_events import Unverified
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.connector import Connector
from ...engine.local_connector import LocalConnector
from ...engine.loop import Scheduler
from ...engine.resolver import Resolver
from ...transports import Options
from ...transports.conn import Conn, StreamConn

if TYPE_CHECKING:
    from typing import Any

    from ...engine.handshake import HandshakeRun
    from ...engine.vsock_connector import VsockConnector
    from ...layers.websocket_handshake import Agreed
    from ...transports.tls.handshake import Security
    from ...transports.websocket import Upgrade
    from ..shared.tls_dial import TlsDial
    from ..shared.upstream import UpstreamDial
    from ..shared.via_proxies import Route

    _Dial = Connector | LocalConnector | VsockConnector | UpstreamDial
    _Activity = _Dial | TlsDial | HandshakeRun[Agreed]


#: Schemes of streams over TCP.
_OVER_TCP = frozenset({"tls", *WEBSOCKETS})


class OnwardSetup(NamedTuple):
    """The parameters of the onward side: where to connect, and how.

    ``targets``: in the order in which they are tried; the scheme ``tls`` is TCP secured by TLS,
    ``dtls`` is UDP secured by DTLS, ``ws`` and ``wss`` are WebSockets. ``upgrade``: how a
    connection to one becomes a WebSocket. ``options``: how they are dialled. ``tls``: how they are
    secured. ``route``: the proxies on the way. ``details``: report each connection and what its TLS
    handshake has negotiated. ``header``: the version of the PROXY protocol that names the client to
    the target; None: send none. ``balance``: which target is tried first: ``round-robin``,
    ``random``, or None for always the first. The others follow in their order.
    """

    targets: tuple[Address, ...]
    options: Options = Options()
    tls: Security | None = None
    route: Route | None = None
    details: bool = False
    header: str | None = None
    balance: str | None = None
    upgrade: Callable[[Address], Upgrade] | None = None


class Onward:
    """The data that all onward connections share.

    Arguments:
        setup: where to connect.
        report: called with the event that certificates are not verified.

    Raises UsageError for files that cannot be read.
    """

    def __init__(self, setup: OnwardSetup, report: Report) -> None:
        self.setup = setup
        self.report = report
        #: Of TLS, or of DTLS.
        self.context: Any = None
        self._turns = count()
        self.renew()
        if setup.tls is not None and not setup.tls.verify:
            for target in setup.targets:
                report(Unverified(target))

    def renew(self) -> None:
        """Read the files of TLS again. Raises UsageError; nothing changes then."""
        if self.setup.tls is None:
            return
        if "dtls" in {target.scheme for target in self.setup.targets}:
            from ...transports.dtls.context import client_context as dtls_context

            self.context = dtls_context(self.setup.tls)
        else:
            from ...transports.tls.handshake import client_context

            self.context = client_context(self.setup.tls)

    def targets(self) -> list[Address]:
        """Return the addresses for one connection, in the order in which to try them."""
        targets = list(self.setup.targets)
        if self.setup.balance is None:
            return targets
        if self.setup.balance == "random":
            first = random.randrange(len(targets))
        else:
            first = next(self._turns) % len(targets)
        return targets[first:] + targets[:first]


class OnwardDial:
    """The dial of one onward connection.

    Arguments:
        onward: where to connect.
        loop, resolver: those of the relay.
        client: the client's address.
        local: the address that the client has connected to.
        finished: called once at the end, perhaps by start(); ``conn`` or ``failure`` is set then.
    """

    def __init__(
        self,
        onward: Onward,
        loop: Scheduler,
        resolver: Resolver,
        client: Address,
        local: Address,
        finished: Callable[[OnwardDial], None],
    ) -> None:
        #: The connection. The caller owns it.
        self.conn: Conn | None = None
        self.failure: PyncError | None = None
        #: The address that was dialled last.
        self.target = onward.setup.targets[0]
        #: Seconds that the name lookup, connecting and the TLS handshake took.
        self.lookup: float | None = None
        self.connect: float | None = None
        self.handshake: float | None = None
        self._onward = onward
        self._loop = loop
        self._resolver = resolver
        self._client = client
        self._local = local
        self._finished = finished
        self._left = onward.targets()
        self._activity: _Activity | None = None
        self._began = 0.0

    def start(self) -> None:
        """Dial the first target, or the next one."""
        self.target = self._left.pop(0)
        self._began = time.monotonic()
        self._activity = self._dialling()
        self._activity.start()

    def stop(self) -> None:
        """Abandon the dial without calling a callback. Idempotent."""
        if self._activity is not None:
            self._activity.stop()

    def _dialling(self) -> _Dial:
        setup, target, client = self._onward.setup, self.target, self._client
        options = setup.options
        if target.scheme in ("unix", "pipe"):
            return LocalConnector(self._loop, target, options, self._dialled)
        if target.scheme in _OVER_TCP:
            target = Address("tcp", target.host, target.service)
        if target.scheme == "vsock":
            from ...engine.vsock_connector import VsockConnector

            return VsockConnector(self._loop, target, options, self._dialled)
        if setup.route is None:
            name = client.host or client.path
            return Connector(self._loop, self._resolver, target, options, self._dialled, name)
        from ..shared.upstream import UpstreamDial

        options = options._replace(client=client.host or client.path)
        return UpstreamDial(self._loop, self._resolver, options, setup.route, target, self._dialled)

    def _dialled(self, dialled: _Dial) -> None:
        if dialled.conn is None:
            assert dialled.failure is not None
            self._failed(dialled.failure)
            return
        self.lookup = getattr(dialled, "lookup_seconds", None)
        self.connect = time.monotonic() - self._began - (self.lookup or 0.0)
        if self._onward.setup.header is not None and not self._name_client(dialled.conn):
            return
        if self.target.scheme in ("tls", "wss"):
            self._secure(dialled.conn)
        else:
            self._upgrade(dialled.conn)

    def _name_client(self, conn: Conn) -> bool:
        """Send the PROXY header that names the client, before TLS; return whether it was sent."""
        from ...layers.proxy_header import encode

        assert self._onward.setup.header is not None
        header = encode(self._onward.setup.header, self._client, self._local)
        try:
            # (This cannot block: these are the first bytes, and shorter than any send buffer.)
            conn.send_all(header)
        except OSError as error:
            conn.close()
            self._failed(RelayError("dial", self.target, cause_of(error)))
            return False
        return True

    def _secure(self, conn: Conn) -> None:
        from ...transports.tls.handshake import Securing
        from ..shared.tls_dial import TlsDial

        tls, context = self._onward.setup.tls, self._onward.context
        assert tls is not None
        assert isinstance(conn, StreamConn)
        self._began = time.monotonic()
        name = tls.server_name or without_zone(self.target.host) or None
        securing = Securing(
            conn, context, server_side=False, server_name=name, starttls=tls.starttls
        )
        self._activity = TlsDial(self._loop, conn, securing, tls.timeout, self._secured)
        self._activity.start()

    def _secured(self, dialled: TlsDial) -> None:
        if dialled.conn is None:
            assert isinstance(dialled.failure, PyncError)
            self._failed(dialled.failure)
            return
        self.handshake = time.monotonic() - self._began
        if self._onward.setup.details:
            from ..shared.securing import report_on

            report_on(dialled.conn, self._onward.report, details=True)
        self._upgrade(dialled.conn)

    def _upgrade(self, conn: Conn) -> None:
        """Make a WebSocket of it, where that is asked for."""
        if self.target.scheme not in WEBSOCKETS:
            self._reached(conn)
            return
        from ..shared.upgrading import dialling

        assert self._onward.setup.upgrade is not None
        how = self._onward.setup.upgrade(self.target)
        if self.handshake is None:
            self._began = time.monotonic()
        report = self._onward.report if self._onward.setup.details else silent
        self._activity = dialling(
            self._loop, conn, how, self.target, report, self._reached_by_handshake
        )
        self._activity.start()

    def _reached_by_handshake(self, found: Conn | PyncError) -> None:
        if isinstance(found, PyncError):
            self._failed(found)
            return
        self.handshake = time.monotonic() - self._began
        self._reached(found)

    def _reached(self, conn: Conn) -> None:
        self.conn = conn
        self._activity = None
        self._finished(self)

    def _failed(self, failure: PyncError) -> None:
        if self._left:
            self.start()
            return
        self.failure = failure
        self._activity = None
        self._finished(self)
