"""Many small things: round trips, datagrams, short connections, starts, scans."""

from __future__ import annotations

import os
import re
import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from measure import PATIENCE, Failed, Sample, await_listener, free_port, running
from programs import Peer
from transfers import Scratch

#: How many of each.
ROUND_TRIPS, LARGE_ROUND_TRIPS, DATAGRAMS, CONNECTIONS, STARTS = 5000, 1000, 20000, 10_000, 10

LARGE = 64 * 1024


def round_trips(peer: Peer, _scratch: Scratch) -> Sample:
    """One byte through the program to an echo server and back, 5,000 times."""
    return _round_trips(peer, b"x", ROUND_TRIPS)


def large_round_trips(peer: Peer, _scratch: Scratch) -> Sample:
    """The same with 64 KiB, 1,000 times."""
    return _round_trips(peer, os.urandom(LARGE), LARGE_ROUND_TRIPS)


def _round_trips(peer: Peer, data: bytes, times: int) -> Sample:
    with _echo() as port:
        words = peer.words("talk", port=port)
        with running(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as program:
            typing, showing = program.process.stdin, program.process.stdout
            assert typing is not None
            assert showing is not None
            began = 0.0
            # The first round trip includes the program's start, and is not counted.
            for number in range(times + 1):
                _write(typing.fileno(), data)
                if _read(showing.fileno(), len(data)) != data:
                    raise Failed("another echo came")
                began = began if number else time.perf_counter()
            seconds = time.perf_counter() - began
            program.look_at_memory()
            typing.close()
            program.wait()
    return Sample(seconds, program.cpu, program.memory, times)


@contextmanager
def _echo() -> Iterator[int]:
    """Run an echo server for one client, in a thread; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            conn, _ = server.accept()
            with conn:
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while data := conn.recv(1 << 18):
                    conn.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join(PATIENCE)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _read(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not select.select([descriptor], [], [], PATIENCE)[0]:
            raise Failed("no answer came")
        piece = os.read(descriptor, size - len(data))
        if not piece:
            raise Failed("it ended early")
        data += piece
    return data


def datagrams(peer: Peer, _scratch: Scratch) -> Sample:
    """20,000 datagrams of 1 KiB to a listener, at most 32 on the way; none may be lost."""
    port = free_port(socket.SOCK_DGRAM)
    words = peer.words("datagrams", port=port)
    with (
        running(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0) as program,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
    ):
        await_listener(port, "udp")
        sock.connect(("127.0.0.1", port))
        showing = program.process.stdout
        assert showing is not None
        began, came = time.perf_counter(), 0
        for sent in range(1, DATAGRAMS + 1):
            sock.send(sent.to_bytes(4, "big") * 256)
            while sent * 1024 - came > 32 * 1024:
                came += len(_read_some(showing.fileno()))
        while came < DATAGRAMS * 1024:
            came += len(_read_some(showing.fileno()))
        seconds = time.perf_counter() - began
        program.stop()
    return Sample(seconds, program.cpu, program.memory, DATAGRAMS)


def _read_some(descriptor: int) -> bytes:
    if not select.select([descriptor], [], [], 5)[0]:
        raise Failed("a datagram was lost")
    return os.read(descriptor, 1 << 16)


def short_connections(peer: Peer, _scratch: Scratch) -> Sample:
    """10,000 clients, one after the other: connect, a line, FIN, wait for the end."""
    port = free_port()
    words = peer.words("serve", port=port)
    with running(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0) as program:
        await_listener(port)
        showing = program.process.stdout
        assert showing is not None
        began = time.perf_counter()
        for _ in range(CONNECTIONS):
            with socket.create_connection(("127.0.0.1", port), 20) as sock:
                sock.sendall(b"hello\n")
                sock.shutdown(socket.SHUT_WR)
                if _read(showing.fileno(), 6) != b"hello\n" or sock.recv(1):
                    raise Failed("something else came")
        seconds = time.perf_counter() - began
        program.stop()
    return Sample(seconds, program.cpu, program.memory, CONNECTIONS)


def version(peer: Peer, _scratch: Scratch) -> Sample:
    """Start, say the version, end; ten times."""
    return _starts(peer.words("version"))


def scan_one(peer: Peer, _scratch: Scratch) -> Sample:
    """-z of one port; ten times."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        if "scan" not in peer.roles:
            return version(peer, _scratch)
        return _starts(peer.words("scan", ports=server.getsockname()[1]))


def _starts(words: list[str]) -> Sample:
    began, cpu, memory = time.perf_counter(), 0.0, 0
    for _ in range(STARTS):
        with running(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as program:
            program.wait()
        cpu, memory = cpu + program.cpu, max(memory, program.memory)
    return Sample(time.perf_counter() - began, cpu, memory, STARTS)


#: Counts the instructions of a program where the processor's own counters are not available.
COUNTER = "valgrind"


def counted(role: str) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement of the instructions of one start, instead of its time."""

    def measure(peer: Peer, _scratch: Scratch) -> Sample:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
            asked = role if role in peer.roles else "version"
            words = peer.words(asked, ports=server.getsockname()[1])
            program = subprocess.run(
                [COUNTER, "--tool=callgrind", "--callgrind-out-file=/dev/null", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=PATIENCE,
            )
        found = re.search(rb"Collected : (\d+)", program.stderr)
        if found is None:
            raise Failed("nothing was counted")
        return Sample(float(found.group(1)), amount=1)

    measure.__doc__ = f"Instructions of a start: {role}."
    return measure


def scan(peer: Peer, _scratch: Scratch) -> Sample:
    """-z of all 65,535 ports of loopback."""
    began = time.perf_counter()
    words = peer.words("scan", ports="1-65535")
    with running(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as program:
        program.wait()
    return Sample(time.perf_counter() - began, program.cpu, program.memory, 65535)
