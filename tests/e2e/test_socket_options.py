"""Socket options, as the kernel reports them for a descriptor that pync passed on (-F)."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from pync.transports.md5sig import sign

from ..peer import DEADLINE, connected, listening
from ..programs import Program, listening_pync, pync, until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")

IP_MINTTL = 21  # ip(7)
IPV6_MINHOPCOUNT = 73  # ipv6(7)
SO_PROTOCOL = 38  # socket(7)
TCP_FASTOPEN_CONNECT = 30  # linux/tcp.h


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
        # socket(7): the kernel doubles the requested size.
        ("-I 8K", socket.SOL_SOCKET, socket.SO_RCVBUF, 16384),
        ("-O 8K", socket.SOL_SOCKET, socket.SO_SNDBUF, 16384),
        ("--keepalive=60", socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        ("--keepalive=1m,5,3", socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
        ("--keepalive=1m,5,3", socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
        ("--keepalive=1m,5,3", socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
        ("--reuse-port", socket.SOL_SOCKET, socket.SO_REUSEPORT, 1),
        ("--fastopen", socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1),
        ("--mptcp", socket.SOL_SOCKET, SO_PROTOCOL, socket.IPPROTO_MPTCP),
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


def test_client_is_bound_to_its_interface() -> None:
    with passed_on("--device=lo") as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0") == b"lo"


def test_listener_probes_its_clients() -> None:
    program, port = listening_pync("-k", "--keepalive=60,5", "--exec", "sleep 30")
    with program, connected(port) as peer:
        theirs = peer.sock.getsockname()[1]
        until(lambda: keepalive_runs(port, theirs), "a keepalive timer", program)


def keepalive_runs(port: int, peer: int) -> bool:
    """Whether /proc/net/tcp has timer 2 for a connection (proc_net_tcp.txt: not retransmission)."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    found = [words for words in lines if ends_in(words[1], port) and ends_in(words[2], peer)]
    return bool(found) and found[0][5].startswith("02:")


def ends_in(name: str, port: int) -> bool:
    return name.endswith(f":{port:04X}")


def test_two_listeners_share_a_port() -> None:
    first, port = listening_pync("--reuse-port")
    with first, pync("-lv", "--reuse-port", "127.0.0.1", str(port)) as second:
        second.hears(rb"Listening on 127.0.0.1 \d+\n")
        with pync("-l", "127.0.0.1", str(port)) as third:
            assert b"address already in use" in third.ends(1)


def test_both_sides_speak_mptcp() -> None:
    """Neither has fallen back to TCP: linux/mptcp.h, MPTCP_INFO."""
    listener, port = listening_pync("--mptcp")
    ours, theirs = socket.socketpair()
    with listener, ours, theirs:
        ours.settimeout(DEADLINE)
        with pync("-F", "--mptcp", "127.0.0.1", str(port), stdout=theirs.fileno()) as program:
            _, descriptors, _, _ = socket.recv_fds(ours, 10, 2)
            program.ends(0)
        with socket.socket(fileno=descriptors[0]) as sock:
            info = sock.getsockopt(284, 1, 64)  # SOL_MPTCP, MPTCP_INFO
            flags = int.from_bytes(info[8:12], sys.byteorder)
            assert flags & 1 == 0  # MPTCP_INFO_FLAG_FALLBACK
            sock.sendall(b"over one path or more\n")
            assert listener.shows(b"over one path or more\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--device=nosuch", "127.0.0.1", "9"), b"no such interface: nosuch"),
        (("-l", "--device=nosuch", "127.0.0.1", "0"), b"no such interface: nosuch"),
    ],
)
def test_missing_interface(words: tuple[str, ...], said: bytes) -> None:
    with pync(*words) as program:
        assert said in program.ends(1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--keepalive=0", "h", "1"), b"--keepalive: 0 s are not whole seconds from 1 to 32767"),
        (("--keepalive=1,2,300", "h", "1"), b"--keepalive: 300 probes are too many"),
        (("--keepalive=1,2,3,4", "h", "1"), b"--keepalive: '1,2,3,4' is not IDLE"),
        (("--mptcp", "-u", "h", "1"), b"--mptcp needs TCP, not udp://h:1"),
        (("--fastopen", "unix:x"), b"--fastopen needs TCP, not unix:x"),
        (("--multicast-loop=off", "h", "1"), b"--multicast-loop needs -u"),
        (("--multicast-ttl=256", "-u", "h", "1"), b"--multicast-ttl: '256' is not a number"),
        (("--fastopen", "-d", "h", "1"), b"--fastopen is for a client that sends"),
        (("--device=", "h", "1"), b"--device needs the name of an interface"),
        (("-l", "--mptcp", "fd:3"), b"cannot use --mptcp with fd:3"),
    ],
)
def test_invalid_options_are_refused(words: tuple[str, ...], said: bytes) -> None:
    with pync(*words) as program:
        assert said in program.ends(2)


def test_connection_outlives_pync() -> None:
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


def test_standard_output_cannot_take_a_descriptor() -> None:
    with listening() as server, pync("-F", "127.0.0.1", server.port) as program:
        said = program.ends(1)
    assert said == b"pync: pass the descriptor: socket operation on non-socket\n"


def test_number_of_reads() -> None:
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
    """Text sent by one is shown by the other, and both end normally."""
    friend.write(b"signed")
    assert listener.read(6) == b"signed"
    friend.end_input()
    listener.end_input()
    friend.ends(0)
    listener.ends(0)


def test_no_terminal_to_ask_for_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYNC_MD5SIG_KEY", raising=False)
    # It runs in its own session, which has no terminal.
    with pync("-S", "127.0.0.1", "1") as program:
        assert program.ends(2) == b"pync: Unable to read TCP MD5SIG password\n"
