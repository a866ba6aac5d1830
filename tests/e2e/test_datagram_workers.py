"""Several processes serve one UDP port (--workers): each peer stays with the same process."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import Mailbox, mailbox
from ..programs import Program, until
from .conftest import Start, heard_port
from .test_datagram_relay import converses, says, visitor
from .test_workers import workers

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: SO_REUSEPORT keeps a peer there"
)

#: With so many peers each of two workers gets some, except once in 10^9 runs.
MANY = 32


#: The reports of both workers after SIGUSR1, in either order.
TABLES = rb"(?s)worker (1: \d+ connection.*worker 2: \d+ c|2: \d+ connection.*worker 1: \d+ c)"


def begin(pync: Start, box: Mailbox, *words: object) -> tuple[Program, int]:
    program = pync("-lkuv", "--workers=2", *words, "127.0.0.1", "0", f"127.0.0.1:{box.port}")
    port = heard_port(program)
    until(lambda: len(workers(program)) == 2, "both workers", program)
    return program, port


def test_peer_stays_with_one_worker(pync: Start, box: Mailbox) -> None:
    program, port = begin(pync, box)
    with ExitStack() as stack:
        peers = [stack.enter_context(visitor(port)) for _ in range(MANY)]
        seen = []
        for number, peer in enumerate(peers):
            converses(peer, box, b"question %d" % number)
            seen.append(box.correspondent)
        for number, peer in enumerate(peers):
            converses(peer, box, b"again %d" % number)
            assert box.correspondent == seen[number]
        assert len(set(seen)) == MANY
        program.process.send_signal(signal.SIGUSR1)
        # One of the workers may print its table late.
        program.hears(TABLES)
    program.process.terminate()
    program.ends(-signal.SIGTERM)


def test_peers_of_a_dead_worker_move_to_its_replacement(pync: Start, box: Mailbox) -> None:
    program, port = begin(pync, box)
    with ExitStack() as stack:
        peers = [stack.enter_context(visitor(port)) for _ in range(MANY)]
        seen = []
        for number, peer in enumerate(peers):
            converses(peer, box, b"question %d" % number)
            seen.append(box.correspondent)
        os.kill(workers(program)[0], signal.SIGKILL)
        program.hears(b"another takes its place")
        # Datagrams sent in the meantime wait for the new worker; the other worker keeps its peers.
        others = 0
        for number, peer in enumerate(peers):
            says(peer, b"again %d" % number)
        for _ in peers:
            word, box.correspondent = box.sock.recvfrom(100)
            number = int(word.removeprefix(b"again "))
            others += box.correspondent == seen[number]
            box.says(b"answer %d" % number)
        for number, peer in enumerate(peers):
            peer.hears(b"answer %d" % number)
        assert 0 < others < MANY
    program.process.terminate()
    program.ends(-signal.SIGTERM)


def test_sessions_continue_during_a_drain(pync: Start, box: Mailbox) -> None:
    program, port = begin(pync, box, "--drain=60s", "--idle-timeout=60s")
    with ExitStack() as stack:
        peers = [stack.enter_context(visitor(port)) for _ in range(MANY)]
        for number, peer in enumerate(peers):
            converses(peer, box, b"question %d" % number)
        program.process.terminate()
        # (The datagrams of each peer still reach its worker: no worker has closed its socket.)
        for number, peer in enumerate(peers):
            converses(peer, box, b"again %d" % number)
        assert b"another takes its place" not in program.said
    program.process.terminate()
    program.ends(0)


def test_max_conns_counts_the_sessions_of_all_workers(pync: Start, box: Mailbox) -> None:
    program, port = begin(pync, box, "--max-conns=3")
    with ExitStack() as stack:
        # (A peer that has been silent for a second may be replaced by another.)
        for number in range(MANY):
            says(stack.enter_context(visitor(port)), b"question %d" % number)
        program.hears(rb"connection limit reached \(3\)")
    program.process.terminate()
    program.ends(-signal.SIGTERM)


def test_each_peer_is_recorded(pync: Start, box: Mailbox, tmp_path: Path) -> None:
    program, port = begin(pync, box, f"--output={tmp_path}/{{n}}")
    with ExitStack() as stack:
        for number in range(8):
            converses(stack.enter_context(visitor(port)), box, b"word %d" % number)
    program.process.terminate()
    program.ends(-signal.SIGTERM)
    kept = {one.read_bytes() for one in tmp_path.iterdir()}
    words = [b"word %d" % number for number in range(8)]
    assert kept == {word + word[::-1] for word in words}


def test_all_workers_read_the_access_lists_again(pync: Start, box: Mailbox, tmp_path: Path) -> None:
    denied = tmp_path / "denied"
    denied.write_text("")
    program, port = begin(pync, box, f"--denyfile={denied}")
    with visitor(port) as peer:
        converses(peer, box, b"hello")
    denied.write_text("127.0.0.1\n")
    program.process.send_signal(signal.SIGHUP)
    program.hears(b"read again")
    # (A worker that answers the later SIGUSR1 has read the list again by then.)
    program.process.send_signal(signal.SIGUSR1)
    program.hears(TABLES)
    with ExitStack() as stack:
        for _ in range(MANY):
            says(stack.enter_context(visitor(port)), b"x")
        program.hears(rb"(?s)(not allowed.*){10}")
    program.process.terminate()
    program.ends(-signal.SIGTERM)


def test_port_of_another_program_is_not_shared(pync: Start, box: Mailbox) -> None:
    _, port = begin(pync, box)
    other = pync("-lku", "--workers=2", "127.0.0.1", port, f"127.0.0.1:{box.port}")
    assert b"address already in use" in other.ends(1)


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [
        ("udp://239.1.2.3:0", b"each of several workers would receive what is sent there", 1),
        ("unixgram:/nowhere/s", b"cannot use --workers with unixgram:/nowhere/s: it is one", 2),
        ("fd:3", b"cannot use --workers with fd:3: it is one socket", 2),
    ],
)
def test_addresses_that_cannot_be_shared_are_refused(
    pync: Start, box: Mailbox, words: str, said: bytes, status: int
) -> None:
    onward = f"udp://127.0.0.1:{box.port}"
    assert said in pync("-lk", "--workers=2", words, onward).ends(status)


def test_broadcast_is_relayed_once(pync: Start, box: Mailbox) -> None:
    """The kernel gives a broadcast to every socket of the port."""
    program = pync("-lkuv", "--workers=2", "-4", "0", "--to", f"127.0.0.1:{box.port}")
    port = heard_port(program)
    until(lambda: len(workers(program)) == 2, "both workers", program)
    with mailbox() as peer:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for number in range(10):
            peer.says(b"to all %d" % number, ("127.255.255.255", port))
            box.hears(b"to all %d" % number)
