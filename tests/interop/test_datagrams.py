"""pync and nc, ncat, socat over UDP and Unix datagrams: boundaries, and 100 MB each way.

Datagrams may be lost when nobody holds back; so each window is acknowledged by its
arrival before the next one is sent.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.targets.ports import reserved_port

from ..programs import Program, is_bound, is_listening_path, listening_pync, needs, pync, until

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: /proc tells who listens"
)

#: Bytes on the way at once: one read of ncat, which cuts a larger datagram short; nc does
#: so when one comes while its buffer still holds another.
WINDOW = 8 * 1024
WINDOWS = 100_000_000 // WINDOW + 1


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as number:
        yield number


#: Peer -> its words to listen on, and to send to, a UDP port of 127.0.0.1.
LISTENS = {
    "nc": lambda port: ["-u", "-l", "127.0.0.1", str(port)],
    "ncat": lambda port: ["-u", "-l", "127.0.0.1", str(port)],
    "socat": lambda port: ["-b16384", "-", f"UDP4-LISTEN:{port},bind=127.0.0.1"],
}
SENDS = {
    "nc": lambda port: ["-u", "127.0.0.1", str(port)],
    "ncat": lambda port: ["-u", "127.0.0.1", str(port)],
    "socat": lambda port: ["-b16384", "-", f"UDP4:127.0.0.1:{port}"],
}


def exchange(one: Program, other: Program) -> None:
    """100 MB each way, window by window."""
    block = os.urandom(WINDOW)
    for number in range(WINDOWS):
        there = number.to_bytes(4, "big") + block[4:]
        one.write(there)
        assert other.read(WINDOW) == there
        back = there[::-1]
        other.write(back)
        assert one.read(WINDOW) == back


def free_udp_port() -> int:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("peer", ["nc", "ncat", "socat"])
def test_pync_sends_over_udp(peer: str) -> None:
    port = free_udp_port()
    with Program(needs(peer), *LISTENS[peer](port)) as other:
        until(lambda: is_bound(port, "udp"), f"{peer} to be bound", other)
        with pync("-u", "127.0.0.1", str(port)) as ours:
            exchange(ours, other)


@pytest.mark.parametrize("peer", ["nc", "ncat", "socat"])
def test_pync_listens_over_udp(peer: str) -> None:
    command = needs(peer)
    ours, port = listening_pync("-u")
    with ours, Program(command, *SENDS[peer](port)) as other:
        exchange(other, ours)


def test_a_line_of_pync_is_one_datagram_for_nc() -> None:
    """Each read becomes one datagram; the pipe's reader sees them one by one."""
    ours, port = listening_pync("-u")
    with ours, Program(needs("nc"), *SENDS["nc"](port)) as other:
        for line in (b"one\n", b"two\n", b"three\n"):
            other.write(line)
            assert ours.read(len(line)) == line
            ours.write(line.upper())
            assert other.read(len(line)) == line.upper()


def test_pync_and_nc_over_unix_datagrams(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    command = needs("nc")
    with pync("-luvU", str(path)) as ours:
        ours.hears(rb"on ")
        with Program(command, "-uU", "-s", str(tmp_path / "back"), str(path)) as other:
            exchange(other, ours)


def test_nc_and_pync_over_unix_datagrams(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with Program(needs("nc"), "-luU", str(path)) as other:
        until(lambda: is_listening_path(path), "nc to be bound", other)
        with pync("-uU", str(path)) as ours:
            exchange(ours, other)
