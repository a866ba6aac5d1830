"""Many ports at once: one result per port, reported in the order of the command line."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pync.core.address import Address
from pync.core.errors import DialError
from pync.core.events import AttemptFailed, Event, Report, Scanned
from pync.programs.scan import ANSWER, probing, sweep
from pync.programs.scan.sweep import Sweep
from pync.programs.shared.connect import DialSetup
from pync.transports import DEFAULT, Options
from pync.transports.internet import Endpoint

from ....programs import unused_udp_port
from ....systems import needs_icmp

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]

HERE = Address("tcp", "127.0.0.1", "0")


@pytest.fixture
def bound() -> Iterator[list[socket.socket]]:
    """Thirty bound sockets; every third of them listens."""
    with ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(30)]
        for number, sock in enumerate(socks):
            sock.bind(("127.0.0.1", 0))
            if number % 3 == 0:
                sock.listen()
        yield socks


def sweep_of(ports: tuple[str, ...], report: Report, options: Options = DEFAULT) -> Sweep:
    return Sweep(DialSetup(HERE, options), ports, ANSWER, None, report)


def states(ports: tuple[str, ...]) -> dict[str, str]:
    """Return the result of a sweep for each port."""
    told: list[Event] = []
    sweep_of(ports, told.append).run()
    return {event.address.service: event.state for event in told if isinstance(event, Scanned)}


def ports_of(socks: list[socket.socket]) -> tuple[str, ...]:
    return tuple(str(sock.getsockname()[1]) for sock in socks)


@pytest.mark.parametrize("most", [1, 7, 512])
def test_results_in_the_order_of_the_ports(
    bound: list[socket.socket], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "MOST_SOCKETS", most)
    ports = ports_of(bound)
    told = states(ports)
    assert list(told) == list(ports)
    assert list(told.values()) == ["open", "closed", "closed"] * 10


def test_cause_is_reported_before_the_state(bound: list[socket.socket]) -> None:
    told: list[Event] = []
    assert not sweep_of(ports_of(bound[1:3]), told.append).run()
    assert [type(event) for event in told] == [AttemptFailed, Scanned] * 2
    assert isinstance(told[0], AttemptFailed)
    assert told[0].cause == "connection refused"


def test_all_addresses_of_a_name_are_tried(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server listens only on the second address of the name."""
    both = [Endpoint(socket.AF_INET, (host, 0)) for host in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(sweep, "resolve", lambda *_: both)
    told: list[Event] = []
    assert sweep_of(ports_of([server, server]), told.append).run()
    assert [event.state for event in told if isinstance(event, Scanned)] == ["open", "open"]
    assert sum(isinstance(event, AttemptFailed) for event in told) == 2


def test_silent_host_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as stack:
        for _ in range(3):
            jam = stack.enter_context(socket.socket())
            jam.setblocking(False)
            jam.connect_ex(server.getsockname())
        told: list[Event] = []
        found = sweep_of(ports_of([server, server]), told.append, Options(timeout=0.05)).run()
    assert not found
    assert [event.cause for event in told if isinstance(event, AttemptFailed)] == ["timed out"] * 2


def test_probe_is_retried_if_sockets_run_out(
    bound: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = socket.socket, [3]

    def scarce(*words: object, **named: object) -> socket.socket:
        if left[0]:
            left[0] -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return real(*words, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(probing, "PAUSE", 0.001)
    monkeypatch.setattr(socket, "socket", scarce)
    assert list(states(ports_of(bound)).values()) == ["open", "closed", "closed"] * 10


def test_lasting_lack_of_sockets_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_words: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(probing, "PAUSE", 0.0)
    monkeypatch.setattr(socket, "socket", none_left)
    told: list[Event] = []
    assert not sweep_of(("1", "2"), told.append).run()
    causes = {event.cause for event in told if isinstance(event, AttemptFailed)}
    assert causes == {"too many open files"}


def test_unknown_name() -> None:
    dial = DialSetup(Address("tcp", "localhost", "0"), Options(numeric=True))
    with pytest.raises(DialError):
        Sweep(dial, ("1", "2"), ANSWER, None, print)


@needs_icmp
def test_states_of_udp_ports(pync: Start) -> None:
    with (
        unused_udp_port() as closed,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent,
    ):
        silent.bind(("127.0.0.1", 0))
        quiet = silent.getsockname()[1]
        status, shown, _ = pync(
            "-zu", "--json", "-w", "100ms", "127.0.0.1", f"{closed},{quiet}"
        ).ends()
    told = [json.loads(line) for line in shown.splitlines()]
    assert status == 0
    assert [(one["port"], one["state"]) for one in told] == [
        (closed, "closed"),
        (quiet, "open|filtered"),
    ]


def test_banner_is_the_first_line(pync: Start, server: socket.socket) -> None:
    port = server.getsockname()[1]
    program = pync("-z", "--banner", "10s", "127.0.0.1", port)
    conn, _ = server.accept()
    with conn:
        conn.sendall(b"220 \x1b[2Jhere\r\n")
        status, shown, said = program.ends()
    assert (status, shown) == (0, b"")
    assert said == f"127.0.0.1 {port} port [tcp/*]: 220 \\x1b[2Jhere\n"


def test_silent_server_has_no_banner(pync: Start, server: socket.socket) -> None:
    port = server.getsockname()[1]
    assert pync("-z", "--banner", "20ms", "127.0.0.1", port).ends() == (0, b"", "")
