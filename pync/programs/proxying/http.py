"""A client that speaks HTTP (RFC 9110): requests are forwarded, CONNECT becomes a tunnel."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from email.utils import formatdate

from ...core.address import Address
from ...core.errors import PyncError
from ...core.events import AttemptFailed, Dropped
from ...engine.turn import Turn
from ...layers.http_auth import Guard
from ...layers.http_proxy import BROKEN, DIALLING, TUNNELLING, Intermediary
from ...transports.conn import Conn
from .forwarding import Forwarding
from .session import Make, Services, Session

#: Cause of a failed dial -> status of the answer, if not 502 (RFC 9110 15.5.4, 15.6.5).
_STATUSES = {"not allowed": 403, "timed out": 504}


class HttpSession(Session):
    """One client of an HTTP proxy.

    Arguments:
        services, client, left: as for every session.
        guard: who may come; None: everybody.
    """

    def __init__(
        self,
        services: Services,
        client: Conn,
        left: Callable[[Session], None],
        guard: Guard | None,
    ) -> None:
        super().__init__(services, client, left)
        self._turn = Turn()
        self._proxy = Intermediary(guard, _date, enough=self._turn.is_over)

    def start(self) -> None:
        """Hear what it asks for."""
        self._forward(first=True)

    def _forward(self, *, first: bool) -> None:
        services = self._services
        self._do(
            Forwarding(
                services.loop,
                self._client,
                self._target,
                self._proxy,
                self._turn,
                self._tuning,
                first=first,
                idle=services.endings.idle,
                finished=self._forwarded,
            )
        )

    def _forwarded(self, forwarding: Forwarding) -> None:
        state = self._proxy.state
        if forwarding.failure is not None:
            self._drop(forwarding.failure, broken=True)
        elif state == DIALLING:
            wanted = self._proxy.wanted
            if self._target is not None:
                # It had its one request; the client had said the next one already.
                self._target.close()
                self._target = None
            self._dial(wanted.host, wanted.port, self._dialled)
        elif state == TUNNELLING:
            self._relay()
        else:
            if self._proxy.failure:
                self._services.report(Dropped(self._client.peer, self._proxy.failure))
            self._part(broken=state == BROKEN)

    def _dialled(self, failure: PyncError | None) -> None:
        if failure is None:
            self._proxy.connected()
        else:
            wanted = self._proxy.wanted
            address = Address("tcp", wanted.host, str(wanted.port))
            self._services.report(AttemptFailed(address, failure.cause))
            self._proxy.failed(str(failure), _STATUSES.get(failure.cause, 502))
        self._forward(first=False)


def http_sessions(auth: tuple[str, str] | None) -> Make:
    """What makes sessions.

    Arguments:
        auth: user and password that clients must name.
    """
    # One guard for all clients: a nonce is good on any connection.
    guard = Guard(*auth, secret=os.urandom(32), now=time.monotonic) if auth else None
    return lambda services, client, left: HttpSession(services, client, left, guard)


def _date() -> bytes:
    return formatdate(usegmt=True).encode()
