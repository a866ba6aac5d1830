"""The peers of a datagram relay: many senders on one socket, a session for each.

A sender is identified by its address and by the address that it has sent to. Datagrams have no EOF,
so a session ends when no datagram has moved for the idle time. At the limit of sessions, the one
that has been silent longest is ended for a new peer; if it was active a moment ago (ROOM_AFTER),
the new peer is refused instead.
"""

from __future__ import annotations

import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import count

from ...core.errors import ListenError
from ...core.events import Report
from ...core.server_events import Accepted, Denied, Failed
from ...core.typed import TYPE_CHECKING
from ...engine.boundary import Boundary, as_failure, ends_program
from ...engine.loop import Loop, Timer
from ..shared.listening import ListenSetup
from .peer_services import Client, PeerServices
from .peer_session import BURST, PeerSession

if TYPE_CHECKING:
    from typing import Any

    from ...transports.datagram import Arrival
    from ...transports.listener import Listener

#: Seconds without a datagram before a session ends: the minimum for a NAT (RFC 4787, REQ-5).
IDLE = 120.0

#: Bytes to ask for as the receive buffer of the socket, which all peers share; the kernel may give
#: less.
MUCH = 4 * 1024 * 1024

#: The default limit of sessions at once.
MOST_SESSIONS = 16_384

#: Seconds of silence after which a session makes room for a new one.
ROOM_AFTER = 1.0


