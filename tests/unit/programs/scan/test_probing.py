"""One port of a scan, on every address of its host."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterator

import pytest

from pync.core.address import Address
from pync.engine.loop import Loop
from pync.programs.scan.probing import Probe, ProbeSetup
from pync.transports import DEFAULT, Options
from pync.transports.internet import Endpoint


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as made:
        yield made


def run_probe(loop: Loop, endpoints: list[Endpoint], options: Options = DEFAULT) -> Probe:
    """Run the probe of the endpoints' port; return it when it has finished."""
    over: list[Probe] = []
    address = Address("tcp", "several", "1")
    hosts = {one: str(one.name[0]) for one in endpoints}
    spare: dict[int, socket.socket] = {}
    setup = ProbeSetup(loop, address, endpoints, options, 2.0, None, hosts, spare)
    Probe(0, str(endpoints[-1].name[1]), setup, over.append).start()
    loop.run_while(lambda: not over)
    for sock in spare.values():
        sock.close()
    assert len(over) == 1
    return over[0]


def test_silent_address_delays_the_next_only_briefly(
    loop: Loop, silent: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a time-out the scan would wait for the first address for minutes."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        right = Endpoint(socket.AF_INET, server.getsockname())
        port = right.name[1]
        connect = socket.socket.connect_ex

        def connect_ex(sock: socket.socket, name: tuple[object, ...]) -> int:
            # The silent listener has another port.
            return connect(sock, silent.name if sock.family == socket.AF_INET6 else name)

        monkeypatch.setattr(socket, "socket", _with(connect_ex))
        probe = run_probe(loop, [silent, right])
    assert (probe.state, probe.failed) == ("open", [])
    assert probe.where == Address("tcp", "127.0.0.1", str(port))


def _with(connect_ex: object) -> type[socket.socket]:
    return type("Socket", (socket.socket,), {"connect_ex": connect_ex})


def test_every_failure_is_reported(loop: Loop, closed_port: int) -> None:
    refusing = Endpoint(socket.AF_INET, ("127.0.0.1", closed_port))
    probe = run_probe(loop, [refusing, refusing])
    assert probe.state == "closed"
    assert [(one.cause, one.last) for one in probe.failed] == [
        ("connection refused", False),
        ("connection refused", True),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: a refused socket can be reused")
def test_refused_socket_is_reused(
    loop: Loop, closed_port: int, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[socket.socket] = []
    real = socket.socket

    def counting_socket(*words: int) -> socket.socket:
        made.append(real(*words))
        return made[-1]

    monkeypatch.setattr(socket, "socket", counting_socket)
    closed = Endpoint(socket.AF_INET, ("127.0.0.1", closed_port))
    states = []
    spare: dict[int, socket.socket] = {}
    setup = ProbeSetup(
        loop, Address("tcp", "h", "1"), [closed], DEFAULT, 2.0, None, {closed: "h"}, spare
    )
    for port in (closed_port, closed_port, server.getsockname()[1], closed_port):
        over: list[Probe] = []
        Probe(0, str(port), setup, over.append).start()
        loop.run_while(lambda over=over: not over)  # type: ignore[misc]
        states.append(over[0].state)
    assert states == ["closed", "closed", "open", "closed"]
    # The connected socket is closed.
    assert len(made) == 2
    assert [*spare.values()] == made[1:]
    made[1].close()


def test_timeout_applies_while_the_system_has_no_free_sockets(
    loop: Loop, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(socket, "socket", none_left)
    refusing = Endpoint(socket.AF_INET, ("127.0.0.1", closed_port))
    probe = run_probe(loop, [refusing], Options(timeout=0.12))
    assert [one.cause for one in probe.failed] == ["timed out"]
