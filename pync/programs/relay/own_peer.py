"""A datagram peer that has a connection of its own, and its session.

All peers of a plain datagram socket share it (peers.py). A DTLS peer has its own connection, and so
has the only peer of a relay without -k.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.typed import TYPE_CHECKING
from ...engine.idle import IdleTimer
from ...engine.loop import Scheduler
from ...transports.datagram import Datagrams
from .peer_services import Client, PeerServices
from .peer_session import BURST, PeerSession

if TYPE_CHECKING:
    from ...engine.pipeline import Moved
    from ...transports.conn import Conn


class OwnPeer:
    """One peer, which the counterpart of session.Joined for datagrams serves.

    Arguments:
        services: what all sessions share.
        loop: the peer's Boundary of the loop.
        conn: its connection, which this object then owns.
        number: the session's number, from 1.
        idle: seconds without a datagram after which the session ends.
        left: called once, when the session ends; close() does not call it.
    """

    def __init__(
        self,
        services: PeerServices,
        loop: Scheduler,
        conn: Conn,
        number: int,
        idle: float,
        left: Callable[[OwnPeer], None],
    ) -> None:
        assert isinstance(conn, Datagrams)
        self.number = number
        self._loop = loop
        self._conn = conn
        self._left = left
        client = Client(conn.peer, conn.local)
        self._session = PeerSession(services, loop, client, self._answer, number, self._ended)
        self.began = self._session.began
        #: Whether the session has ended because it was idle.
        self.was_idle = False
        self._timer = IdleTimer(loop, idle, self._idle, lambda: self._session.active_at)

    @property
    def client(self) -> Client:
        """The peer's addresses."""
        return self._session.client

    @property
    def target(self) -> Datagrams | None:
        """The onward connection; None while it is dialled."""
        return self._session.target

    @property
    def moved(self) -> Moved:
        """The number of bytes moved in each direction."""
        return self._session.moved

    def start(self) -> None:
        """Start the session."""
        self._conn.settimeout(0)
        for descriptor in self._conn.read_fds():
            self._loop.watch_reader(descriptor, self._read)
        self._timer.start()
        self._session.start()
        # By DTLS, a datagram may have come together with the end of the handshake.
        self._loop.call_later(0, self._read)

    def listing(self) -> dict[str, object]:
        """Return the session's row for --control."""
        return self._session.listing()

    def give_up(self) -> None:
        """End the session now, for --control."""
        self._session.give_up()

    def close(self) -> None:
        """Release all resources without calling a callback. Idempotent."""
        self._timer.cancel()
        if self._conn.fileno() != -1:
            for descriptor in self._conn.read_fds():
                self._loop.watch_reader(descriptor, None)
        self._session.close()
        self._conn.close()

    def break_off(self) -> None:
        """End the session when the relay ends. (Datagrams have no RST.)"""
        self._left = _ignore
        self._session.end("open")

    def _read(self) -> None:
        for _ in range(BURST):
            if self._conn.fileno() == -1:
                return  # the session has ended
            try:
                data = self._conn.recv_whole()
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                if self._conn.layered:
                    self._session.end("broken")
                    return
                continue  # an earlier answer was refused; there may be datagrams to read
            if not data and self._conn.ended:
                self._session.end("eof")
                return
            self._session.put(data)
        if self._conn.layered:
            self._loop.call_later(0, self._read)

    def _answer(self, data: bytes) -> int:
        return self._conn.send(data)

    def _idle(self) -> None:
        self.was_idle = True
        self._session.end("idle")

    def _ended(self, _: PeerSession) -> None:
        self.close()
        self._left(self)


def _ignore(_: OwnPeer) -> None:
    """Ignore the end of a session that the caller has ended itself."""
