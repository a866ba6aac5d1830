"""A server that keeps answers in its own memory is recognised, however late it or the kernel is."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.core.verdict import NotJudged
from conformance.profiles import common
from conformance.profiles.common import STEP, fill_own_queue, settle
from conformance.scenario import flooding
from conformance.scenario.flooding import flood
from conformance.targets.queues import Queues

KIB = 1024


class Server:
    """An echo whose sockets hold ``sockets`` bytes; its own buffer is bounded.

    It runs when it is asked whether it runs: what was seen before is old then.

    Arguments:
        late: the number of questions after which each second step is acknowledged.
        starved: it never gets a processor.
        limit: the bytes in its own buffer with which it reads no more.
    """

    def __init__(
        self, sockets: int, late: int = 0, starved: bool = False, limit: int = 64 * KIB
    ) -> None:
        self.sockets, self.late, self.starved, self.limit = sockets, late, starved, limit
        self.sent = self.read = self.written = 0
        self.asked, self.unacknowledged = 0, 0
        self.process = self
        self.fin = False
        self.lost: int | None = None

    def runs(self) -> bool:
        if self.starved:
            return True
        self.act()
        return False

    def waiting_time(self) -> float:
        return time.monotonic() if self.starved else 0.0

    def act(self) -> None:
        before = self.written
        while self.read < self.sent and self.own < self.limit:
            self.read = min(self.sent, self.read + 4 * KIB)
        self.written = min(self.read, self.sockets)
        if self.written > before:
            odd = self.written // STEP % 2
            self.asked, self.unacknowledged = 0, (self.written - before) * odd
        if self.fin and self.read == self.sent and self.lost is None:
            self.lost = self.own

    @property
    def own(self) -> int:
        return self.read - self.written


class Client:
    """The client of that server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def flood(self, _source: bytes, limit: int, _quiet: float, taken: int = 0) -> int:
        room = self.server.read + 1024 * KIB
        self.server.sent = max(taken, min(limit, room))
        return self.server.sent

    def queues(self) -> Queues:
        server = self.server
        server.asked += 1
        twice = server.unacknowledged if server.asked <= server.late else 0
        unread = server.sent - server.read + server.fin
        return Queues(unread, server.written + twice, unread, server.written)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "NO_PROGRESS", 0.01)
    monkeypatch.setattr(common, "NO_PROGRESS_RUNNING", 0.05)


def scene(server: Server) -> tuple[Any, Any]:
    return SimpleNamespace(server=server, let_arrive=lambda: None), Client(server)


@pytest.mark.parametrize("late", [0, 1, 1000])
def test_buffer_is_filled_despite_late_acknowledgements(late: int) -> None:
    server = Server(sockets=10 * STEP, late=late)
    taken = fill_own_queue(*scene(server), b"x" * STEP, 100 * STEP)
    assert taken == server.read == 11 * STEP
    assert server.own == STEP


def test_server_that_stops_reading_is_abandoned() -> None:
    server = Server(sockets=10 * STEP, limit=4 * KIB)
    assert fill_own_queue(*scene(server), b"x" * STEP, 100 * STEP) == 11 * STEP
    assert server.own == 4 * KIB


def test_no_conclusion_about_a_server_without_cpu_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(common, "TURN", 0.01)
    monkeypatch.setattr(common, "TURN_MOST", 0.1)
    with pytest.raises(NotJudged, match="too little time on a processor"):
        fill_own_queue(*scene(Server(sockets=STEP, starved=True)), b"x" * STEP, 100 * STEP)


def test_server_reads_fin_before_its_client_reads() -> None:
    server = Server(sockets=STEP)
    session, client = scene(server)
    fill_own_queue(session, client, b"x" * STEP, 100 * STEP)
    server.fin = True
    settle(session, client)
    assert server.lost == STEP


def test_flood_continues_if_the_server_has_read() -> None:
    server = Server(sockets=0, limit=5000 * KIB)
    assert flood(*scene(server), b"x", 4000 * KIB) == 4000 * KIB


def test_flood_ends_if_the_server_stops_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flooding, "TURN", 60.0)
    server = Server(sockets=0, limit=64 * KIB)
    assert flood(*scene(server), b"x", 4000 * KIB) == 64 * KIB + 1024 * KIB
