"""pync and nc, ncat, socat over UDP and Unix datagrams: boundaries, and 100 MB each way.

Datagrams may be lost if the sender is too fast. So the next window is sent only after the
window before it has arrived.
"""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import DEADLINE
from ..programs import (
    PYNC,
    Program,
    is_bound,
    is_listening_path,
    listening_pync,
    needs,
    pync,
    until,
)
from .peers import RECEIVES, RECEIVES_AT_PATH, SENDS, SENDS_TO_PATH

#: Bytes in flight: one read of ncat, which truncates larger datagrams. nc truncates a
#: datagram that arrives while its buffer still holds another.
WINDOW = 8 * 1024
WINDOWS = 100_000_000 // WINDOW + 1


def exchange(one: Program, other: Program) -> None:
    """Send 100 MB each way, window by window."""
    block = os.urandom(WINDOW)
    for number in range(WINDOWS):
        there = number.to_bytes(4, "big") + block[4:]
        one.write(there)
        assert other.read(WINDOW) == there
        back = there[::-1]
        other.write(back)
        assert one.read(WINDOW) == back


@pytest.mark.parametrize("peer", RECEIVES)
def test_pync_sends_over_udp(peer: str, udp_port: int) -> None:
    with Program(needs(peer), *RECEIVES[peer]("127.0.0.1", udp_port)) as other:
        until(lambda: is_bound(udp_port, "udp"), f"{peer} to be bound", other)
        with pync("-u", "127.0.0.1", str(udp_port)) as ours:
            exchange(ours, other)


@pytest.mark.parametrize("peer", SENDS)
def test_pync_listens_over_udp(peer: str) -> None:
    command = needs(peer)
    ours, port = listening_pync("-u")
    with ours, Program(command, *SENDS[peer]("127.0.0.1", port)) as other:
        exchange(other, ours)


@pytest.mark.parametrize("peer", SENDS)
def test_udp_over_ipv6(peer: str) -> None:
    command = needs(peer)
    with pync("-luv", "::1", "0") as ours:
        port = int(ours.hears(rb"Bound on ::1 (\d+)").group(1))
        with Program(command, *SENDS[peer]("::1", port)) as other:
            converse(other, ours)


@pytest.mark.parametrize("peer", SENDS)
def test_each_line_is_a_datagram(peer: str) -> None:
    """Each read becomes one datagram; the reader of the pipe gets them one by one."""
    command = needs(peer)
    ours, port = listening_pync("-u")
    with ours, Program(command, *SENDS[peer]("127.0.0.1", port)) as other:
        converse(other, ours)


def converse(one: Program, other: Program) -> None:
    """Exchange three lines and their answers."""
    for line in (b"one\n", b"two\n", b"three\n"):
        one.write(line)
        assert other.read(len(line)) == line
        other.write(line.upper())
        assert one.read(len(line)) == line.upper()


@pytest.mark.parametrize("sender", SENDS)
@pytest.mark.parametrize("receiver", RECEIVES)
def test_two_other_programs_through_a_relay(sender: str, receiver: str, udp_port: int) -> None:
    command = needs(sender)
    with Program(needs(receiver), *RECEIVES[receiver]("127.0.0.1", udp_port)) as other:
        until(lambda: is_bound(udp_port, "udp"), f"{receiver} to be bound", other)
        with pync("-lkuv", "127.0.0.1", "0", f"127.0.0.1:{udp_port}") as relay:
            port = int(relay.hears(rb"Bound on \S+ (\d+)").group(1))
            with Program(command, *SENDS[sender]("127.0.0.1", port)) as one:
                converse(one, other)


def test_many_ncats_and_a_forking_server(udp_port: int) -> None:
    """socat's server sees each peer of the relay as a separate peer."""
    socat, ncat = needs("socat"), needs("ncat")
    words = ("-T30", f"UDP4-LISTEN:{udp_port},bind=127.0.0.1,fork", "EXEC:cat")
    with ExitStack() as stack:
        server = stack.enter_context(Program(socat, *words))
        until(lambda: is_bound(udp_port, "udp"), "socat to be bound", server)
        relay = stack.enter_context(pync("-lkuv", "127.0.0.1", "0", f"127.0.0.1:{udp_port}"))
        port = str(relay.hears(rb"Bound on \S+ (\d+)").group(1).decode())
        clients = []
        for number in range(5):
            # (One after another: socat may lose a peer that comes while it forks.)
            clients.append(stack.enter_context(Program(ncat, "-u", "127.0.0.1", port)))
            clients[-1].write(b"first of %d\n" % number)
            assert clients[-1].read(11) == b"first of %d\n" % number
        for number, client in enumerate(clients):
            client.write(b"last of %d\n" % number)
        for number, client in enumerate(clients):
            assert client.read(10) == b"last of %d\n" % number


@pytest.mark.parametrize("peer", SENDS_TO_PATH)
def test_pync_listens_over_unix_datagrams(peer: str, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    command = needs(peer)
    with pync("-luvU", str(path)) as ours:
        ours.hears(rb"Bound on ")
        with Program(command, *SENDS_TO_PATH[peer](path, tmp_path / "own")) as other:
            exchange(other, ours)


def test_pync_sends_over_unix_datagrams(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with Program(needs("nc"), *RECEIVES_AT_PATH["nc"](path)) as other:
        until(lambda: is_listening_path(path), "nc to be bound", other)
        with pync("-uU", str(path)) as ours:
            exchange(ours, other)


def test_socat_answers_one_unix_datagram(tmp_path: Path) -> None:
    """UNIX-RECVFROM takes a single datagram, and answers to its source."""
    path = tmp_path / "socket"
    with Program(needs("socat"), *RECEIVES_AT_PATH["socat"](path)) as other:
        until(lambda: is_listening_path(path), "socat to be bound", other)
        with pync("-uU", str(path)) as ours:
            ours.write(b"question\n")
            assert other.read(9) == b"question\n"
            other.write(b"answer\n")
            assert ours.read(7) == b"answer\n"


def test_ncat_sends_to_broadcast_addresses() -> None:
    """ncat sets SO_BROADCAST without an option; only pync shows answers from other addresses."""
    ncat = needs("ncat")
    for command in ([ncat], [*PYNC, "--as=ncat"]):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("", 0))
            server.settimeout(DEADLINE)
            port = str(server.getsockname()[1])
            with Program(*command, "-u", "127.255.255.255", port) as client:
                client.write(b"hello")
                assert server.recv(10) == b"hello"


def test_nc_needs_an_option_to_send_to_a_broadcast_address() -> None:
    nc = needs("nc")
    for command in ([nc], [*PYNC, "--as=nc"]):
        with Program(*command, "-u", "127.255.255.255", "9", stdin=subprocess.DEVNULL) as client:
            client.ends(1)
