"""Clients on their way in: who has to shake hands waits where nobody is held up."""

from __future__ import annotations

import socket

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.events import Event, Failed
from pync.engine.loop import Loop
from pync.programs import doorstep
from pync.programs.doorstep import Doorstep
from pync.transports.conn import Conn, StreamConn


def conn_of(sock: socket.socket) -> StreamConn:
    return StreamConn(sock, Address("unix", path="here"), Address("unix", path="there"))


def test_without_a_handshake_one_enters_at_once() -> None:
    ours, theirs = socket.socketpair()
    entered: list[Conn] = []
    with ours, theirs, Loop() as loop:
        conn = conn_of(ours)
        Doorstep(loop, Config(), _never, entered.append).take(conn)
        assert entered == [conn]


def test_one_who_says_nothing_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorstep, "PATIENCE", 0.05)
    ours, theirs = socket.socketpair()
    told: list[Event] = []
    with ours, theirs, Loop() as loop:
        waiting = Doorstep(loop, Config(ssl=True), told.append, _never)
        waiting.take(conn_of(ours))
        assert len(waiting) == 1
        loop.run_while(lambda: not told)
        assert isinstance(told[0], Failed)
        assert len(waiting) == 0
        assert theirs.recv(1) == b""


def _never(what: object) -> None:
    raise AssertionError(what)
