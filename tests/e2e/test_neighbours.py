"""A client that never pauses does not keep the others waiting."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from ..peer import DEADLINE, Peer, connected
from ..programs import Program
from .conftest import Start, heard_port

#: Seconds that a median message may take beside two other clients that never
#: pause. (It takes some milliseconds on an idle machine.)
PATIENCE = 0.25

MESSAGES = 20


@contextmanager
def drained(peer: Peer) -> Iterator[None]:
    """Read all incoming data in a thread meanwhile."""

    def read() -> None:
        try:
            while peer.sock.recv(1 << 18):
                pass
        except OSError:
            pass

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        try:
            peer.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        thread.join(DEADLINE)


@contextmanager
def going_on(act: Callable[[], None]) -> Iterator[None]:
    """Repeat an action in a thread."""
    over = threading.Event()

    def repeat() -> None:
        try:
            while not over.is_set():
                act()
        except OSError:
            pass  # the program has exited, or closed the connection

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(DEADLINE)


def neighbour(stack: ExitStack, port: int, says: bytes) -> None:
    """A client that sends this repeatedly and reads all incoming data."""
    peer = stack.enter_context(connected(port))
    stack.enter_context(going_on(lambda: peer.says(says)))
    stack.enter_context(drained(peer))


def comes_and_goes(stack: ExitStack, port: int) -> None:
    """A client that connects and disconnects repeatedly."""

    def come() -> None:
        with ExitStack() as several:
            for _ in range(20):
                several.enter_context(connected(port))

    stack.enter_context(going_on(come))


@contextmanager
def unheard(program: Program) -> Iterator[None]:
    """Read its reports about clients, so that it never waits for a reader; stop it afterwards."""
    assert program.process.stderr is not None
    thread = threading.Thread(target=program.process.stderr.read)
    thread.start()
    try:
        yield
    finally:
        program.process.terminate()
        thread.join(DEADLINE)


def delays(speaker: Peer, hearer: Peer) -> list[float]:
    found = []
    for number in range(MESSAGES):
        word = b"<message %d>" % number
        began = time.monotonic()
        speaker.says(word + b"\n")
        heard = b""
        while word not in heard:
            piece = hearer.sock.recv(1 << 18)
            assert piece, f"FIN before {word!r}"
            heard = heard[-len(word) :] + piece
        found.append(time.monotonic() - began)
    return found


@pytest.mark.parametrize("says", [b"\n" * 65536, b"\xff" * 65536], ids=["lines", "escapes"])
def test_beside_one_who_floods_a_chat(pync: Start, stack: ExitStack, says: bytes) -> None:
    port = heard_port(pync("-lkv", "--chat", "127.0.0.1", "0"))
    speaker, hearer = (stack.enter_context(connected(port)) for _ in range(2))
    for _ in range(2):
        neighbour(stack, port, says)
    with drained(speaker):
        assert statistics.median(delays(speaker, hearer)) < PATIENCE


def test_beside_the_flood_of_a_command(pync: Start, stack: ExitStack) -> None:
    port = heard_port(pync("-lkv", "--exec", "cat", "127.0.0.1", "0"))
    peer = stack.enter_context(connected(port))
    for _ in range(2):
        neighbour(stack, port, bytes(65536))
    assert statistics.median(delays(peer, peer)) < PATIENCE


def test_beside_clients_that_come_and_go(pync: Start, stack: ExitStack) -> None:
    program = pync("-lkv", "--exec", "cat", "127.0.0.1", "0")
    port = heard_port(program)
    stack.enter_context(unheard(program))
    peer = stack.enter_context(connected(port))
    peer.says(b"x")
    peer.hears(b"x")
    comes_and_goes(stack, port)
    assert statistics.median(delays(peer, peer)) < PATIENCE
