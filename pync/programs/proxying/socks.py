"""A client that speaks SOCKS."""

from __future__ import annotations

from collections.abc import Callable

from ...core.errors import PyncError, UnresolvedError
from ...core.events import Dropped
from ...layers.handshake import say
from ...layers.socks_server import Asked, granted, refused, serve
from ...transports.conn import Conn
from .session import Make, Services, Session

#: --proxy-type -> the versions that are spoken.
VERSIONS = {"socks": (4, 5), "socks4": (4,), "socks5": (5,)}


class SocksSession(Session):
    """One client of a SOCKS server.

    Arguments:
        services, client, left: as for every session.
        auth: user and password that it must name; None: it need not.
        versions: those that it may speak.
    """

    def __init__(
        self,
        services: Services,
        client: Conn,
        left: Callable[[Session], None],
        auth: tuple[str, str] | None,
        versions: tuple[int, ...],
    ) -> None:
        super().__init__(services, client, left)
        self._auth = auth
        self._versions = versions

    def start(self) -> None:
        """Hear where it wants to go."""
        self._negotiate(serve(self._auth, self._versions), self._asked)

    def _asked(self, asked: Asked) -> None:
        self._dial(asked.host, asked.port, lambda failure: self._dialled(asked, failure))

    def _dialled(self, asked: Asked, failure: PyncError | None) -> None:
        if failure is None:
            assert self._target is not None
            local = self._target.local
            answer = granted(asked, local.host, local.port)
            self._negotiate(say(answer), lambda _: self._relay())
            return
        self._services.report(Dropped(self._client.peer, str(failure)))
        answer = refused(
            asked,
            failure.cause.removeprefix("proxy: "),
            resolved=not isinstance(failure, UnresolvedError),
        )
        self._negotiate(say(answer), lambda _: self._part())


def socks_sessions(kind: str, auth: tuple[str, str] | None) -> Make:
    """What makes sessions of this kind.

    Arguments:
        kind: a key of VERSIONS.
        auth: user and password that clients must name.
    """
    return lambda services, client, left: SocksSession(services, client, left, auth, VERSIONS[kind])
