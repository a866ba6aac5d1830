"""A client of a SOCKS server."""

from __future__ import annotations

import socket
from collections.abc import Callable

from ...core.errors import PyncError, UnresolvedError
from ...core.server_events import Dropped
from ...layers.socks_server import (
    GREETED,
    GREETING,
    Admits,
    Asked,
    granted,
    names,
    refused,
    request5,
    serve,
)
from ...transports.conn import Conn
from .penalties import Penalties
from .session import Make, Services, Session

#: --proxy-type -> the versions that are accepted.
VERSIONS = {"socks": (4, 5), "socks4": (4,), "socks5": (5,)}


class SocksSession(Session):
    """One client of a SOCKS server.

    Arguments:
        services, client, left: as for every session.
        admits: checks the client's user and password; None: no login.
        delay: returns the seconds before a wrong password is refused.
        versions: the versions to accept.
    """

    def __init__(
        self,
        services: Services,
        client: Conn,
        left: Callable[[Session], None],
        admits: Admits | None,
        delay: Callable[[], float],
        versions: tuple[int, ...],
    ) -> None:
        super().__init__(services, client, left)
        self._admits = admits
        self._delay = delay
        self._versions = versions

    def start(self) -> None:
        """Start to read the client's request."""
        try:
            greets = self._admits is None and 5 in self._versions and self._takes_greeting()
        except OSError as error:
            self._drop(error)
            return
        if greets:
            self._say(GREETED, lambda: self._negotiate(request5(), self._asked))
        else:
            self._negotiate(serve(self._admits, self._versions, self._delay), self._asked)

    def _takes_greeting(self) -> bool:
        """Read the usual greeting, if that has come with the connection; else read nothing.

        Raises OSError.
        """
        client = self._client
        if not client.is_plain:
            return False
        client.settimeout(0)
        try:
            if client.socket.recv(len(GREETING), socket.MSG_PEEK) != GREETING:
                return False
            client.recv(len(GREETING))
        except (BlockingIOError, InterruptedError):
            return False
        return True

    def _asked(self, asked: Asked) -> None:
        self._dial(asked.host, asked.port, lambda failure: self._dialled(asked, failure))

    def _dialled(self, asked: Asked, failure: PyncError | None) -> None:
        if failure is None:
            assert self._target is not None
            local = self._target.local
            self._say(granted(asked, local.host, local.port), self._relay)
            return
        self._services.report(Dropped(self._client.peer, str(failure)))
        answer = refused(
            asked,
            failure.cause.removeprefix("proxy: "),
            resolved=not isinstance(failure, UnresolvedError),
        )
        self._say(answer, self._part)


def socks_sessions(kind: str, auth: tuple[str, str] | None) -> Make:
    """Return the maker of sessions of this kind.

    Arguments:
        kind: a key of VERSIONS.
        auth: the user and password that clients need.
    """
    penalties = Penalties()
    knows = names(*auth) if auth is not None else None

    def make(services: Services, client: Conn, left: Callable[[Session], None]) -> Session:
        host = client.peer.host

        def admits(user: bytes, password: bytes) -> bool:
            assert knows is not None
            return penalties.judge(host, lambda: knows(user, password))

        def delay() -> float:
            return penalties.delay(host)

        asked = admits if knows is not None else None
        return SocksSession(services, client, left, asked, delay, VERSIONS[kind])

    return make
