"""One peer of a datagram relay, and its own onward socket.

Datagrams have no EOF: the session ends when no datagram has moved for the idle time (peers.py).
An ICMP error does not end it, as the server may come back; by DTLS the association is lost then.
After an error, the next onward address is tried, if there is one and the server has not answered
yet.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable

from ...core.broken import TlsFailure
from ...core.errors import RelayError, cause_of
from ...core.server_events import Closed, Dialled, Failed
from ...core.typed import TYPE_CHECKING
from ...engine.datagram_flow import MOST_WAITING, DatagramFlow
from ...engine.loop import Scheduler
from ...engine.pipeline import Moved, towards
from ...transports.datagram import DatagramConn, Datagrams
from ...transports.unixgram import BoundConn
from .datagram_dial import DatagramDial
from .inside import listed
from .peer_services import Client, PeerServices

if TYPE_CHECKING:
    from ...engine.record import Recorder

#: Datagrams that are received in one callback, before others are served.
BURST = 64

#: How many datagrams are kept for the next onward address, until the first answer, and for how
#: many seconds: later they would be out of date, and there are protocols without answers.
MOST_KEPT, KEPT_FOR = 16, 2.0

#: Seconds for which a peer's datagrams are dropped after no onward address could be dialled.
AFTER_FAILURE = 1.0

#: The errors of sending to a Unix socket whose listener has closed.
_GONE = frozenset({errno.ECONNREFUSED, errno.ENOENT, errno.ECONNRESET, errno.ENOTCONN})


class PeerSession:
    """The session of one peer.

    Arguments:
        services: what all sessions share.
        loop: the peer's Boundary of the loop.
        client: the peer.
        answer: sends the peer a datagram. Raises OSError.
        number: the session's number, from 1.
        left: called once, when the session ends; close() does not call it.
    """

    def __init__(
        self,
        services: PeerServices,
        loop: Scheduler,
        client: Client,
        answer: Callable[[bytes], object],
        number: int,
        left: Callable[[PeerSession], None],
    ) -> None:
        self.client = client
        self.number = number
        self.target: Datagrams | None = None
        #: The times of the start and of the last datagram (time.monotonic).
        self.began = self.active_at = time.monotonic()
        self._up: DatagramFlow | None = None
        self._down: DatagramFlow | None = None
        self._services = services
        self._loop = loop
        self._answer = answer
        self._left = left
        self._targets = services.onward.targets()
        self._where = self._targets[0]
        self._dialling: DatagramDial | None = None
        self._recorder: Recorder | None = None
        #: The datagrams that came before the onward socket was made; later, those to send again to
        #: the next onward address.
        self._kept: list[bytes] = []
        #: When the onward socket was made.
        self._joined_at = self.began
        self._answered = self._complained = self._reads = self._over = False

    @property
    def moved(self) -> Moved:
        """The number of bytes moved in each direction."""
        if self._up is None or self._down is None:
            return Moved(0, 0)
        return Moved(self._up.moved, self._down.moved)

    @property
    def is_held_up(self) -> bool:
        """Whether datagrams of the peer wait for room in the onward socket."""
        return self._up is not None and self._up.is_held_up

    def start(self) -> None:
        """Start the session."""
        services = self._services
        tap = None
        if services.recorder is not None:
            self._recorder = services.recorder(self.number, self.client.peer)
            tap = self._recorder.tap
        pipeline = services.pipeline()
        up = down = None
        if services.spoiled is not None:
            line = services.spoiled.begin_peer(self.number, self.give_up)
            up, down = line.up, line.down
        self._up = DatagramFlow(
            self._loop,
            self._send,
            self._write_fd,
            self._refused,
            lambda: services.roomy(self),
            towards(tap, "sent"),
            pipeline.pace,
            up,
        )
        self._down = DatagramFlow(
            self._loop,
            self._answer,
            None,
            self._not_answered,
            self._read_on,
            towards(tap, "received"),
            pipeline.received_pace,
            down,
        )
        self._dial()

    def put(self, data: bytes) -> None:
        """Pass on a datagram that the peer has sent."""
        self._note()
        assert self._up is not None
        if self.target is not None:
            if self._targets and not self._answered:
                self._keep(data)
            self._up.put(data)
        elif len(self._kept) < MOST_WAITING:
            self._kept.append(data)

    def _keep(self, data: bytes) -> None:
        if self.active_at - self._joined_at > KEPT_FOR:
            self._kept.clear()
        elif len(self._kept) < MOST_KEPT:
            self._kept.append(data)

    def listing(self) -> dict[str, object]:
        """Return the session's row for --control."""
        return listed(self, None if self.target is None else self._where)

    def give_up(self) -> None:
        """End the session now, for --control."""
        self.end("killed")

    def end(self, cause: str) -> None:
        """End the session, report the cause, and call ``left``. Idempotent."""
        if self._over:
            return
        if self._services.onward.setup.details:
            seconds = time.monotonic() - self.began
            told = Closed(self.client.peer, self._where, *self.moved, cause, cause, seconds)
            self._services.report(told)
        self.close()
        self._left(self)

    def close(self) -> None:
        """Release all resources without calling a callback. Idempotent."""
        self._over = True
        for flow in (self._up, self._down):
            if flow is not None:
                flow.stop()
        if self._dialling is not None:
            self._dialling.stop()
            self._dialling = None
        self._hang_up()
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
        if self._services.spoiled is not None:
            self._services.spoiled.end(self.number)

    break_off = close

    # The onward socket.

    def _dial(self) -> None:
        self._hang_up()
        self._where = self._targets.pop(0)
        services, client = self._services, self.client.peer
        self._dialling = DatagramDial(
            services.onward, self._loop, services.resolver, self._where, client, self._dialled
        )
        self._dialling.start()

    def _dialled(self, dialled: DatagramDial) -> None:
        self._dialling = None
        if dialled.conn is None:
            assert dialled.failure is not None
            if dialled.is_exhausted and self._services.make_room():
                self._targets.insert(0, self._where)
                self._dial()
            elif self._targets:
                self._dial()
            else:
                self._services.report(Failed(dialled.failure))
                # The pause avoids a message and a lookup for each datagram of the peer.
                self._loop.call_later(AFTER_FAILURE, lambda: self.end("not dialled"))
            return
        self.target, self._joined_at = dialled.conn, time.monotonic()
        self.target.settimeout(0)
        if self._services.onward.setup.details:
            told = Dialled(self.client.peer, self._where, *dialled.milliseconds())
            self._services.report(told)
        self._read_on()
        kept, self._kept = self._kept, []
        for data in kept:
            if self.target is None:  # it has failed in the meantime
                self._kept.append(data)
            else:
                self.put(data)

    def _hang_up(self) -> None:
        if self.target is not None:
            self._watch(False)
            if self._up is not None:
                self._up.clear()
            self.target.close()
            self.target = None

    def _write_fd(self) -> int:
        return -1 if self.target is None else self.target.write_fd()

    def _send(self, data: bytes) -> None:
        if self.target is None:
            # A simulated fault has delayed it until now, while the next address is looked up.
            self._kept.append(data)
            return
        try:
            self.target.send(data)
        except OSError as error:
            if error.errno not in _GONE:
                raise
            # With UDP, the error is from an ICMP message about an earlier datagram; this one was
            # not sent. With a Unix socket, the listener has closed, or another one is there now.
            if isinstance(self.target, BoundConn):
                self.target.connect_again()
            self.target.send(data)

    def _refused(self, error: OSError) -> None:
        """Handle a failed send, of this datagram or an earlier one."""
        if self._targets and not self._answered:
            if time.monotonic() - self._joined_at > KEPT_FOR:
                self._kept.clear()
            self._dial()
        elif not self._complained:
            self._complained = True
            self._services.report(Failed(RelayError("relay", self._where, cause_of(error))))
            lost = isinstance(error, TlsFailure) or error.errno in _GONE
            if lost and not isinstance(self.target, DatagramConn):
                self._loop.call_later(0, lambda: self.end("broken"))

    # Answers.

    def _watch(self, wanted: bool) -> None:
        if self.target is not None and wanted != self._reads:
            self._reads = wanted
            callback = self._read if wanted else None
            for descriptor in self.target.read_fds():
                self._loop.watch_reader(descriptor, callback)

    def _note(self) -> None:
        self.active_at = time.monotonic()
        self._services.active(self)

    def _read_on(self) -> None:
        self._watch(True)
        if self.target is not None and self.target.layered:
            # One datagram of the network may contain several.
            self._loop.call_later(0, self._read)

    def _read(self) -> None:
        down = self._down
        assert down is not None
        for number in range(BURST):
            if self.target is None:
                return
            try:
                data = self.target.recv_whole()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._refused(error)
                return
            if not data and self.target.ended:
                self.end("eof")
                return
            if not number:
                self._note()
            self._answered, self._complained = True, False
            if self._kept:
                self._kept.clear()
            down.put(data)
            if down.is_held_up:
                self._watch(False)
                return
        self._read_on()

    def _not_answered(self, error: OSError) -> None:
        if self.client.peer.scheme == "unixgram" and error.errno in _GONE:
            # The peer has closed: a socket at that path later belongs to another peer.
            self._loop.call_later(0, lambda: self.end("gone"))
        elif not self._complained:
            self._complained = True
            self._services.report(Failed(RelayError("relay", self.client.peer, cause_of(error))))
