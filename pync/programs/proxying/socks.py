"""A client that speaks SOCKS."""

from __future__ import annotations

from collections.abc import Callable

from ...core.errors import UnresolvedError
from ...core.events import Dropped
from ...engine.dialling import Dialling
from ...layers.handshake import say
from ...layers.socks_server import Asked, granted, refused, serve
from ...transports.conn import Conn
from .session import Services, Session

#: --proxy-type -> the versions that are spoken.
VERSIONS = {"socks": (4, 5), "socks4": (4,), "socks5": (5,)}


class SocksSession(Session):
    """One client of a SOCKS server.

    Arguments:
        services, client, left: as for every session.
        versions: those that it may speak.
    """

    def __init__(
        self,
        services: Services,
        client: Conn,
        left: Callable[[Session], None],
        versions: tuple[int, ...],
    ) -> None:
        super().__init__(services, client, left)
        self._versions = versions

    def start(self) -> None:
        """Hear where it wants to go."""
        self._negotiate(serve(self._services.auth, self._versions), self._asked)

    def _asked(self, asked: Asked) -> None:
        self._dial(asked.host, asked.port, lambda dialling: self._dialled(asked, dialling))

    def _dialled(self, asked: Asked, dialling: Dialling) -> None:
        if dialling.conn is not None:
            local = dialling.conn.local
            answer = granted(asked, local.host, int(local.port))
            self._negotiate(say(answer), lambda _: self._relay())
            return
        failure = dialling.failure
        assert failure is not None
        self._services.report(Dropped(self._client.peer, str(failure)))
        answer = refused(asked, failure.cause, resolved=not isinstance(failure, UnresolvedError))
        self._negotiate(say(answer), lambda _: self._part())
