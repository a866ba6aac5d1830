"""The clients of one loop: a failure affects one client only; all are closed at the end."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

from pync.core.address import Address
from pync.core.events import Event
from pync.core.server_events import Accepted, Failed
from pync.engine.loop import Loop, Scheduler
from pync.engine.protocols import break_off
from pync.programs.shared.clients import Clients
from pync.programs.shared.listening import ListenSetup
from pync.transports import listen
from pync.transports.conn import Conn

from ....peer import connected

ADDRESS = Address("tcp", "127.0.0.1", "0")


class Short:
    """A session that ends when its client does."""

    def __init__(
        self, loop: Scheduler, conn: Conn, left: Callable[[object], None], told: list[str]
    ) -> None:
        self.loop, self.conn, self.left, self.told = loop, conn, left, told

    def start(self) -> None:
        self.loop.watch_reader(self.conn.fileno(), self._end)

    def _end(self) -> None:
        self.loop.watch_reader(self.conn.fileno(), None)
        self.close()
        self.left(self)
        self.told.append("left")

    def close(self) -> None:
        self.conn.close()

    break_off = close


class Session:
    def __init__(self, conn: Conn, told: list[str]) -> None:
        self.conn, self.told = conn, told

    def start(self) -> None:
        self.told.append("start")
        if self.told.count("start") == 1:
            raise ValueError("odd")

    def close(self) -> None:
        self.told.append("close")
        self.conn.close()

    def break_off(self) -> None:
        self.told.append("break off")
        break_off(self.conn)


def test_failing_client_is_reset_and_others_stay() -> None:
    told: list[str] = []
    events: list[Event] = []

    def make(_loop: Scheduler, conn: Conn, _left: Callable[[object], None]) -> Session:
        return Session(conn, told)

    with listen(ADDRESS) as listener, Loop() as loop:
        clients = Clients(loop, ListenSetup(ADDRESS), listener, events.append, make)
        clients.open()
        port = listener.address.port
        with connected(port) as first:
            loop.run_while(lambda: not told)
            assert first.is_reset()
        with connected(port):
            loop.run_while(lambda: len(told) < 3)
            assert len(clients.sessions) == 1
            clients.break_off()
    assert told == ["start", "break off", "start", "break off"]
    assert [type(event) for event in events] == [Accepted, Failed, Accepted]


def test_no_reference_cycle_is_left() -> None:
    told: list[str] = []
    made: list[weakref.ref[object]] = []

    def make(loop: Scheduler, conn: Conn, left: Callable[[object], None]) -> Short:
        session = Short(loop, conn, left, told)
        made.extend((weakref.ref(session), weakref.ref(loop)))
        return session

    with listen(ADDRESS) as listener, Loop() as loop:
        clients = Clients(loop, ListenSetup(ADDRESS), listener, lambda _event: None, make)
        clients.open()
        gc.disable()
        try:
            with connected(listener.address.port) as client:
                client.half_closes()
                loop.run_while(lambda: not told)
            # (Until its next round, the loop keeps what it has called last.)
            rounds = loop.rounds
            loop.call_later(0, lambda: None)
            loop.run_while(lambda: loop.rounds == rounds)
            assert [one() for one in made] == [None, None]
        finally:
            gc.enable()
        clients.close()