class Peers:
    """The sessions of all peers; the counterpart of Clients for datagrams.

    Arguments:
        loop: the loop of all sessions.
        setup: which peers to accept.
        listener: of datagrams (UdpListener, UnixgramListener).
        services: what sessions share; its callbacks to this class are filled in here.
        idle: seconds.
    """

    def __init__(
        self,
        loop: Loop,
        setup: ListenSetup,
        listener: Any,
        services: PeerServices,
        idle: float,
    ) -> None:
        self.options = setup.options
        self.listener: Any = listener
        self._loop = loop
        self._setup = setup
        self._report: Report = services.report
        self._services = services._replace(
            make_room=self._make_room, roomy=self._roomy, active=self._active
        )
        self._idle = idle
        self._most = MOST_SESSIONS if setup.max_conns is None else setup.max_conns
        self._place = setup.place
        self._numbers = count(1) if setup.place is None else setup.place.numbers()
        self._known: dict[Arrival, PeerSession] = {}
        #: The sessions, the one silent longest first, and the Arrival that identifies each.
        self._inside: OrderedDict[PeerSession, Arrival] = OrderedDict()
        #: The sessions whose receiver has no room. Unix datagrams must not be lost: the relay
        #: stops reading, and their senders wait.
        self._full: set[PeerSession] = set()
        self._timer: Timer | None = None
        self._waiting: Timer | None = None
        self._admits_new = self._is_open = False

    @property
    def sessions(self) -> OrderedDict[PeerSession, Arrival]:
        """The sessions."""
        return self._inside

    def open(self) -> None:
        """Start to accept peers. The loop raises ListenError if none comes in time."""
        self._admits_new = self._is_open = True
        if "recv_buffer" not in dict(self._setup.options.sockopts):
            for sock in self.listener.sockets:
                _hold_much(sock)
        self._watch(True)
        self._await_somebody()
        if self._place is not None:
            self._place.attend(self._loop)

    def come_by(self, listener: Listener) -> None:
        """Accept peers from another listener; the first one is closed."""
        self.listener = listener
        self.open()

    def refuse(self) -> None:
        """Close the listener, and with it every session: they all use its socket."""
        self.break_off()
        self.listener.close()

    def shut(self) -> None:
        """Accept no more peers; sessions continue. Idempotent."""
        self._admits_new = False
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    #: (A new peer has no connection that waits to be accepted, only datagrams in the socket.)
    last_call = shut

    def close(self) -> None:
        """End all sessions. Idempotent."""
        self.shut()
        if self._is_open:
            self._watch(False)
            self._is_open = False
        for session in list(self._inside):
            session.end("open")

    break_off = close

    def _watch(self, wanted: bool) -> None:
        for sock in self.listener.sockets:
            callback = self._reader(sock) if wanted else None
            self._loop.watch_reader(sock.fileno(), callback)

    def _reader(self, sock: Any) -> Callable[[], None]:
        return lambda: self._read(sock)

    def _read(self, sock: Any) -> None:
        receive, known = self.listener.receive_any, self._known
        for _ in range(BURST):
            try:
                data, arrival = receive(sock)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # Windows reports here that an answer could not be delivered
            session = known.get(arrival)
            if session is None:
                session = self._enter(arrival)
                if session is None:
                    continue
            try:
                session.put(data)
            except Exception as error:  # noqa: BLE001 - it ends this peer's session only
                self._failed(session, error)
                continue
            if session.is_held_up and self.listener.address.scheme == "unixgram":
                self._full.add(session)
                self._watch(False)
                return

    # New sessions and ended ones.

    def _enter(self, arrival: Arrival) -> PeerSession | None:
        """Return a new session for a peer; None when the peer is refused."""
        if not self._admits_new:
            return None
        place = self._place
        if place is not None and arrival.to_many and place.number != 1:
            return None  # the kernel delivers it to every worker
        peer = self.listener.peer_address(arrival)
        if not self.listener.admits(peer):
            return None
        elsewhere = 0 if place is None else place.elsewhere
        if len(self._inside) + elsewhere >= self._most and not self._make_room():
            self._report(Denied(peer, f"connection limit reached ({self._most})"))
            return None
        if self._services.onward.setup.details:
            self._report(Accepted(peer))
        boundary = Boundary(self._loop, lambda error: self._failed(session, error))
        client = Client(peer, self.listener.local_address(arrival.sock))
        session = PeerSession(
            self._services, boundary, client, arrival.answer, next(self._numbers), self._left
        )
        self._known[arrival] = session
        self._inside[session] = arrival
        self._count()
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if self._timer is None:
            self._timer = self._loop.call_later(self._idle, self._look)
        with boundary:
            session.start()
        return session if session in self._inside else None

    def _left(self, session: PeerSession) -> None:
        arrival = self._inside.pop(session, None)
        if arrival is not None:
            del self._known[arrival]
            self._count()
            self._roomy(session)
            self._await_somebody()

    def _count(self) -> None:
        if self._place is not None:
            self._place.has(len(self._inside))

    def _failed(self, session: PeerSession, error: Exception) -> None:
        if ends_program(error):
            raise error
        self._report(Failed(as_failure(error, session.client.peer)))
        session.close()
        self._left(session)

    def _await_somebody(self) -> None:
        seconds = self._setup.accept_timeout
        if seconds is not None and self._admits_new and not self._inside:
            self._waiting = self._loop.call_later(seconds, self._nobody_came)

    def _nobody_came(self) -> None:
        raise ListenError("accept", self.listener.address, "timed out")

    # Silent peers.

    def _active(self, session: PeerSession) -> None:
        if session in self._inside:
            self._inside.move_to_end(session)

    def _look(self) -> None:
        """End the sessions that were silent for the idle time; set the timer for the next one."""
        self._timer = None
        while (session := next(iter(self._inside), None)) is not None:
            left = session.active_at + self._idle - time.monotonic()
            if left > 0:
                self._timer = self._loop.call_later(left, self._look)
                return
            session.end("idle")

    def _make_room(self) -> bool:
        session = next(iter(self._inside), None)
        if session is None or time.monotonic() - session.active_at < ROOM_AFTER:
            return False
        session.end("made room")
        return True

    def _roomy(self, session: PeerSession) -> None:
        if session in self._full:
            self._full.discard(session)
            if not self._full and self._is_open:
                self._watch(True)


def _hold_much(sock: socket.socket) -> None:
    try:
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < MUCH:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MUCH)
    except OSError:
        pass  # the system allows less (macOS), and does not report how much
