"""Many clients in one loop (``--broker``, ``--chat``, ncat's ``-l -k``).

With --broker, the data of a client goes to all the others; without it, to standard output.
Standard input goes to all clients. A slow client does not delay others: its queue is limited, and
it is disconnected when the queue is full. (See backlog.py: a thousand slow clients share one copy.)
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from ...core import exits
from ...core.endings import Endings
from ...core.events import Report
from ...core.server_events import Accepted, Failed
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.boundary import Boundary, as_failure
from ...engine.idle import IdleTimer
from ...engine.loop import Loop
from ...engine.pipeline import Tap
from ...engine.protocols import Convert, break_off
from ...layers.chat import Speaker, arrival, departure
from ...transports import listen
from ...transports.conn import Conn
from ...transports.listener import Listener
from ...transports.stdio import Stdio
from ..shared.acceptor import Acceptor, allow_many_descriptors
from ..shared.announce import announce
from ..shared.listening import ListenSetup, prepare
from ..shared.talk import recording
from .backlog import Backlog
from .client import READ, BrokerClient
from .stdio import BrokerStdio

if TYPE_CHECKING:
    from ...engine.record import Recorder

#: Bytes of one read of a chat. It is small, because each byte may be a line, which is much work.
READ_CHAT = 2 * 1024


class BrokerSetup(NamedTuple):
    """Which clients to accept, and who receives from whom.

    ``brokers``: a client's data goes to the others, not to standard output. ``chat``: the same,
    with the client's name. ``listens``: clients' data is used. ``speaks``: data is sent to clients.
    ``types``: standard input is read. ``convert``: converts typed bytes to the bytes to send.
    """

    listen: ListenSetup
    endings: Endings
    recorder: Callable[[], Recorder] | None = None
    convert: Convert | None = None
    brokers: bool = False
    chat: bool = False
    listens: bool = True
    speaks: bool = True
    types: bool = True


def run(setup: BrokerSetup, stdio: Stdio, report: Report) -> int:
    """Serve until a signal ends it. Raises PyncError, OutputGone."""
    prepare(setup.listen)
    allow_many_descriptors()
    address, options, *_ = setup.listen
    with recording(setup.recorder) as tap, listen(address, options) as listener:
        announce(listener, setup.listen, report)
        with Loop() as loop:
            broker = Broker(setup, loop, listener, stdio, report, tap)
            try:
                broker.open()
                loop.run_while(lambda: broker.failure is None)
            finally:
                broker.close()
    if broker.failure is not None:
        raise broker.failure
    return exits.OK


class _Seat(NamedTuple):
    """The broker's data of a client. ``notice``: tells it that there is more to send."""

    speaker: Speaker | None
    notice: Callable[[], None]


