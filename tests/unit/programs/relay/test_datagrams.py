"""A relay of datagrams: with many peers, one peer, and two dialled addresses."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ....peer import Mailbox, mailbox

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]


def bound(pync: Start, box: Mailbox, *words: str) -> tuple[Running, int]:
    running = pync("-uv", *words, "127.0.0.1", "0", f"127.0.0.1:{box.port}")
    return running, int(running.says().rpartition(" ")[2])


def asks(box: Mailbox, port: int, *words: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect(("127.0.0.1", port))
        for word in words:
            sock.send(word)
            box.hears(word)
            box.says(word * 2)
            assert sock.recv(70_000) == word * 2


def test_many_peers_until_the_accept_timeout(pync: Start) -> None:
    with mailbox() as box:
        words = ("-lk", "--idle-timeout=1", "--accept-timeout=1")
        running, port = bound(pync, box, *words)
        for number in range(5):
            asks(box, port, b"%d" % number, b"", bytes(1000))
        status, _, said = running.ends()
    assert status == 1
    assert said.count("closed: 1001 bytes sent, 2002 received in ") == 5
    assert said.endswith("timed out\n")


def test_one_peer_until_the_idle_timeout(pync: Start) -> None:
    with mailbox() as box:
        running, port = bound(pync, box, "-l", "--idle-timeout=1")
        asks(box, port, b"hello", b"")
        status, _, said = running.ends()
    assert status == 1
    assert said.endswith(": idle for 1 s\n")


def test_two_dialled_addresses(pync: Start) -> None:
    with mailbox() as one, mailbox() as other:
        where = (f"udp://127.0.0.1:{one.port}", f"udp://127.0.0.1:{other.port}")
        running = pync("-v", "-w", "1", *where)
        assert running.says().startswith("Sending to ")
        assert " goes to " in running.says()
        assert running.ends()[0] == 1
