"""pync.faulty: a bad line to a server, controlled from Python."""

from __future__ import annotations

import gc
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pync
from pync.engine.datagram_flow import DatagramFlow
from pync.engine.faulty import FaultyConnection
from pync.engine.faulty_peer import FaultyPeer
from pync.engine.loop import Timer
from pync.engine.relay import Relay
from pync.fixtures import faulty_link
from pync.programs.relay.peer_session import PeerSession
from pync.programs.relay.session import Joined

from ..clock import Stopwatch
from ..peer import Peer, Server, is_reset_at_once, listening, mailbox
from ..programs import until
from ..systems import needs_rst

__all__ = ["faulty_link"]

MakeLink = Callable[..., pync.FaultyLink]


@pytest.fixture
def target() -> Iterator[Server]:
    with listening() as server:
        yield server


@pytest.fixture
def link(target: Server) -> Iterator[pync.FaultyLink]:
    with pync.faulty(f"tcp://127.0.0.1:{target.port}") as made:
        yield made


def joined(link: pync.FaultyLink, target: Server) -> tuple[Peer, Peer]:
    client = Peer(socket.create_connection((link.host, link.port)))
    return client, target.accepts()


def test_without_faults(link: pync.FaultyLink, target: Server) -> None:
    client, server = joined(link, target)
    with client.sock, server.sock:
        client.says(b"question")
        client.half_closes()
        assert server.hears_rest() == b"question"
        server.says(b"answer")
        server.half_closes()
        assert client.hears_rest() == b"answer"


def test_delay_is_set_and_changed(link: pync.FaultyLink, target: Server) -> None:
    client, server = joined(link, target)
    with client.sock, server.sock:
        link.down.delay = 0.05
        assert (link.down.delay, link.up.delay, link.delay) == (0.05, 0.0, 0.0)
        watch = Stopwatch()
        server.says(b"late")
        client.hears(b"late")
        assert watch.reached(0.05)
        link.down.delay = (60.0, 1.0)
        server.says(b"much later")
        client.says(b"at once")
        server.hears(b"at once")
        assert client.has_heard_nothing()


def test_removing_a_delay_releases_held_data(link: pync.FaultyLink, target: Server) -> None:
    client, server = joined(link, target)
    with client.sock, server.sock:
        for fault in (link, link.up):
            fault.delay = 3600
            client.says(b"question")
            assert server.has_heard_nothing()
            fault.delay = 0
            server.hears(b"question")


@pytest.mark.parametrize(
    ("name", "value", "off"),
    [
        ("delay", 0.25, 0.0),
        ("delay", (0.25, 0.125), 0.0),
        ("rate", 1000.0, 0.0),
        ("slice", 1, 0),
        ("slice", (1, 0.001), 0),
        ("corrupt", 0.001, 0.0),
        ("cut_after", 0, None),
        ("reset_after", 5, None),
        ("stall_after", 5, None),
        ("reset_at_eof", True, False),
        ("drop_fin", True, False),
        ("no_half_close", True, False),
        ("blackhole", True, False),
    ],
)
def test_every_attribute_is_a_fault(
    link: pync.FaultyLink, name: str, value: object, off: object
) -> None:
    for faults in (link, link.up, link.down):
        assert getattr(faults, name) == off
        setattr(faults, name, value)
        assert getattr(faults, name) == value
        assert link.faults == [link.faults[0]]
        setattr(faults, name, off)
        assert link.faults == []
        setattr(faults, name, value)
        setattr(faults, name, None)
        assert link.faults == []
        assert getattr(faults, name) == off


@needs_rst
def test_cut_and_reset(link: pync.FaultyLink, target: Server) -> None:
    first, one = joined(link, target)
    second, two = joined(link, target)
    with first.sock, one.sock, second.sock, two.sock:
        link.cut(1)
        first.hears_end()
        one.hears_end()
        second.says(b"alive")
        two.hears(b"alive")
        assert [each["number"] for each in link.connections] == [2]
        link.reset()
        assert second.is_reset()
        assert two.is_reset()
        assert link.connections == []


def test_clear_removes_all_faults(link: pync.FaultyLink, target: Server) -> None:
    link.up.stall_after = 0
    link.add("down blackhole")
    number = link.add("drop-fin")
    link.remove(number)
    assert link.faults == ["up stall-after=0", "down blackhole"]
    client, server = joined(link, target)
    with client.sock, server.sock:
        client.says(b"question")
        link.clear()
        assert link.up.stall_after is None
        server.hears(b"question")
    with pytest.raises(pync.UsageError):
        link.remove(number)


def test_stop_listening_and_listen_again(link: pync.FaultyLink, target: Server) -> None:
    link.stop_listening()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((link.host, link.port))
    link.listen_again()
    client, server = joined(link, target)
    client.sock.close()
    server.sock.close()


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no Unix sockets")
def test_unix_sockets(target: Server, faulty_link: MakeLink, tmp_path: Path) -> None:
    at = tmp_path / "link"
    link = faulty_link(f"tcp://127.0.0.1:{target.port}", f"unix:{at}", faults=["up cut-after=3"])
    assert link.path == str(at)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(link.path)
        client.sendall(b"question")
        server = target.accepts()
        with server.sock:
            assert server.hears_rest() == b"que"
    link.close()
    link.close()
    assert not at.exists()


