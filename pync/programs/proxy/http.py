"""A client of an HTTP proxy (RFC 9110): requests are forwarded, CONNECT becomes a tunnel."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from email.utils import formatdate

from ...core.address import Address
from ...core.errors import PyncError
from ...core.events import AttemptFailed
from ...core.server_events import Dropped
from ...engine.loop import Scheduler, Timer
from ...engine.turn import Turn
from ...layers.http_auth import Guard
from ...layers.http_proxy import BROKEN, DIALLING, HOLDING, TUNNELLING, Intermediary
from ...layers.http_tunnel import OPEN, destination_of
from ...transports.conn import Conn
from .forwarding import READ_HEAD, Forwarding
from .penalties import Penalties
from .session import Make, Services, Session

#: Cause of a failed dial -> status of the answer, if not 502 (RFC 9110 15.5.4, 15.6.5).
_STATUSES = {"not allowed": 403, "timed out": 504}


class HttpSession(Session):
    """One client of an HTTP proxy.

    Arguments:
        services, client, left: as for every session.
        guard: checks the client's login; None: no login.
        name: the proxy's name in Via.
    """

    def __init__(
        self,
        services: Services,
        client: Conn,
        left: Callable[[Session], None],
        guard: _Judge | None,
        name: bytes,
    ) -> None:
        super().__init__(services, client, left)
        self._guard = guard
        self._turn = Turn()
        self._name = name
        self._intermediary: Intermediary | None = None

    @property
    def _proxy(self) -> Intermediary:
        """The parser of HTTP, which the usual request for a tunnel does not need."""
        if self._intermediary is None:
            self._intermediary = Intermediary(self._guard, _date, self._name, self._turn.is_over)
        return self._intermediary

    def start(self) -> None:
        """Start to read the first request, which mostly has come with the connection."""
        client = self._client
        if not client.is_plain or self._pipeline.pace:
            self._forward(first=True)
            return
        client.settimeout(0)
        try:
            head = client.recv(READ_HEAD)
        except (BlockingIOError, InterruptedError):
            self._forward(first=True)
        except OSError as error:
            self._drop(error, broken=True)
        else:
            self._take(head)

    def _take(self, head: bytes) -> None:
        """Handle the first bytes of the client; ``b""`` is its end."""
        wanted = destination_of(head) if self._guard is None else None
        if wanted is not None:
            self._dial(wanted.host, wanted.port, lambda failure: self._tunnel(head, failure))
            return
        self._receive(head)
        self._forward(first=True)

    def _receive(self, head: bytes) -> None:
        self._turn.begin()
        self._proxy.receive(head)

    def _tunnel(self, head: bytes, failure: PyncError | None) -> None:
        if failure is None:
            self._say(OPEN, self._relay)
        else:
            self._receive(head)  # the answer depends on all of it
            self._dialled(failure)

    def _forward(self, *, first: bool) -> None:
        services = self._services
        self._do(
            Forwarding(
                services.loop,
                self._client,
                self._target,
                self._proxy,
                self._turn,
                self._pipeline,
                first=first,
                idle=services.endings.idle,
                finished=self._forwarded,
            )
        )

    def _forwarded(self, forwarding: Forwarding) -> None:
        state = self._proxy.state
        if forwarding.failure is not None:
            self._drop(forwarding.failure, broken=True)
        elif state == HOLDING:
            assert self._guard is not None
            self._do(_Waiting(self._services.loop, self._guard.delay(), self._released))
        elif state == DIALLING:
            wanted = self._proxy.wanted
            if self._target is not None:
                # The origin had its one request; the client has already sent the next one.
                self._target.close()
                self._target = None
            self._dial(wanted.host, wanted.port, self._dialled)
        elif state == TUNNELLING:
            self._relay()
        else:
            if self._proxy.failure:
                self._services.report(Dropped(self._client.peer, self._proxy.failure))
            if self._target is not None:
                # By FIN, even if the request was incomplete: the origin then reads what was sent,
                # and the length shows that bytes are missing (RFC 9112 8).
                self._target.close()
            self._part(broken=state == BROKEN)

    def _released(self) -> None:
        self._proxy.release()
        self._forward(first=False)

    def _dialled(self, failure: PyncError | None) -> None:
        if failure is None:
            self._proxy.connected()
        else:
            wanted = self._proxy.wanted
            address = Address("tcp", wanted.host, str(wanted.port))
            self._services.report(AttemptFailed(address, failure.cause))
            cause = failure.cause.removeprefix("proxy: ")
            self._proxy.failed(str(failure), _STATUSES.get(cause, 502))
        self._forward(first=False)


def http_sessions(auth: tuple[str, str] | None) -> Make:
    """Return the maker of sessions.

    Arguments:
        auth: the user and password that clients need.
    """
    # One guard for all clients: a nonce is valid on any connection.
    guard = Guard(*auth, secret=os.urandom(32), now=time.monotonic) if auth else None
    penalties = Penalties()
    # A unique name: if Via contains it, this proxy has forwarded the request before.
    name = b"pync-" + os.urandom(4).hex().encode()

    def make(services: Services, client: Conn, left: Callable[[Session], None]) -> Session:
        judge = _Judge(guard, penalties, client.peer.host) if guard is not None else None
        return HttpSession(services, client, left, judge, name)

    return make


class _Judge:
    """The guard, with a limit on the passwords that one host may try."""

    def __init__(self, guard: Guard, penalties: Penalties, host: str) -> None:
        self._guard = guard
        self._penalties = penalties
        self._host = host
        self.challenges = guard.challenges

    def judge(self, method: str, target: str, answers: list[str]) -> str:
        verdict = "refused"

        def fits() -> bool:
            nonlocal verdict
            verdict = self._guard.judge(method, target, answers)
            return verdict != "refused"

        # A client without an answer has not tried a password.
        if answers:
            self._penalties.judge(self._host, fits)
        return verdict

    def delay(self) -> float:
        """Return the seconds before a refusal is sent."""
        return self._penalties.delay(self._host)


class _Waiting:
    """The activity of waiting for a time."""

    def __init__(self, loop: Scheduler, seconds: float, over: Callable[[], None]) -> None:
        self._loop = loop
        self._seconds = seconds
        self._over = over
        self._timer: Timer | None = None

    def start(self) -> None:
        """Start to wait."""
        self._timer = self._loop.call_later(self._seconds, self._over)

    def stop(self) -> None:
        """Stop without calling a callback. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()


def _date() -> bytes:
    return formatdate(usegmt=True).encode()
