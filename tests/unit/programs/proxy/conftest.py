"""One session of a proxy server in a thread; the test is its client, and the target."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from pync.core.address import Address
from pync.core.endings import Endings
from pync.core.events import Event
from pync.engine.loop import Loop
from pync.engine.pipeline import PLAIN
from pync.engine.resolver import Resolver
from pync.programs.proxy.session import Make, Services, Session
from pync.transports import Options
from pync.transports.conn import Conn, TcpConn

from ....peer import Peer

HERE = Address("tcp", "127.0.0.1", "1")


class Running:
    """A running session; the client has sent ``first`` before it starts."""

    def __init__(self, make: Make, timeout: float | None, idle: float | None, first: bytes) -> None:
        self.events: list[Event] = []
        self._timeout, self._idle = timeout, idle
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.client = Peer(socket.create_connection(server.getsockname()))
            ours = server.accept()[0]
        self.client.says(first)
        self._thread = threading.Thread(target=self._run, args=(make, TcpConn(ours, HERE, HERE)))
        self._thread.start()

    def _run(self, make: Make, conn: Conn) -> None:
        over: list[Session] = []
        with Loop() as loop, Resolver(loop) as resolver:
            services = Services(
                loop,
                resolver,
                Options(timeout=self._timeout),
                Endings(on_peer_end="stay", idle=self._idle),
                lambda: PLAIN,
                self.events.append,
            )
            session = make(services, conn, over.append)
            session.start()
            loop.run_while(lambda: not over)
            session.close()

    def ends(self) -> list[Event]:
        """Wait for the end of the session; return the reported events."""
        self._thread.join(10)
        assert not self._thread.is_alive(), "still running"
        return self.events

    def close(self) -> None:
        self.client.closes()
        self._thread.join(10)


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Running] = []

    def begin(
        make: Make,
        timeout: float | None = 10,
        idle: float | None = None,
        first: bytes = b"",
    ) -> Running:
        started.append(Running(make, timeout, idle, first))
        return started[-1]

    yield begin
    for running in started:
        running.close()