@needs_rst
def test_server_not_reached(closed_port: int, faulty_link: MakeLink) -> None:
    link = faulty_link(f"localhost:{closed_port}")
    assert is_reset_at_once(link.port)


@pytest.mark.parametrize(
    ("set_to", "cause"),
    [
        (("delay", -1.0), "faulty delay: '-1.000000s' is not a valid time"),
        (("corrupt", 3.0), "faulty corrupt: '3.000000000' is not a share"),
        (("rate", -5.0), "faulty rate: '-5.000' is not a valid size"),
        (("cut_after", -5), "faulty cut-after: '-5' is not a valid size"),
    ],
)
def test_invalid_value_changes_nothing(
    link: pync.FaultyLink, set_to: tuple[str, float], cause: str
) -> None:
    link.delay = 1.0
    with pytest.raises(pync.UsageError) as raised:
        setattr(link, *set_to)
    assert str(raised.value).startswith(cause)
    assert (link.delay, link.faults) == (1.0, ["both delay=1.000000s±0.000000s"])


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (("tls://localhost:1",), "carries TLS as it is"),
        (("udp://localhost:1", "tcp://127.0.0.1:0"), "one is of datagrams"),
        (("tcp://:1",), "has no host to connect to"),
    ],
)
def test_invalid_addresses(words: tuple[str, ...], cause: str) -> None:
    with pytest.raises(pync.UsageError, match=cause):
        pync.faulty(*words)


def test_thread_ends_with_the_link(link: pync.FaultyLink) -> None:
    before = threading.active_count()
    with pync.faulty("localhost:1"):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_closed_connections_are_freed(link: pync.FaultyLink, target: Server) -> None:
    link.delay = 0.02
    link.up.cut_after = 5
    link.drop_fin = True

    def connect_once() -> None:
        client, server = joined(link, target)
        with client.sock, server.sock:
            client.says(b"question")
            client.half_closes()
            assert server.hears_rest() == b"quest"

    connect_once()
    before = count_objects()
    for _ in range(20):
        connect_once()
    until(lambda: count_objects() <= before, "all to be forgotten")


def test_ended_datagram_peers_are_freed() -> None:
    with mailbox() as box, pync.faulty(f"udp://127.0.0.1:{box.port}") as link:
        link.delay = 0.01

        def connect_once() -> None:
            with pync.dial(str(link)) as client:
                client.settimeout(10)
                client.send(b"question")
                box.hears(b"question")
                box.says(b"answer")
                assert client.recv() == b"answer"
            link.cut()

        connect_once()
        before = count_objects()
        for _ in range(100):
            connect_once()
        until(lambda: count_objects() <= before, "all to be forgotten")


def count_objects() -> int:
    """Return the number of connections, relays and timers that still exist."""
    gc.collect()
    return sum(
        isinstance(one, (Relay, FaultyConnection, Joined, PeerSession, FaultyPeer, DatagramFlow))
        or (isinstance(one, Timer) and one.callback is not None)
        for one in gc.get_objects()
    )


def test_faults_of_datagrams() -> None:
    with mailbox() as box, pync.faulty(f"udp://127.0.0.1:{box.port}") as link:
        assert link.address.scheme == "udp"
        with pync.dial(str(link)) as client:
            client.settimeout(10)
            client.send(b"plain")
            box.hears(b"plain")
            box.says(b"answer")
            assert client.recv() == b"answer"
            assert [one["sent"] for one in link.connections] == [5]
            link.up.truncate = 2
            client.send(b"cut")
            box.hears(b"cu")
            link.up.truncate = None
            link.down.duplicate = 1.0
            box.says(b"twice")
            assert [client.recv(), client.recv()] == [b"twice", b"twice"]
            link.loss = 1.0
            client.send(b"lost")
            link.clear()
            client.send(b"found")
            box.hears(b"found")
            before = box.correspondent
            link.cut()
            assert link.connections == []
            client.send(b"another")
            box.hears(b"another")
            assert box.correspondent != before


def test_faults_must_fit_streams_or_datagrams() -> None:
    with pync.faulty("udp://127.0.0.1:9") as link:
        with pytest.raises(pync.UsageError, match="slice cannot happen to datagrams"):
            link.up.slice = 1
        with pytest.raises(pync.UsageError, match="drop-fin cannot happen to datagrams"):
            link.add("drop-fin")
        assert link.faults == []
    with pytest.raises(pync.UsageError, match="fault: loss cannot happen to streams"):
        pync.faulty("tcp://127.0.0.1:9", faults=["loss=1"])
    with pytest.raises(pync.UsageError, match="one is of datagrams"):
        pync.faulty("udp://127.0.0.1:9", "tcp://127.0.0.1:0")
