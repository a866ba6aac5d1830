"""Sessions of all protocols: time-outs, resets, and closing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pync.core.errors import PyncError
from pync.core.events import Finished
from pync.core.server_events import Dropped
from pync.layers.handshake import Exactly, Handshake
from pync.programs.proxy import session as module
from pync.programs.proxy.session import Services, Session
from pync.transports.conn import Conn

from ....peer import listening

if TYPE_CHECKING:
    from .conftest import Start


class DirectSession(Session):
    """Connects to one port as soon as the client has sent a byte."""

    port = 0

    def start(self) -> None:
        self._negotiate(self._asks(), self._asked)

    def _asks(self) -> Handshake[bytes]:
        return (yield Exactly(1))

    def _asked(self, _word: bytes) -> None:
        self._dial("127.0.0.1", self.port, self._dialled)

    def _dialled(self, failure: PyncError | None) -> None:
        if failure is not None:
            self._drop(failure)
        else:
            self._relay()


def session_to(port: str) -> Callable[[Services, Conn, Callable[[Session], None]], Session]:
    return type("ToPort", (DirectSession,), {"port": int(port)})


def cause(event: object) -> str:
    assert isinstance(event, Dropped)
    return event.cause


def test_silent_client_times_out(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HANDSHAKE", 0.02)
    running = start(session_to("1"))
    running.client.hears_end()
    running.client.closes()
    assert cause(running.ends()[0]) == "the handshake timed out"


def test_client_closes_at_once(start: Start) -> None:
    running = start(session_to("1"))
    running.client.closes()
    assert cause(running.ends()[0]) == "the connection ended in the handshake"


def test_target_cannot_be_reached(start: Start, closed_port: int) -> None:
    running = start(session_to(str(closed_port)))
    running.client.says(b"x")
    running.client.hears_end()
    running.client.closes()
    assert cause(running.ends()[0]) == "connection refused"


def test_reset_of_the_target_resets_the_client(start: Start) -> None:
    with listening() as target:
        running = start(session_to(target.port))
        running.client.says(b"x")
        peer = target.accepts()
        peer.says(b"half of it")
        running.client.hears(b"half of it")
        peer.resets()
        assert running.client.is_reset()
        assert cause(running.ends()[-1]) == "connection reset by peer"


def test_data_before_a_reset_is_delivered(start: Start) -> None:
    with listening() as target:
        running = start(session_to(target.port))
        running.client.says(b"x")
        peer = target.accepts()
        much = bytes(range(256)) * 1024
        peer.says(much)
        running.client.hears(much)
        peer.resets()
        assert running.client.is_reset()


def test_reset_of_the_client_resets_the_target(start: Start) -> None:
    with listening() as target:
        running = start(session_to(target.port))
        running.client.says(b"xhello")
        peer = target.accepts()
        peer.hears(b"hello")
        running.client.resets()
        assert peer.is_reset()
        finished, dropped = running.ends()[-2:]
        assert isinstance(finished, Finished)
        assert "reset" in cause(dropped)


def test_idle_timeout(start: Start) -> None:
    with listening() as target:
        running = start(session_to(target.port), idle=0.05)
        running.client.says(b"x")
        peer = target.accepts()
        assert running.client.is_reset()
        assert peer.is_reset()
        assert cause(running.ends()[-1]) == "idle for 0.05 s"
