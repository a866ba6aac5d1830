"""Options of the socket: what the kernel says of a descriptor that pync passed on."""

from __future__ import annotations

import socket
import sys

import pytest

from pync.transports.md5sig import sign

from ..peer import DEADLINE, listening
from ..programs import Program, listening_pync, pync

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")

IP_MINTTL = 21  # ip(7)
IPV6_MINHOPCOUNT = 73  # ipv6(7)


def passed_on(*options: str, host: str = "127.0.0.1") -> socket.socket:
    """The socket that ``pync -F`` connected and passed over its standard output."""
    ours, theirs = socket.socketpair()
    with ours, theirs, listening(host) as server:
        ours.settimeout(DEADLINE)
        words = ["-F", *options, host, server.port]
        with pync(*words, stdout=theirs.fileno()) as program:
            data, descriptors, _, _ = socket.recv_fds(ours, 10, 2)
            assert (data, len(descriptors)) == (b"\0", 1)
            program.ends(0)
        return socket.socket(fileno=descriptors[0])


@pytest.mark.parametrize(
    ("options", "level", "name", "value"),
    [
        ("-T ef", socket.IPPROTO_IP, socket.IP_TOS, 0xB8),
        ("--tos=lowdelay", socket.IPPROTO_IP, socket.IP_TOS, 0x10),
        ("-M 9", socket.IPPROTO_IP, socket.IP_TTL, 9),
        ("-m 3", socket.IPPROTO_IP, IP_MINTTL, 3),
        # socket(7): the kernel doubles what is asked for.
        ("-I 8K", socket.SOL_SOCKET, socket.SO_RCVBUF, 16384),
        ("-O 8K", socket.SOL_SOCKET, socket.SO_SNDBUF, 16384),
    ],
)
def test_ipv4(options: str, level: int, name: int, value: int) -> None:
    with passed_on(*options.split()) as sock:
        assert sock.getsockopt(level, name) == value


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ("-T ef", socket.IPV6_TCLASS, 0xB8),
        ("-M 9", socket.IPV6_UNICAST_HOPS, 9),
        ("-m 3", IPV6_MINHOPCOUNT, 3),
    ],
)
def test_ipv6(options: str, name: int, value: int) -> None:
    with passed_on(*options.split(), host="::1") as sock:
        assert sock.getsockopt(socket.IPPROTO_IPV6, name) == value


def test_the_connection_outlives_pync() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, listening() as server:
        ours.settimeout(DEADLINE)
        with pync("-F", "127.0.0.1", server.port, stdout=theirs.fileno()) as program:
            peer = server.accepts()
            program.ends(0)
        _, descriptors, _, _ = socket.recv_fds(ours, 10, 2)
        with socket.socket(fileno=descriptors[0]) as sock:
            sock.sendall(b"from the heir")
            peer.hears(b"from the heir")


def test_nobody_to_pass_it_to() -> None:
    with listening() as server, pync("-F", "127.0.0.1", server.port) as program:
        said = program.ends(1)
    assert said == b"pync: pass the descriptor: socket operation on non-socket\n"


def test_so_many_reads() -> None:
    with listening() as server, pync("-W", "2", "127.0.0.1", server.port) as program:
        peer = server.accepts()
        for word in (b"one", b"two"):
            peer.says(word)
            assert program.read(3) == word
        program.ends(0)


def test_signed_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        try:
            sign(probe, b"probe", None)
        except OSError as error:
            pytest.skip(f"this kernel signs no segments: {error}")
    monkeypatch.setenv("PYNC_MD5SIG_KEY", "sesame")
    listener, port = listening_pync("-S")
    with listener:
        monkeypatch.setenv("PYNC_MD5SIG_KEY", "wrong")
        with pync("-S", "-w", "200ms", "127.0.0.1", str(port)) as stranger:
            assert b"timed out" in stranger.ends(1)
        monkeypatch.setenv("PYNC_MD5SIG_KEY", "sesame")
        with pync("-S", "127.0.0.1", str(port)) as friend:
            talks(friend, listener)


def talks(friend: Program, listener: Program) -> None:
    """What one writes the other shows, and both end in order."""
    friend.write(b"signed")
    assert listener.read(6) == b"signed"
    friend.end_input()
    listener.end_input()
    friend.ends(0)
    listener.ends(0)


def test_no_terminal_to_type_the_key_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYNC_MD5SIG_KEY", raising=False)
    # It is in a session of its own, which has no terminal.
    with pync("-S", "127.0.0.1", "1") as program:
        assert program.ends(2) == b"pync: Unable to read TCP MD5SIG password\n"