class Broker:
    """The connected clients, and who receives from whom."""

    def __init__(
        self,
        setup: BrokerSetup,
        loop: Loop,
        listener: Listener,
        stdio: Stdio,
        report: Report,
        tap: Tap | None,
    ) -> None:
        #: The error that ends the broker: the output is gone or broken.
        self.failure: Exception | None = None
        self._setup = setup
        self._loop = loop
        self._report = report
        self._tap = tap
        self._backlog = Backlog()
        self._clients: dict[BrokerClient, _Seat] = {}
        self._laggards: set[BrokerClient] = set()
        self._turns = itertools.count(1)
        self._acceptor = Acceptor(loop, setup.listen, listener, report, self._enter)
        self._stdio = BrokerStdio(loop, stdio, self._typed, self._stdio_changed)
        #: Typed lines of a chat are those of user 0, as in ncat.
        self._typist = Speaker(0) if setup.chat else None
        self._typed_something = False

    def open(self) -> None:
        """Start to accept clients."""
        self._acceptor.open()

    def close(self) -> None:
        """Close all clients, and accept no more."""
        self._acceptor.close()
        for client in list(self._clients):
            client.close()

    # New clients and those that leave.

    def _enter(self, conn: Conn) -> None:
        self._report(Accepted(conn.peer, handshake=conn.times.in_milliseconds().handshake))

        def failed(error: Exception) -> None:
            for client in entered:
                client.close()
                self._forget(client)
            break_off(conn)
            self._acceptor.left()
            self._report(Failed(as_failure(error, conn.peer)))

        entered: list[BrokerClient] = []
        boundary = Boundary(self._loop, failed)
        with boundary:
            client = BrokerClient(
                boundary,
                conn,
                self._backlog,
                self._heard,
                self._left,
                self._lagged,
                self._setup.endings.idle,
                READ_CHAT if self._setup.chat else READ,
            )
            entered.append(client)
            self._welcome(client, conn, boundary.bound(client.notice))

    def _welcome(self, client: BrokerClient, conn: Conn, notice: Callable[[], None]) -> None:
        others = [
            (seat.speaker.name, other.peer) for other, seat in self._clients.items() if seat.speaker
        ]
        speaker = Speaker(conn.fileno()) if self._setup.chat else None
        self._clients[client] = _Seat(speaker, notice)
        if speaker is not None:
            self._say(arrival(speaker.name, client.peer, others), None)
        if self._stdio.ended:
            self._end(client)
        client.start()
        client.listen(self._setup.brokers or not self._stdio.lags)
        self._arrange()

    def _left(self, client: BrokerClient, error: Exception | None) -> None:
        self._acceptor.left()
        if error is not None:
            # One client's failure does not end the others.
            self._report(Failed(error))
        self._forget(client)

    def _forget(self, client: BrokerClient) -> None:
        speaker, _ = self._clients.pop(client)
        if speaker is not None:
            # Call it later: sending the news to the others may find another client that has left.
            words = departure(speaker.name)
            self._loop.call_later(0, lambda: self._say(words, None))
        self._laggards.discard(client)
        self._arrange()

    # Data of clients and of the user.

    def _heard(self, client: BrokerClient, data: bytes) -> None:
        if self._tap is not None and data:
            self._tap("received", data)
        if not self._setup.listens:
            return
        speaker, _ = self._clients[client]
        if speaker is not None:
            data = speaker.says(data)
        if self._setup.brokers:
            self._say(data, client)
        elif data:
            client.turn = next(self._turns)
            self._stdio.show(data)

    def _typed(self, data: bytes) -> None:
        self._typed_something = self._typed_something or bool(data)
        said = self._typist.says(data) if self._typist is not None else data
        if said:
            self._say_typed(said)
        if not data:
            for client in list(self._clients):
                self._end(client)

    def _say_typed(self, data: bytes) -> None:
        convert = self._setup.convert
        data = convert(data) if convert is not None else data
        if self._tap is not None:
            self._tap("sent", data)
        self._say(data, None)

    def _say(self, data: bytes, speaker: BrokerClient | None) -> None:
        if data and self._setup.speaks:
            self._backlog.add(data, speaker)
            for _, notice in list(self._clients.values()):
                notice()

    def _lagged(self, client: BrokerClient) -> None:
        (self._laggards.add if client.lags else self._laggards.discard)(client)
        self._arrange()

    def _end(self, client: BrokerClient) -> None:
        # With --broker, a client still receives from the others.
        endings = self._setup.endings
        if self._setup.brokers or not endings.shutdown:
            return
        if endings.eof_after is None:
            client.take_eof()
        elif self._typed_something or endings.eof_of_nothing:
            # With TLS, EOF must not interrupt a client that is sending (see Endings.eof_after).
            last = lambda: client.active_at  # noqa: E731
            IdleTimer(self._loop, endings.eof_after, client.take_eof, last).start()

    def _stdio_changed(self) -> None:
        self.failure = self._stdio.failure
        # The client that was not read for the longest time comes first; otherwise a client that
        # sends without a pause would fill all the free space each time.
        for client in sorted(self._clients, key=lambda client: client.turn):
            client.listen(not self._stdio.lags)

    def _arrange(self) -> None:
        """Read from clients and input if the recipients have space."""
        self._stdio.listen(self._setup.types and bool(self._clients) and not self._laggards)
