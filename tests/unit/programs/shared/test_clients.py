"""The clients of one loop: a failure affects one client only; all are closed at the end."""

from __future__ import annotations

from collections.abc import Callable

from pync.core.address import Address
from pync.core.events import Accepted, Event, Failed
from pync.engine.loop import Loop, Scheduler
from pync.engine.protocols import break_off
from pync.programs.shared.clients import Clients
from pync.programs.shared.listening import ListenSetup
from pync.transports import listen
from pync.transports.conn import Conn

from ....peer import connected

ADDRESS = Address("tcp", "127.0.0.1", "0")


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
