"""Several processes for one port: where they listen, and how they end. (See tests/e2e, too.)"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.core.errors import OutputError, RelayError, UsageError
from pync.core.events import Event, Report, silent
from pync.core.server_events import Failed, WorkerLost
from pync.programs.shared import workers
from pync.programs.shared.listening import ListenSetup
from pync.programs.shared.workers import Watch, supervise
from pync.transports.listener import Listener

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows")

ANY = Address("tcp", "127.0.0.1", "0")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as entered:
        yield entered


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux: SO_REUSEPORT")
def test_workers_have_their_own_sockets_on_one_port(stack: ExitStack) -> None:
    found = workers._listeners(ListenSetup(ANY, workers=3), stack)
    assert len({listener.read_fds() for listener in found}) == 3
    assert len({listener.address for listener in found}) == 1


def test_workers_share_the_socket_of_a_path(stack: ExitStack, tmp_path: Path) -> None:
    address = Address("unix", path=f"{tmp_path}/s")
    found = workers._listeners(ListenSetup(address, workers=3), stack)
    assert found == found[:1] * 3


def test_port_in_use(stack: ExitStack) -> None:
    with socket.socket() as sock:
        if hasattr(socket, "SO_REUSEPORT"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        taken = ANY._replace(service=str(sock.getsockname()[1]))
        with pytest.raises(Exception, match="address already in use"):
            workers._listeners(ListenSetup(taken, workers=2), stack)


def test_system_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(UsageError, match="needs fork"):
        supervise(ListenSetup(ANY, workers=2), silent, lambda *_: None, Watch())


def test_failure_of_the_program_ends_all_workers() -> None:
    def serve(setup: ListenSetup, _: Listener, report: Report) -> None:
        assert setup.place is not None
        if setup.place.number == 1:
            raise OutputError("write", "/full", "no space left on device")
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        signal.pause()

    events: list[Event] = []
    with pytest.raises(RelayError, match="worker 1 has failed"):
        supervise(ListenSetup(ANY, workers=2), events.append, serve, Watch())
    # (The worker has reported the cause in its own process.)
    assert not any(isinstance(event, (Failed, WorkerLost)) for event in events)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (0, "ended with status 0"),
        (101, "ended with status 101"),
        (-signal.SIGSEGV, "was killed by SIGSEGV"),
        (-63, "was killed by signal 63"),
    ],
)
def test_causes(code: int, cause: str) -> None:
    assert workers._cause(code) == cause
