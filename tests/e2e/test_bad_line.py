"""Many clients on a faulty link: other data arrives unchanged, and a seed repeats all faults.

All clients of a test are connected to one pync at once. The tests do not use asyncio's streams,
because those drop data that was read before an RST.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from ..peer import DEADLINE
from ..programs import Program, listening_pync, not_accepted, said_by_now, until

#: Seed of the data that each side sends: the same for every run of a test.
CLIENT, SERVER = "client", "server"

#: How one direction may end for its reader.
FIN, RST = "FIN", "RST"


class Heard(NamedTuple):
    """The data that one side received, and how the direction ended."""

    data: bytes
    end: str


class Plan(NamedTuple):
    """What the two sides of one connection send, and in which order they end.

    ``order``: both sides end when they have sent everything ("both"), or the named side waits
    for the other's FIN first.
    """

    from_client: bytes
    from_server: bytes
    order: str


def plans(count: int, seed: int, least: int, most: int) -> list[Plan]:
    random = Random(seed)
    return [
        Plan(
            random.randbytes(random.randint(least, most)),
            random.randbytes(random.randint(least, most)),
            random.choice(("both", CLIENT, SERVER)),
        )
        for _ in range(count)
    ]


class Line(NamedTuple):
    """A running relay, the port of its clients, and its target server."""

    program: Program
    port: int
    server: socket.socket


@contextmanager
def bad_line(*faults: str, seed: int = 1) -> Iterator[Line]:
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as server:
        server.setblocking(False)
        onward = f"--to=tcp://127.0.0.1:{server.getsockname()[1]}"
        options = [f"--fault={one}" for one in faults]
        program, port = listening_pync("-k", f"--fault-seed={seed}", *options, onward)
        with program:
            yield Line(program, port, server)


def spoiled(chosen: list[Plan], *faults: str, seed: int = 1) -> list[tuple[Heard, Heard]]:
    """Return what servers and clients receive; all of them are connected at once."""
    with bad_line(*faults, seed=seed) as line:
        return asyncio.run(asyncio.wait_for(all_at_once(chosen, line.port, line.server), DEADLINE))


async def all_at_once(
    chosen: list[Plan], port: int, server: socket.socket
) -> list[tuple[Heard, Heard]]:
    loop = asyncio.get_running_loop()
    pairs: list[list[socket.socket]] = []
    try:
        # One after another, so that each connection has the number of its plan.
        for _ in chosen:
            client = socket.socket()
            client.setblocking(False)
            pairs.append([client])
            await loop.sock_connect(client, ("127.0.0.1", port))
            pairs[-1].append((await loop.sock_accept(server))[0])
        return await asyncio.gather(*(exchange(plan, *pair) for plan, pair in zip(chosen, pairs)))
    finally:
        for sock in [one for pair in pairs for one in pair]:
            sock.close()


async def exchange(plan: Plan, client: socket.socket, server: socket.socket) -> tuple[Heard, Heard]:
    """Return what the server received, and what the client received."""
    by_client, by_server = asyncio.Event(), asyncio.Event()
    (first := asyncio.Event()).set()
    client_reset, server_reset, at_server, at_client = await asyncio.gather(
        says(client, plan.from_client, by_client if plan.order == CLIENT else first),
        says(server, plan.from_server, by_server if plan.order == SERVER else first),
        hears(server, by_server),
        hears(client, by_client),
    )
    # Only the first call after an RST reports it.
    return (
        at_server._replace(end=RST) if server_reset else at_server,
        at_client._replace(end=RST) if client_reset else at_client,
    )


async def says(sock: socket.socket, data: bytes, ends: asyncio.Event) -> bool:
    """Send data; return whether the connection was reset meanwhile."""
    try:
        await asyncio.get_running_loop().sock_sendall(sock, data)
        await ends.wait()
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        return True
    return False


async def hears(sock: socket.socket, ended: asyncio.Event) -> Heard:
    heard, end = bytearray(), FIN
    try:
        while data := await asyncio.get_running_loop().sock_recv(sock, 1 << 16):
            heard += data
    except ConnectionResetError:
        end = RST
    ended.set()
    return Heard(bytes(heard), end)


def lossless(random: Random) -> list[str]:
    """Options of faults that lose no data: every connection has some of them."""
    made: list[Callable[[], str]] = [
        lambda: f"delay={random.randint(0, 80)}ms",
        lambda: f"delay={random.randint(30, 60)}ms±{random.randint(1, 30)}ms",
        lambda: f"rate={random.randint(100, 900)}K",
        lambda: f"slice={random.randint(300, 5000)}",
        lambda: f"slice={random.randint(2000, 9000)}/{random.randint(1, 5)}ms",
        lambda: f"stall-after={random.randint(0, 60_000)} to={random.randint(300, 1200)}ms",
        lambda: f"rate=20K from=100ms to={random.randint(300, 900)}ms",
    ]
    ways = ("up", "down", "both")
    return [f"{random.choice(ways)} {one()} share={random.randint(15, 50)}%" for one in made]


@pytest.mark.parametrize("seed", [int(os.environ.get("BAD_LINE_SEED", "1"))])
def test_lossless_faults_lose_no_data(seed: int) -> None:
    random = Random(seed)
    chosen = plans(100, seed, 0, 150_000)
    heard = spoiled(chosen, *lossless(random), seed=seed)
    wanted = [((p.from_client, FIN), (p.from_server, FIN)) for p in chosen]
    assert outcome(heard) == outcome(wanted)


Outcome = list[tuple[tuple[str, int, str], ...]]


def outcome(heard: Sequence[tuple[tuple[bytes, str], tuple[bytes, str]]]) -> Outcome:
    """For each connection and side: the hash and the size of the data, and how it ended."""
    return [
        tuple((hashlib.sha256(data).hexdigest(), len(data), end) for data, end in both)
        for both in heard
    ]


CUTS = ("up cut-after=12345 share=50%", "down cut-after=23456 share=50%")
LATE = ("slice=777 share=30%", "rate=300K share=30%", "down delay=9ms±9ms share=30%")


def test_cut_is_at_its_byte_in_every_run() -> None:
    chosen = plans(40, 2, 0, 80_000)
    first, again, other = (spoiled(chosen, *CUTS, *LATE, seed=seed) for seed in (7, 7, 8))
    limits = (12345, 23456)
    for plan, both in zip(chosen, first):
        for said, limit, heard in zip((plan.from_client, plan.from_server), limits, both):
            assert heard in ((said, FIN), (said[:limit], FIN))
    for way, limit in enumerate(limits):
        assert {len(both[way].data) == limit for both in first} == {True, False}
    assert outcome(again) == outcome(first)
    assert outcome(other) != outcome(first)


def test_same_seed_changes_the_same_bytes() -> None:
    chosen = plans(40, 3, 30_000, 60_000)
    spoils = ("up corrupt=0.001 share=50%", "down corrupt=0.002 share=50%", *LATE)
    first, again, other = (spoiled(chosen, *spoils, seed=seed) for seed in (7, 7, 8))
    shares = []
    for plan, both in zip(chosen, first):
        for said, heard in zip((plan.from_client, plan.from_server), both):
            assert (len(heard.data), heard.end) == (len(said), FIN)
            changed = sum(one != another for one, another in zip(said, heard.data))
            shares.append(changed / len(said))
    # Some connections have no faults; the others have about the requested number.
    assert min(shares) == 0.0
    assert 0.0005 < max(shares) < 0.004
    assert outcome(again) == outcome(first)
    assert outcome(other) != outcome(first)


@pytest.mark.parametrize("sender", [CLIENT, SERVER])
def test_reset_is_at_its_byte_in_every_run(sender: str) -> None:
    # The other side sends nothing: the seed does not determine how much of it an RST overtakes.
    payloads = [plan.from_client for plan in plans(40, 4, 30_000, 80_000)]
    chosen = [
        Plan(one, b"", SERVER) if sender == CLIENT else Plan(b"", one, CLIENT) for one in payloads
    ]
    first, again, other = (
        spoiled(chosen, "reset-after=23456 share=50%", *LATE, seed=seed) for seed in (7, 7, 8)
    )
    hit = []
    for said, (at_server, at_client) in zip(payloads, first):
        arrived, back = (at_server, at_client) if sender == CLIENT else (at_client, at_server)
        hit.append(arrived.end == RST)
        assert arrived == ((said[:23456], RST) if hit[-1] else (said, FIN))
        assert back == (b"", arrived.end)
    assert set(hit) == {True, False}
    assert outcome(again) == outcome(first)
    assert outcome(other) != outcome(first)


ENDS = ("slice=10 share=30%", "reset-after=20 share=20%", "cut-after=30 share=20%")
LOSSES = ("blackhole share=10%", "drop-fin share=20%", "no-half-close share=20%", "refuse=5%")
HOLDS = ("delay=20ms±20ms share=30%", "reset-at=eof share=10%")

#: The name of an epoll descriptor in /proc.
EPOLL = "anon_inode:[eventpoll]"

#: Descriptors that pync has open without clients: three streams, the listener, and a pipe and a
#: socketpair that a signal uses to wake the loop.
KEPT = 8

#: Number of clients that connect and leave.
COUNT = int(os.environ.get("BAD_LINE_CLIENTS", "500"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
@pytest.mark.parametrize("faults", [(), (*ENDS, *LOSSES, *HOLDS)], ids=["good", "bad"])
def test_no_descriptor_is_left_open_after_many_clients(faults: tuple[str, ...]) -> None:
    with bad_line(*faults) as line:
        # Descriptors that are opened once and stay open exist after the first round.
        come_and_go(line, 100)
        before = descriptors(line.program)
        come_and_go(line, COUNT)
        assert descriptors(line.program) == before
        children = f"/proc/{line.program.process.pid}/task/{line.program.process.pid}/children"
        assert Path(children).read_text() == ""


def come_and_go(line: Line, count: int) -> None:
    random = Random(count)

    def all_are_gone() -> bool:
        # Some connections reach the server only when their client has left.
        with suppress(BlockingIOError):
            while True:
                line.server.accept()[0].close()
        said_by_now(line.program)
        # Connections that it has not accepted yet are not among its descriptors.
        return not_accepted(line.port) == 0 and len(descriptors(line.program)) <= KEPT

    for _ in range(0, count, 50):
        asyncio.run(asyncio.wait_for(rush(line, random), DEADLINE))
        # (Otherwise it would wait until somebody reads its messages.)
        said_by_now(line.program)
    until(all_are_gone, "all to be gone", line.program)


async def rush(line: Line, random: Random) -> None:
    """Fifty clients at once, none of which waits for its data."""
    loop = asyncio.get_running_loop()
    inside: list[socket.socket] = []

    def accept() -> None:
        sock = line.server.accept()[0]
        inside.append(sock)
        with suppress(OSError):
            sock.send(b"answer" * 10)

    async def visit() -> None:
        with socket.socket() as sock:
            sock.setblocking(False)
            # (Some are refused.)
            with suppress(OSError):
                await loop.sock_connect(sock, ("127.0.0.1", line.port))
                await loop.sock_sendall(sock, b"question" * 5)
                if random.random() < 0.5:
                    sock.shutdown(socket.SHUT_WR)
                if random.random() < 0.3:
                    reset_at_close(sock)

    loop.add_reader(line.server, accept)
    await asyncio.gather(*(visit() for _ in range(50)))
    loop.remove_reader(line.server)
    for sock in inside:
        if random.random() < 0.3:
            reset_at_close(sock)
        sock.close()


def reset_at_close(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def descriptors(program: Program) -> list[str]:
    """Return the program's open descriptors, except the epoll descriptor of its loop.

    The loop opens it once, when it watches many descriptors at a time. On a loaded machine the
    first clients may never be that many at once.
    """
    found = []
    for one in Path(f"/proc/{program.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(os.readlink(one))
    if EPOLL in found:
        found.remove(EPOLL)
    return sorted(found)
