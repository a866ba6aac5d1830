"""Faulty datagram links: other datagrams arrive unchanged, and a seed repeats all random faults."""

from __future__ import annotations

import hashlib
import json
import random
import select
import socket
from collections import Counter
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from ..clock import Stopwatch
from ..peer import DEADLINE, Mailbox
from .conftest import Start, heard_port

#: Datagrams per peer; a socket buffer holds all of them at once.
COUNT = 40


class Heard(NamedTuple):
    """The numbers of one peer's datagrams that reached the server and that came back."""

    there: list[int]
    back: list[int]


def datagram(peer: int, number: int) -> bytes:
    """Build a datagram that contains its number and a pattern that shows damage."""
    body = b"%d %d " % (peer, number) + random.Random(f"{peer}/{number}").randbytes(
        number % 7 * 100
    )
    return hashlib.sha256(body).digest() + body


def number_in(data: bytes, peer: int) -> int:
    """Return its number, or COUNT for the last one, even a late one of an earlier peer."""
    body = data[32:]
    assert hashlib.sha256(body).digest() == data[:32]
    who, number, _ = body.split(b" ", 2)
    assert int(who) == peer or int(number) == COUNT
    return int(number)


def exchange(port: int, box: Mailbox, peers: int) -> list[Heard]:
    """Each peer sends all its datagrams; the server sends back what arrives.

    The last datagram is repeated until its answer arrives: this proves that no others will
    arrive.
    """
    heard = []
    with ExitStack() as stack:
        for peer in range(peers):
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.connect(("127.0.0.1", port))
            there: list[int] = []
            back: list[int] = []
            for number in range(COUNT):
                sock.send(datagram(peer, number))
                there += echoes(box, peer)
                back += [number_in(data, peer) for data in arrived(sock)]
            watch = Stopwatch()
            while COUNT not in back:
                assert not watch.reached(DEADLINE)
                sock.send(datagram(peer, COUNT))
                select.select([sock, box.sock], [], [], 0.02)
                there += echoes(box, peer)
                select.select([sock], [], [], 0.02)
                back += [number_in(data, peer) for data in arrived(sock)]
            heard.append(Heard([n for n in there if n < COUNT], [n for n in back if n < COUNT]))
    return heard


def arrived(sock: socket.socket) -> list[bytes]:
    sock.setblocking(False)
    found: list[bytes] = []
    while True:
        try:
            found.append(sock.recv(2000))
        except BlockingIOError:
            return found


def echoes(box: Mailbox, peer: int) -> list[int]:
    box.sock.setblocking(False)
    found: list[int] = []
    while True:
        try:
            data, who = box.sock.recvfrom(2000)
        except BlockingIOError:
            return found
        found.append(number_in(data, peer))
        box.sock.sendto(data, who)


def through(pync: Start, box: Mailbox, *faults: str, peers: int = 4, seed: int = 1) -> list[Heard]:
    words = [f"--fault={fault}" for fault in faults]
    program = pync("-lkuv", f"--fault-seed={seed}", *words, "127.0.0.1", "0", f":{box.port}")
    found = exchange(heard_port(program), box, peers)
    arrived(box.sock)
    return found


def test_without_random_faults_all_arrive_once_and_in_order(pync: Start, box: Mailbox) -> None:
    for there, back in through(pync, box, "delay=5ms", "rate=10M"):
        assert there == back == list(range(COUNT))


def test_same_seed_loses_the_same_datagrams(pync: Start, box: Mailbox) -> None:
    faults = ("up loss=20%", "up duplicate=20%")
    first = through(pync, box, *faults, seed=7)
    for there, back in first:
        assert back == there == sorted(there)
        assert COUNT // 2 < len(set(there)) < COUNT
        assert set(Counter(there).values()) == {1, 2}
    assert first == through(pync, box, *faults, seed=7)
    assert first != through(pync, box, *faults, seed=8)
    # Each peer has its own random numbers.
    assert len({tuple(there) for there, _ in first}) == len(first)


def test_each_direction_has_its_faults(pync: Start, box: Mailbox) -> None:
    for there, back in through(pync, box, "down loss=30%"):
        assert there == list(range(COUNT))
        assert COUNT // 3 < len(back) < COUNT
        assert set(back) < set(there)


def test_datagram_overtakes_others(pync: Start, box: Mailbox) -> None:
    for there, _ in through(pync, box, "up reorder=20%"):
        assert sorted(there) == list(range(COUNT)) != there
        assert max(abs(number - place) for place, number in enumerate(there)) == 1


def test_faults_for_a_share_of_the_peers(pync: Start, box: Mailbox) -> None:
    heard = through(pync, box, "up duplicate share=50%", peers=20)
    doubled = [len(there) > COUNT for there, _ in heard]
    assert 4 <= sum(doubled) <= 16
    assert {len(there) for there, _ in heard} == {COUNT, 2 * COUNT}


@pytest.mark.parametrize(
    ("fault", "sent", "received"),
    [("truncate=3", b"abcdef", b"abc"), ("truncate=0", b"abc", b""), ("truncate=9", b"a", b"a")],
)
def test_datagrams_are_truncated(
    pync: Start, box: Mailbox, fault: str, sent: bytes, received: bytes
) -> None:
    program = pync("-lkuv", f"--fault=up {fault}", "127.0.0.1", "0", f"localhost:{box.port}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(sent, ("127.0.0.1", heard_port(program)))
        box.hears(received)


def test_bytes_are_changed(pync: Start, box: Mailbox) -> None:
    program = pync("-lkuv", "--fault=up corrupt=1%", "127.0.0.1", "0", f":{box.port}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(bytes(10_000), ("127.0.0.1", heard_port(program)))
        assert 50 < sum(map(bool, box.sock.recv(70_000))) < 200


def test_faults_are_changed_while_it_runs(
    pync: Start, box: Mailbox, folder: object, closed_udp_port: str
) -> None:
    control = f"unix:{folder}/control"
    words = ("-lkuv", f"--control={control}", "127.0.0.1", closed_udp_port)
    program = pync(*words, f"127.0.0.1:{box.port}")
    port = heard_port(program)

    def ask(*words: object) -> dict[str, Any]:
        asking = pync("--control-client", control, *words)
        found: dict[str, Any] = json.loads(asking.rest())
        asking.ends(0)
        return found

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(DEADLINE)
        peer = Mailbox(sock)
        sock.send(b"abc")
        box.hears(b"abc")
        first = box.correspondent
        assert ask("add", "up truncate=1") == {"ok": True, "number": 1}
        sock.send(b"def")
        box.hears(b"d")
        listed = ask("list")
        assert listed["faults"] == [{"number": 1, "fault": "up truncate=1", "active": True}]
        (inside,) = listed["connections"]
        assert (inside["number"], inside["sent"]) == (1, 4)
        refused = pync("--control-client", control, "add", "slice=1")
        assert b"slice cannot happen to datagrams" in refused.ends(1)
        ask("remove", 1)
        ask("kill", 1)
        sock.send(b"ghi")
        box.hears(b"ghi")
        assert box.correspondent != first
        ask("close")
        assert ask("list")["connections"] == []
        ask("open")
        sock.setblocking(False)
        try:
            sock.recv(1)  # an ICMP message may report the closed socket
        except OSError:
            pass
        sock.settimeout(DEADLINE)
        sock.send(b"jkl")
        box.hears(b"jkl")
        box.says(b"answer")
        peer.hears(b"answer")
