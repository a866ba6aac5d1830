"""Datagram relay: one session per peer, answers from the address that the peer used."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.targets.ports import reserved_port

from ..clock import Stopwatch
from ..peer import Mailbox, mailbox
from ..programs import Program, stays, until
from .conftest import Start, heard_port

if TYPE_CHECKING:
    from collections.abc import Iterator

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")


def begin(pync: Start, box: Mailbox, *words: object) -> tuple[Program, int]:
    program = pync("-lkuv", *words, "127.0.0.1", "0", f"127.0.0.1:{box.port}")
    return program, heard_port(program)


@contextmanager
def visitor(port: int, host: str = "127.0.0.1") -> Iterator[Mailbox]:
    """A peer of the relay. Its socket is connected: it receives from the relay only."""
    with mailbox(host) as peer:
        peer.sock.connect((host, port))
        yield peer


def says(peer: Mailbox, data: bytes) -> None:
    peer.sock.send(data)


def converses(peer: Mailbox, box: Mailbox, word: bytes) -> None:
    says(peer, word)
    box.hears(word)
    box.says(word[::-1])
    peer.hears(word[::-1])


def hears_times(program: Program, text: bytes, times: int) -> None:
    """Wait until stderr contains the text so many times in total."""
    while program.said.count(text) < times:
        program.hears(re.escape(program.said) + b"(?s:.+)")


def test_each_peer_has_its_own_session(pync: Start, box: Mailbox) -> None:
    _, port = begin(pync, box)
    with ExitStack() as stack:
        peers = [stack.enter_context(visitor(port)) for _ in range(70)]
        seen = []
        for number, peer in enumerate(peers):
            says(peer, b"question %d" % number)
            box.hears(b"question %d" % number)
            seen.append(box.correspondent)
        assert len(set(seen)) == len(peers)
        # The answers arrive in another order, and more than one for each question.
        for number in reversed(range(len(peers))):
            for word in (b"first", b"second"):
                box.says(b"%s answer to %d" % (word, number), seen[number])
        for number, peer in enumerate(peers):
            peer.hears(b"first answer to %d" % number)
            peer.hears(b"second answer to %d" % number)
        # The session still exists: the server sees the same sender address again.
        says(peers[7], b"again")
        box.hears(b"again")
        assert box.correspondent == seen[7]


@pytest.mark.parametrize("size", [0, 1, 1472, 9000, 65_507])
def test_datagrams_of_every_size_arrive_unchanged(pync: Start, box: Mailbox, size: int) -> None:
    _, port = begin(pync, box)
    with visitor(port) as peer:
        for _ in range(3):
            converses(peer, box, os.urandom(size))


@linux
def test_answer_has_the_source_address_that_was_asked(pync: Start, box: Mailbox) -> None:
    program = pync("-lkuv", "0", f"127.0.0.1:{box.port}")
    port = heard_port(program)
    with ExitStack() as stack:
        hosts = ("127.0.0.1", "127.0.0.2", "127.1.2.3", "::1")
        peers = []
        for host in hosts:
            peer = stack.enter_context(mailbox("::1" if ":" in host else "127.0.0.1"))
            peer.sock.connect((host, port))
            peers.append(peer)
        # One socket that sends to two addresses of the relay gets an answer from each.
        both = stack.enter_context(mailbox())
        for peer, host in zip(peers, hosts, strict=True):
            converses(peer, box, host.encode())
        for host in hosts[:3]:
            both.says(b"who?", (host, port))
            box.hears(b"who?")
            box.says(b"you")
            both.hears(b"you")
            assert both.correspondent == (host, port)


def test_server_is_temporarily_unreachable(pync: Start) -> None:
    with ExitStack() as stack:
        # (No other test may take the port while the server is closed.)
        held = stack.enter_context(reserved_port(socket.SOCK_DGRAM))
        box = stack.enter_context(mailbox(port=held))
        program, port = begin(pync, box)
        where = box.sock.getsockname()
        peer = stack.enter_context(visitor(port))
        converses(peer, box, b"one")
        box.sock.close()
        for word in (b"two", b"three", b"four"):
            says(peer, word)
        program.hears(b"pync: relay udp://127.0.0.1:%d: connection refused\n" % where[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(where)
            again = Mailbox(sock)
            sock.settimeout(30)
            says(peer, b"five")
            # (Some of the earlier datagrams may have been under way until now.)
            word = b""
            while word != b"five":
                word, again.correspondent = sock.recvfrom(100)
            again.says(b"back")
            peer.hears(b"back")
    program.process.send_signal(signal.SIGTERM)
    # It is reported once, not for each datagram.
    assert program.ends(-signal.SIGTERM).count(b"refused") == 1


def test_closed_peer_does_not_affect_others(pync: Start, box: Mailbox) -> None:
    _, port = begin(pync, box)
    with visitor(port) as peer:
        says(peer, b"gone")
        box.hears(b"gone")
        gone = box.correspondent
    for _ in range(5):
        box.says(b"answer", gone)
    with visitor(port) as peer:
        converses(peer, box, b"still here")


def test_idle_session_ends(pync: Start, box: Mailbox) -> None:
    program, port = begin(pync, box, "--idle-timeout=1")
    with visitor(port) as peer:
        watch = Stopwatch()
        converses(peer, box, b"hello")
        first = box.correspondent
        program.hears(
            rb"closed: 5 bytes sent, 5 received in [\d.]+ s \(client: idle, target: idle\)\n"
        )
        assert watch.reached(1)
        converses(peer, box, b"hello")
        assert box.correspondent != first
        # Data in either direction keeps the session alive.
        kept = box.correspondent
        for _ in range(4):
            assert stays(program, 0.1)
            box.says(b"tick")
            peer.hears(b"tick")
        says(peer, b"mine")
        box.hears(b"mine")
        assert box.correspondent == kept


def test_without_k_there_is_one_session(pync: Start, box: Mailbox) -> None:
    program = pync("-luv", "-w", "1", "127.0.0.1", "0", f"udp://127.0.0.1:{box.port}")
    port = heard_port(program)
    with visitor(port) as peer, visitor(port) as stranger:
        converses(peer, box, b"one")
        says(stranger, b"let me in")
        converses(peer, box, b"")
        converses(peer, box, b"three")
        program.hears(rb"idle for 1 s\n")
        program.ends(1)


def test_two_servers_are_connected(pync: Start, box: Mailbox) -> None:
    with mailbox() as other, reserved_port(socket.SOCK_DGRAM) as source:
        # (A server learns the relay's address from the first datagram of the other server.)
        near = f"udp://127.0.0.1:{other.port}"
        pync("-v", "-p", source, near, f"udp://127.0.0.1:{box.port}").hears(b"goes to")
        other.says(b"hello", ("127.0.0.1", source))
        box.hears(b"hello")
        box.says(b"hi")
        other.hears(b"hi")


def test_longest_silent_session_is_replaced(pync: Start, box: Mailbox) -> None:
    program, port = begin(pync, box, "--max-conns=2")
    with visitor(port) as first, visitor(port) as second, visitor(port) as third:
        converses(first, box, b"1")
        converses(second, box, b"2")
        # No session has been silent for long: the third peer is rejected.
        says(third, b"early")
        program.hears(rb"denied: connection limit reached \(2\)\n")
        watch = Stopwatch()
        while not watch.reached(1.1):
            converses(second, box, b"2")
            assert stays(program, 0.1)
        converses(third, box, b"3")
        program.hears(rb"\(client: made room, target: made room\)\n")
        converses(second, box, b"2")


def test_access_lists(pync: Start, box: Mailbox, tmp_path: Path) -> None:
    denied = tmp_path / "denied"
    denied.write_text("127.0.0.1\n")
    program, port = begin(pync, box, f"--denyfile={denied}")
    with visitor(port) as peer:
        says(peer, b"denied")
        program.hears(b"denied: not allowed\n")
        denied.write_text("127.0.0.9\n")
        program.process.send_signal(signal.SIGHUP)
        program.hears(b"are read again\n")
        converses(peer, box, b"allowed")


def test_sigusr1_and_drain(pync: Start, box: Mailbox) -> None:
    program, port = begin(pync, box, "--drain=60s")
    with visitor(port) as peer, visitor(port) as late:
        converses(peer, box, b"hello")
        program.process.send_signal(signal.SIGUSR1)
        program.hears(rb"%s: 5 bytes sent, 5 received in \d s\n" % box.port.encode())
        program.hears(b"pync: 1 connection\n")
        program.process.send_signal(signal.SIGTERM)
        # Of several pending signals the kernel delivers the lowest number first: the second
        # report comes after SIGTERM.
        for times in (2, 3):
            program.process.send_signal(signal.SIGUSR1)
            hears_times(program, b"pync: 1 connection\n", times)
        says(late, b"too late")
        for _ in range(3):
            converses(peer, box, b"still inside")
        assert stays(program, 0.1)
        program.process.send_signal(signal.SIGTERM)
        program.ends(0)


def test_events_as_json(pync: Start, box: Mailbox) -> None:
    words = ("-lk", "--json", "--idle-timeout=1", "--accept-timeout=1", "udp://127.0.0.1:0")
    program = pync(*words, f"udp://localhost:{box.port}")
    port = json.loads(program.hears(rb".*\n")[0])["port"]
    with visitor(port) as peer:
        converses(peer, box, b"abc")
        said = program.ends(1)
    # (The first line is about the listener, the last one about the end.)
    events = [json.loads(line) for line in said.splitlines()[1:-1]]
    assert [one["event"] for one in events] == ["accepted", "dialled", "closed"]
    dialled, closed = events[1:]
    assert dialled["target"] == f"udp://localhost:{box.port}"
    assert dialled["lookup"] >= 0
    assert (closed["sent"], closed["received"]) == (3, 3)
    assert (closed["peer_end"], closed["target_end"]) == ("idle", "idle")


def test_each_peer_is_recorded(pync: Start, box: Mailbox, tmp_path: Path) -> None:
    _, port = begin(pync, box, "--output", str(tmp_path / "{n}-{peer}.log"))
    for number in (1, 2):
        with visitor(port) as peer:
            converses(peer, box, b"ab")
            path = tmp_path / f"{number}-127.0.0.1-{peer.port}.log"
            assert path.read_bytes() == b"abba"


def test_next_target_is_used_when_the_first_is_closed(
    pync: Start, box: Mailbox, closed_udp_port: str
) -> None:
    words = ("-lkuv", "--to", f"127.0.0.1:{box.port}", "127.0.0.1", "0")
    program = pync(*words, f"127.0.0.1:{closed_udp_port}")
    port = heard_port(program)
    with visitor(port) as peer:
        for word in (b"one", b"two"):
            says(peer, word)
            box.hears(word)
        converses(peer, box, b"three")


def test_sessions_are_balanced_between_two_targets(pync: Start, box: Mailbox) -> None:
    with mailbox() as other:
        words = ("--balance=round-robin", "--to", f"127.0.0.1:{other.port}")
        program = pync("-lkuv", *words, "127.0.0.1", "0", f"127.0.0.1:{box.port}")
        port = heard_port(program)
        for target in (box, other, box, other):
            with visitor(port) as peer:
                converses(peer, target, b"hello")
                converses(peer, target, b"again")


def test_unknown_name_is_reported_once_a_second(pync: Start) -> None:
    program = pync("-lkuv", "127.0.0.1", "0", "nobody.invalid:53")
    port = heard_port(program)
    with visitor(port) as peer:
        for _ in range(50):
            says(peer, b"x")
        program.hears(rb"\(client: not dialled, target: not dialled\)\n")
        assert program.said.count(b"pync: dial udp://nobody.invalid:53: ") == 1
        says(peer, b"x")
        hears_times(program, b"pync: dial udp://nobody.invalid:53: ", 2)


def test_rate_spaces_whole_datagrams(pync: Start, box: Mailbox) -> None:
    _, port = begin(pync, box, "--rate=10K")
    with visitor(port) as peer:
        watch = Stopwatch()
        for _ in range(6):
            says(peer, bytes(1024))
        for _ in range(6):
            box.hears(bytes(1024))
        # (It may catch up a fifth of a second.)
        assert watch.reached(0.25)


@pytest.mark.parametrize("far", ["unixgram", "udp"])
def test_unix_datagrams_are_not_lost(pync: Start, box: Mailbox, folder: Path, far: str) -> None:
    near = folder / "near"
    count = 2000
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(folder / "far"))
        sock.settimeout(30)
        target = Mailbox(sock) if far == "unixgram" else box
        onward = f"unixgram:{folder}/far" if far == "unixgram" else f"udp://127.0.0.1:{box.port}"
        pync("-lkuvU", near, onward).hears(b"Bound on ")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.bind(str(folder / "client"))
            client.connect(str(near))
            client.settimeout(30)
            peer = Mailbox(client)
            converses(peer, target, b"")
            converses(peer, target, os.urandom(65_507))
            if far == "udp":
                return
            large = os.urandom(150_000)
            says(peer, large)
            assert target.sock.recv(200_000) == large
            # The receiver reads nothing while they are sent: the kernel buffers few (unix(7)), the
            # relay buffers some, and then the sender waits.
            client.setblocking(False)
            sent = 0
            while sent < count:
                try:
                    client.send(b"%d" % sent)
                    sent += 1
                except BlockingIOError:
                    break
            client.settimeout(30)
            for number in range(count):
                target.hears(b"%d" % number)
                if sent < count:
                    client.send(b"%d" % sent)
                    sent += 1


@pytest.mark.skipif(sys.platform == "darwin", reason="only on Linux")
def test_unix_server_restarts(pync: Start, folder: Path) -> None:
    pync("-lkuvU", folder / "near", f"unixgram:{folder}/far").hears(b"Bound on ")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.bind(str(folder / "client"))
        client.connect(str(folder / "near"))
        client.settimeout(30)
        for _ in range(3):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.bind(str(folder / "far"))
                sock.settimeout(30)
                converses(Mailbox(client), Mailbox(sock), b"hello")
            os.unlink(folder / "far")


@linux
def test_no_descriptor_is_left_open_after_many_peers(pync: Start, box: Mailbox) -> None:
    program, port = begin(pync, box, "--idle-timeout=1s")
    files = Path(f"/proc/{program.process.pid}/fd")
    with visitor(port) as first:
        converses(first, box, b"warm")
        program.hears(b"client: idle")
        before = len(list(files.iterdir()))
        for _ in range(4):
            with ExitStack() as stack:
                for _ in range(50):
                    converses(stack.enter_context(visitor(port)), box, b"hello")
        # (With many descriptors the loop switches to epoll, which needs one itself.)
        until(lambda: len(list(files.iterdir())) <= before + 1, "all to be closed", program)
