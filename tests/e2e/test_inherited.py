"""Listen on sockets that a parent process or systemd has created (``fd:3``, ``systemd:``)."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import DEADLINE, Mailbox, Peer, Server, connected, mailbox
from ..programs import PYNC, Program, needs
from .conftest import Start, heard_port

#: Executes pync, with a listening socket as descriptor 3, and a second one as 4.
PARENT = """
import os, socket, sys

socks = [SOCKET() for _ in range(2)]
for number, sock in enumerate(socks, 3):
    os.dup2(sock.fileno(), number)
    os.set_inheritable(number, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="web:admin")
os.execv(sys.executable, [sys.executable, "-m", "pync", *sys.argv[1:]])
"""


OF_CONNECTIONS = """
def SOCKET():
    return socket.create_server(("127.0.0.1", 0))
"""
OF_DATAGRAMS = """
def SOCKET():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock
"""


def started(stack: ExitStack, sockets: str) -> Start:
    def start(*words: object) -> Program:
        parent = PARENT.replace("\nsocks", f"{sockets}\nsocks")
        return stack.enter_context(Program(sys.executable, "-c", parent, *map(str, words)))

    return start


@pytest.fixture
def child(stack: ExitStack) -> Start:
    """Start pync with these arguments, as the child of a parent that has created sockets."""
    return started(stack, OF_CONNECTIONS)


@pytest.fixture
def child_of_datagrams(stack: ExitStack) -> Start:
    """The same, with datagram sockets."""
    return started(stack, OF_DATAGRAMS)


def test_listener_on_an_inherited_socket(child: Start) -> None:
    program = child("-lv", "fd:3")
    with connected(heard_port(program)) as client:
        client.says(b"hello")
        client.half_closes()
        assert program.read(5) == b"hello"
        program.end_input()
        client.hears_end()
    program.ends(0)


def test_relay_on_all_systemd_sockets(child: Start, server: Server) -> None:
    program = child("-lkv", "systemd:", f"tcp://127.0.0.1:{server.port}")
    program.hears(rb"(?s)Listening on .*Listening on .*\n")
    ports = [int(line.split()[-1]) for line in program.said.splitlines()[:2]]
    for port in ports:
        with connected(port) as client:
            client.says(b"x")
            server.accepts().hears(b"x")


def test_broker_on_a_named_socket(child: Start) -> None:
    program = child("-lkv", "--broker", "systemd:admin")
    port = heard_port(program)
    with connected(port) as one, connected(port) as other:
        program.hears(rb"(?s)(received.*){2}\n")
        one.says(b"hello")
        other.hears(b"hello")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_commands_inherit_no_socket(child: Start) -> None:
    shown = "ls -l /proc/self/fd; env"
    program = child("-lkv", "fd:3", "--sh-exec", shown)
    with connected(heard_port(program)) as client:
        said = client.hears_rest()
    assert b"NCAT_REMOTE_PORT" in said
    assert b"socket:" not in said
    assert b"LISTEN_" not in said


def test_access_lists_apply(child: Start) -> None:
    program = child("-lkv", "fd:3", "--deny=127.0.0.1", "--exec=cat")
    with connected(heard_port(program)) as client:
        assert client.hears_rest() == b""
    program.hears(b"not allowed")


def test_port_of_an_inherited_socket_is_reported(child: Start, tmp_path: Path) -> None:
    told = tmp_path / "port"
    program = child("-lv", "fd:3", f"--report-port={told}")
    port = heard_port(program)
    with connected(port):
        program.hears(b"received")
    assert told.read_text() == f"{port}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-l fd:77", b"pync: listen fd:77: descriptor 77: bad file descriptor\n"),
        ("-l fd:0", b"pync: listen fd:0: descriptor 0: socket operation on non-socket\n"),
        ("-l systemd:", b"pync: listen systemd:: no socket was passed ("),
    ],
)
def test_descriptors_that_cannot_listen(pync: Start, words: str, said: bytes) -> None:
    told = pync(*words.split()).ends(1)
    assert told.startswith(said)
    assert told.count(b"\n") == 1
    assert pync("--exit-codes=detailed", *words.split()).ends(8) == told


def test_activated_by_systemd(stack: ExitStack, folder: Path) -> None:
    activate = needs("systemd-socket-activate")
    paths = [str(folder / name) for name in ("a", "b")]
    words = [word for path in paths for word in ("-l", path)]
    program = stack.enter_context(
        Program(activate, *words, *PYNC, "-lkv", "systemd:", "--exec=cat")
    )
    program.hears(rb"(?s)(Listening on .* as \d.*){2}\n")
    # The first client makes systemd start pync.
    for path in paths:
        with socket.socket(socket.AF_UNIX) as sock:
            client = Peer(sock)
            sock.connect(path)
            client.says(b"hello")
            client.half_closes()
            assert client.hears_rest() == b"hello"
    program.hears(b"Connection received on")
    assert all(Path(path).is_socket() for path in paths)


def test_datagrams_on_all_that_systemd_passes(child_of_datagrams: Start, box: Mailbox) -> None:
    program = child_of_datagrams("-lkv", "systemd:", f"udp://127.0.0.1:{box.port}")
    program.hears(rb"(?s)Bound on .*Bound on .*\n")
    ports = [int(line.split()[-1]) for line in program.said.splitlines()[:2]]
    for port in ports:
        for word in (b"one", b"two"):
            with mailbox() as peer:
                peer.says(word, ("127.0.0.1", port))
                box.hears(word)
                box.says(word[::-1])
                peer.hears(word[::-1])


def test_first_peer_of_an_inherited_datagram_socket(
    child_of_datagrams: Start, box: Mailbox
) -> None:
    program = child_of_datagrams("-lvu", "-w1", "fd:4", f"127.0.0.1:{box.port}")
    port = heard_port(program)
    with mailbox() as peer, mailbox() as stranger:
        peer.says(b"hello", ("127.0.0.1", port))
        box.hears(b"hello")
        stranger.says(b"me too", ("127.0.0.1", port))
        peer.says(b"again", ("127.0.0.1", port))
        box.hears(b"again")
        box.says(b"answer")
        peer.hears(b"answer")
    assert b"idle for 1 s" in program.ends(1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-lk fd:3 tcp://127.0.0.1:9", b"is a socket for datagrams, not for connections\n"),
        ("-l fd:3", b"is a socket for datagrams, not for connections\n"),
    ],
)
def test_datagram_socket_cannot_accept_connections(
    child_of_datagrams: Start, words: str, said: bytes
) -> None:
    assert child_of_datagrams(*words.split()).ends(1).endswith(said)


def test_stream_socket_cannot_receive_datagrams(child: Start) -> None:
    said = child("-lk", "fd:3", "udp://127.0.0.1:9").ends(1)
    assert said.endswith(b"descriptor 3 is a socket for connections, not for datagrams\n")


def test_activated_by_systemd_with_a_datagram(stack: ExitStack, folder: Path) -> None:
    activate = needs("systemd-socket-activate")
    path = str(folder / "s")
    words = ("--datagram", "-l", path, *PYNC, "-lkv", "systemd:")
    program = stack.enter_context(Program(activate, *words, f"unixgram:{folder}/far"))
    program.hears(rb"Listening on .* as \d.*\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(f"{folder}/far")
        server.settimeout(DEADLINE)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.bind("")
            client.settimeout(DEADLINE)
            # The first datagram makes systemd start pync, and is not lost.
            client.sendto(b"question", path)
            question, sender = server.recvfrom(100)
            assert question == b"question"
            server.sendto(b"answer", sender)
            assert client.recv(100) == b"answer"
    assert Path(path).is_socket()
