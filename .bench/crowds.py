"""Many clients at once: a broker's fan-out, and the cost of an idle client."""

from __future__ import annotations

import os
import resource
import select
import socket
import subprocess
import time
from collections.abc import Callable

from measure import PATIENCE, Failed, Sample, await_listener, free_port, running
from programs import Peer
from transfers import Scratch

#: Messages of a fan-out, and the bytes of each; fewer messages to very many clients.
MESSAGES, SIZE = 200, 1024

#: Connections that every listener's queue can hold, and the seconds to accept them: if the queue
#: is full (ncat: 10), a client tries again only after a second.
BACKLOG, PAUSE = 8, 0.002

#: Lines of the client that sends, among idle clients.
LINES = 1000


def fan_out(clients: int, messages: int = MESSAGES) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement in which one client sends, and all others receive every byte."""

    def measure(peer: Peer, _scratch: Scratch) -> Sample:
        port = free_port()
        words = peer.words("broker", port=port)
        with running(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as program:
            await_listener(port)
            crowd = _connected(port, clients + 1)
            try:
                _settle(crowd)
                seconds = _speak(crowd[0], crowd[1:], messages)
                memory = program.resident()
            finally:
                for sock in crowd:
                    sock.close()
            program.stop()
        return Sample(seconds, program.cpu, memory, clients * messages)

    measure.__doc__ = f"{messages} messages of {SIZE} bytes to {clients:,} others."
    return measure


def one_of_many(idle: int) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement of one client that sends lines one by one, beside idle ones."""

    def measure(peer: Peer, _scratch: Scratch) -> Sample:
        port = free_port()
        words = peer.words("room", port=port)
        with running(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as program:
            await_listener(port)
            shown = program.process.stdout
            assert shown is not None
            crowd = _connected(port, idle + 1)
            try:
                # It came last: once its lines are shown, all clients are accepted.
                _show_lines(crowd[-1], shown.fileno(), 1)
                began = time.perf_counter()
                _show_lines(crowd[-1], shown.fileno(), LINES)
                seconds = time.perf_counter() - began
                memory = program.resident()
            finally:
                for sock in crowd:
                    sock.close()
            program.stop()
        return Sample(seconds, program.cpu, memory, LINES)

    measure.__doc__ = f"{LINES:,} lines of one client, shown one by one, beside {idle:,} idle ones."
    return measure


def _show_lines(sock: socket.socket, shown: int, lines: int) -> None:
    poll = select.poll()
    poll.register(shown, select.POLLIN)
    for _ in range(lines):
        sock.sendall(b"line\n")
        if not poll.poll(PATIENCE * 1000):
            raise Failed("a line was not shown")
        if os.read(shown, 100) != b"line\n":
            raise Failed("another line was shown")


def idle_clients(peer: Peer, _scratch: Scratch) -> Sample:
    """Bytes resident for each of 900 clients that say nothing."""
    port, clients = free_port(), 900
    words = peer.words("broker", port=port)
    with running(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as program:
        await_listener(port)
        first = _connected(port, 2)
        _settle(first)
        before = program.resident()
        crowd = _connected(port, clients)
        try:
            _settle([first[0], crowd[-1]])
            memory = program.resident() - before
        finally:
            for sock in (*first, *crowd):
                sock.close()
        program.stop()
    # The bytes of one client take the place of seconds, for the ratio.
    return Sample(memory / clients, program.cpu, memory, clients)


def _connected(port: int, clients: int) -> list[socket.socket]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if clients + 100 > soft:
        if clients + 100 > hard:
            raise Failed(f"this machine allows {hard} descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd: list[socket.socket] = []
    while len(crowd) < clients:
        sock = socket.create_connection(("127.0.0.1", port), 20)
        sock.settimeout(20)
        crowd.append(sock)
        if not len(crowd) % BACKLOG:
            time.sleep(PAUSE)
    return crowd


def _settle(crowd: list[socket.socket]) -> None:
    """Wait until the last client is accepted: it receives what the first one sends."""
    poll = select.poll()
    poll.register(crowd[-1], select.POLLIN)
    for _ in range(200):
        crowd[0].sendall(b".")
        if poll.poll(100):
            break
    else:
        raise Failed("the last client hears nothing")
    # Clients that were accepted earlier have received more points: read them all.
    crowd[0].sendall(b"!")
    for sock in crowd[1:]:
        heard = b""
        while not heard.endswith(b"!"):
            piece = sock.recv(4096)
            if not piece:
                raise Failed("a client was thrown out")
            heard += piece


def _speak(speaker: socket.socket, crowd: list[socket.socket], messages: int) -> float:
    message, left = b"m" * SIZE, {}
    poll = select.epoll()
    for sock in crowd:
        sock.setblocking(False)
        poll.register(sock, select.EPOLLIN)
        left[sock.fileno()] = (sock, messages * SIZE)
    to_say = memoryview(message * messages)
    speaker.setblocking(False)
    poll.register(speaker, select.EPOLLOUT)
    began = time.perf_counter()
    while left:
        ready = poll.poll(PATIENCE)
        if not ready:
            raise Failed(f"{len(left)} clients have not heard all")
        for descriptor, _ in ready:
            if descriptor == speaker.fileno():
                to_say = to_say[speaker.send(to_say[:65536]) :]
                if not to_say:
                    poll.unregister(speaker)
                continue
            sock, missing = left[descriptor]
            data = sock.recv(1 << 18)
            if not data:
                raise Failed("a client was thrown out")
            missing -= len(data)
            if missing:
                left[descriptor] = (sock, missing)
            else:
                del left[descriptor]
                poll.unregister(sock)
    poll.close()
    return time.perf_counter() - began
