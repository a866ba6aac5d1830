"""One command for each client (-lk --exec): how many run at once, and when they are stopped."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import DEADLINE, Mailbox, Peer, connected, mailbox
from ..programs import Program, until
from .conftest import Start, heard_port

#: A command that prints its process ID and keeps running, even when its input ends.
STAYS = "echo $$; exec sleep 60"

#: The same with a child process, and both ignore SIGTERM.
HAS_A_CHILD = "sleep 60 & echo $!; wait"
IS_DEAF = "trap '' TERM; echo $$; while :; do sleep 1; done"


def number_of_command(peer: Peer) -> int:
    line = b""
    while not line.endswith(b"\n"):
        piece = peer.sock.recv(1)
        assert piece, line
        line += piece
    return int(line)


def is_reaped(number: int) -> Callable[[], bool]:
    """Whether the process has left the process table: its parent has waited for it."""

    def look() -> bool:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        return False

    return look


def is_gone(number: int) -> Callable[[], bool]:
    """Whether the process has ended; its parent may have ended before it waited.

    The first process of a container may never wait for orphans: a zombie counts as ended.
    """

    def look() -> bool:
        try:
            return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return is_reaped(number)()

    return look


def serving(pync: Start, *words: str) -> tuple[Program, int]:
    program = pync("-lkv", *words, "127.0.0.1", "0")
    return program, heard_port(program)


@pytest.mark.parametrize("dialect", [(), ("--as=ncat",)])
def test_command_counts_until_it_ends(pync: Start, dialect: tuple[str, ...]) -> None:
    """Even when its client has left, or when it has closed its own output."""
    for command in (STAYS, "echo $$; exec >&-; exec sleep 60"):
        program = pync(*dialect, "-lkv", "--max-conns=1", "-c", command, "127.0.0.1", "0")
        found = program.hears(rb"istening on 127.0.0.1[: ](\d+)\n")
        port = int(found.group(1))
        with connected(port) as first:
            number = number_of_command(first)
        with connected(port) as second:
            second.hears_end()
        program.hears(rb"connection limit reached \(1\)")
        os.kill(number, signal.SIGTERM)
        until(is_reaped(number), "the command to end and to be reaped", program)
        with connected(port) as third:
            assert number_of_command(third) != number
        program.process.terminate()
        program.ends(-signal.SIGTERM)


def test_hundred_commands_at_once_by_default(pync: Start, stack: ExitStack) -> None:
    program, port = serving(pync, "--exec", "cat")
    clients = [stack.enter_context(connected(port)) for _ in range(101)]
    for client in clients[:100]:
        client.says(b"x")
        client.hears(b"x")
    clients[100].hears_end()
    program.hears(rb"connection limit reached \(100\)")


def test_consecutive_clients_are_all_served(pync: Start) -> None:
    """A client that has seen the end of one command can start the next one at once."""
    program, port = serving(pync, "--max-conns=1", "-c", "read word; echo $word")
    for number in range(30):
        with connected(port) as client:
            client.says(b"%d\n" % number)
            assert client.hears_rest() == b"%d\n" % number
    program.process.terminate()
    assert b"limit" not in program.ends(-signal.SIGTERM)


@pytest.mark.parametrize("command", [STAYS, HAS_A_CHILD, IS_DEAF])
@pytest.mark.parametrize("half_closes", [False, True])
def test_reset_ends_the_command(pync: Start, command: str, half_closes: bool) -> None:
    program, port = serving(pync, "-c", command)
    with connected(port) as client:
        number = number_of_command(client)
        if half_closes:
            client.half_closes()
        client.resets()
    until(is_gone(number), "the command to end", program)
    program.hears(rb"connection reset by peer\n")


def test_command_of_an_idle_client_is_stopped(pync: Start) -> None:
    program, port = serving(pync, "-c", STAYS, "--idle-timeout=300ms")
    with connected(port) as client:
        number = number_of_command(client)
        client.hears_end()
    until(is_gone(number), "the command to end", program)


def test_all_commands_are_stopped_when_pync_ends(pync: Start, stack: ExitStack) -> None:
    """Commands that ignore SIGTERM are waited for together."""
    program, port = serving(pync, "-c", IS_DEAF)
    clients = [stack.enter_context(connected(port)) for _ in range(15)]
    numbers = [number_of_command(client) for client in clients]
    began = time.monotonic()
    program.process.terminate()
    program.ends(-signal.SIGTERM)
    # (One after the other they would take thirty.)
    assert time.monotonic() - began < 25
    assert all(is_gone(number)() for number in numbers)


# Datagrams: each peer is a client.


COUNTS = "n=0; while read line; do n=$((n+1)); echo $line $n; done"


def test_each_udp_peer_has_a_command(pync: Start, stack: ExitStack) -> None:
    program = pync("-lukv", "-c", COUNTS, "127.0.0.1", "0")
    to = ("127.0.0.1", heard_port(program))
    one, other = (stack.enter_context(mailbox()) for _ in range(2))
    for number in (1, 2, 3):
        for word, box in ((b"one", one), (b"other", other)):
            box.says(word + b"\n", to)
            box.hears(b"%s %d\n" % (word, number))


def test_udp_peers_count_until_their_commands_end(pync: Start, stack: ExitStack) -> None:
    words = ("--max-conns=1", "-c", "read line; echo $line")
    program = pync("-lukv", *words, "127.0.0.1", "0")
    to = ("127.0.0.1", heard_port(program))
    one, other = (stack.enter_context(mailbox()) for _ in range(2))
    one.says(b"", to)
    program.hears(rb"Connection received")
    other.says(b"lost\n", to)
    program.hears(rb"connection limit reached \(1\)")
    one.says(b"hello\n", to)
    one.hears(b"hello\n")
    says_until_heard(other, b"again\n", to)


def says_until_heard(box: Mailbox, word: bytes, to: object) -> None:
    """Send a datagram repeatedly until it is answered: it is lost while the limit is reached."""
    box.sock.settimeout(0.05)
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        box.says(word, to)
        try:
            assert box.sock.recv(100) == word
        except TimeoutError:
            continue
        return
    pytest.fail(f"{word!r} was never heard")


def test_command_of_a_silent_udp_peer_gets_eof(pync: Start, stack: ExitStack) -> None:
    program = pync("-lukv", "--idle-timeout=200ms", "-c", "wc -c", "127.0.0.1", "0")
    to = ("127.0.0.1", heard_port(program))
    box = stack.enter_context(mailbox())
    for _ in range(2):
        box.says(b"12", to)
        box.says(b"345", to)
        box.hears(b"5\n")


def test_command_that_keeps_running_is_stopped(pync: Start, stack: ExitStack) -> None:
    program = pync("-lukv", "--idle-timeout=200ms", "-c", STAYS, "127.0.0.1", "0")
    box = stack.enter_context(mailbox())
    box.says(b"x", ("127.0.0.1", heard_port(program)))
    number = int(box.sock.recv(100))
    until(is_gone(number), "the command to end", program)
    program.hears(rb"idle for 0.2 s\n")


def test_each_peer_of_a_unix_datagram_socket_has_a_command(
    pync: Start, stack: ExitStack, folder: object
) -> None:
    path = f"{folder}/socket"
    program = pync("-lukvU", "-c", COUNTS, path)
    program.hears(rb"Bound on ")
    one, other = (stack.enter_context(pync("-uU", path)) for _ in range(2))
    for number in (1, 2):
        for word, client in ((b"one", one), (b"other", other)):
            client.write(word + b"\n")
            assert client.read(len(word) + 3) == b"%s %d\n" % (word, number)


@pytest.mark.parametrize("near", ["tcp", "unix"])
@pytest.mark.parametrize("end", ["exit 3", "kill -9 $$", "exec 1>&-; sleep 0.2"])
def test_end_of_a_command_always_sends_fin(pync: Start, folder: Path, near: str, end: str) -> None:
    words = ("127.0.0.1", "0") if near == "tcp" else (f"unix:{folder}/near",)
    program = pync("-lkv", *words, f"exec:sh -c 'printf all; {end}'")
    if near == "tcp":
        where: object = ("127.0.0.1", heard_port(program))
        family = socket.AF_INET
    else:
        program.hears(b"Listening on ")
        where, family = f"{folder}/near", socket.AF_UNIX
    with socket.socket(family) as sock:
        sock.settimeout(DEADLINE)
        sock.connect(where)  # type: ignore[arg-type]
        assert Peer(sock).hears_rest() == b"all"
