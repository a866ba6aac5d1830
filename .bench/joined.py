"""Two addresses joined (``pync -lk A B``): bytes, connections and round trips through a relay.

Clients and servers are in this module, in one process or two, the same for every relay. The cost
of a relay that forks includes its children if it waits for them (socat); ncat does not.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from measure import PATIENCE, Failed, Running, Sample, await_listener, digest, free_port, running
from programs import Peer
from relays import receive
from transfers import SIZE, Scratch

#: The numbers of short connections, round trips, and transfers at once; the bytes of one read.
CONNECTIONS, ROUND_TRIPS, AT_ONCE, _READ = 1000, 5000, 100, 1 << 18

#: Clients at a time, each in a process.
CLIENTS = 4

#: TLS is slower: a share of a transfer.
TLS_SIZE = SIZE // 4

_HAPROXY = """\
global
    maxconn 9000
    nbthread {threads}
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend near
    bind 127.0.0.1:{port} backlog 1024 {tls}
    default_backend far
backend far
    server only {target}
"""


_TINYPROXY = """\
Port {port}
Listen 127.0.0.1
Timeout 60
MaxClients 500
LogLevel Critical
LogFile "/dev/null"
"""


class Line(NamedTuple):
    """A running relay: the port of clients, and the server that it connects to."""

    relay: Running
    port: int
    server: socket.socket

    def client(self) -> socket.socket:
        """Return one more client."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)


@contextmanager
def joined(peer: Peer, role: str, scratch: Scratch) -> Iterator[Line]:
    """Run a relay to a server of ours."""
    port, path = free_port(), scratch.folder / "onward"
    path.unlink(missing_ok=True)
    if role.endswith("-unix"):
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen(1024)
        number, target = 0, f"unix@{path}"
    else:
        server = socket.create_server(("127.0.0.1", 0), backlog=1024)
        number = int(server.getsockname()[1])
        target = f"127.0.0.1:{number}"
    settings = scratch.folder / "haproxy.cfg"
    tls = f"ssl crt {scratch.certificate}" if role.endswith("-tls") else ""
    threads = 2 if role.endswith("-workers") else 1
    settings.write_text(_HAPROXY.format(port=port, target=target, tls=tls, threads=threads))
    values = {"target": number, "path": path, "certificate": scratch.certificate}
    words = peer.words(role, port=port, settings=settings, **values)
    with server, running(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as relay:
        await_listener(port)
        yield Line(relay, port, server)


def _cost(peer: Peer, relay: Running) -> tuple[float, int]:
    """End the relay; return its CPU seconds and its maximum of bytes."""
    relay.look_at_memory()
    pid, end = relay.process.pid, time.monotonic() + PATIENCE
    # The cost of its children is added to its own once it has waited for them.
    while Path(f"/proc/{pid}/task/{pid}/children").read_text() and time.monotonic() < end:
        time.sleep(0.002)
    relay.process.send_signal(signal.SIGTERM)
    relay.wait()
    return (0.0 if peer.name == "ncat" else relay.cpu), relay.memory


def bulk(role: str) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement of one connection."""

    def measure(peer: Peer, scratch: Scratch) -> Sample:
        copy, size = scratch.folder / "copy", TLS_SIZE if role.endswith("-tls") else SIZE
        with joined(peer, role, scratch) as line:
            with _secured(line.client(), role, scratch) as client:
                conn, _ = line.server.accept()
                client.settimeout(None)
                sending = threading.Thread(target=_send, args=(client, scratch.payload, size))
                began = time.perf_counter()
                sending.start()
                with conn, copy.open("wb") as out:
                    receive(conn, out.fileno())
                seconds = time.perf_counter() - began
                sending.join()
            cpu, memory = _cost(peer, line.relay)
        if copy.stat().st_size != size or (size == SIZE and digest(copy) != scratch.hash):
            raise Failed("the copy differs")
        copy.unlink()
        return Sample(seconds, cpu, memory, size)

    measure.__doc__ = f"A file through one connection of a relay ({role}), to a file."
    return measure


def _secured(client: socket.socket, role: str, scratch: Scratch) -> socket.socket:
    if not role.endswith("-tls"):
        return client
    context = ssl.create_default_context(cafile=str(scratch.certificate))
    return context.wrap_socket(client, server_hostname="localhost")


def _send(client: socket.socket, payload: Path, size: int) -> None:
    with payload.open("rb") as file:
        if not isinstance(client, ssl.SSLSocket):
            while os.sendfile(client.fileno(), file.fileno(), None, 1 << 20):
                pass
            client.shutdown(socket.SHUT_WR)
            return
        while size:
            piece = file.read(min(size, _READ))
            client.sendall(piece)
            size -= len(piece)
        # Some programs close at once at an end.
        with suppress(OSError):
            client.unwrap()


def many(role: str) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement of a hundred connections at once."""

    def measure(peer: Peer, scratch: Scratch) -> Sample:
        share = SIZE // AT_ONCE
        with joined(peer, role, scratch) as line, selectors.DefaultSelector() as ready:
            clients = [line.client() for _ in range(AT_ONCE)]
            conns = [line.server.accept()[0] for _ in clients]
            for conn in conns:
                conn.setblocking(False)
                ready.register(conn, selectors.EVENT_READ)
            sending = threading.Thread(target=_send_all, args=(clients, scratch.payload, share))
            began = time.perf_counter()
            sending.start()
            came, buffer = 0, bytearray(_READ)
            while ready.get_map():
                for key, _ in ready.select(PATIENCE) or _nothing():
                    conn = key.fileobj
                    assert isinstance(conn, socket.socket)
                    size = conn.recv_into(buffer)
                    came += size
                    if not size:
                        ready.unregister(conn)
            seconds = time.perf_counter() - began
            sending.join()
            for sock in (*clients, *conns):
                sock.close()
            cpu, memory = _cost(peer, line.relay)
        if came != share * AT_ONCE:
            raise Failed(f"{came} bytes came")
        return Sample(seconds, cpu, memory, came)

    measure.__doc__ = f"{AT_ONCE} connections at once of a relay ({role}), their bytes counted."
    return measure


def _nothing() -> list[tuple[selectors.SelectorKey, int]]:
    raise Failed("nothing comes any more")


def _send_all(clients: list[socket.socket], payload: Path, share: int) -> None:
    with payload.open("rb") as file, selectors.DefaultSelector() as ready:
        sent = dict.fromkeys(clients, 0)
        for client in clients:
            client.setblocking(False)
            ready.register(client, selectors.EVENT_WRITE)
        while ready.get_map():
            for key, _ in ready.select():
                client = key.fileobj
                assert isinstance(client, socket.socket)
                left = share - sent[client]
                sent[client] += os.sendfile(
                    client.fileno(), file.fileno(), sent[client], min(left, _READ)
                )
                if sent[client] == share:
                    ready.unregister(client)
                    client.shutdown(socket.SHUT_WR)


def connections(role: str) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement of short connections."""

    def measure(peer: Peer, scratch: Scratch) -> Sample:
        with joined(peer, role, scratch) as line, _serving(line.server, b"answer\n"):
            began = time.perf_counter()
            for _ in range(CONNECTIONS):
                with line.client() as client:
                    _ask(client)
            seconds = time.perf_counter() - began
            cpu, memory = _cost(peer, line.relay)
        return Sample(seconds, cpu, memory, CONNECTIONS)

    measure.__doc__ = (
        f"{CONNECTIONS:,} clients through a relay ({role}), one after the other: a line, FIN, "
        "the answer, the end."
    )
    return measure


def crowded(role: str) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement of short connections, several at a time."""

    def measure(peer: Peer, scratch: Scratch) -> Sample:
        with joined(peer, role, scratch) as line, ExitStack() as stack:
            for _ in range(CLIENTS):
                stack.enter_context(_serving(line.server, b"answer\n"))
            began = time.perf_counter()
            clients = [_client(line.port, CONNECTIONS // CLIENTS) for _ in range(CLIENTS)]
            failed = sum(os.waitpid(pid, 0)[1] != 0 for pid in clients)
            if failed:
                raise Failed(f"{failed} clients lost an answer")
            seconds = time.perf_counter() - began
            cpu, memory = _cost(peer, line.relay)
        return Sample(seconds, cpu, memory, CONNECTIONS)

    measure.__doc__ = f"{CONNECTIONS:,} clients through a relay ({role}), {CLIENTS} at a time."
    return measure


def _client(port: int, count: int) -> int:
    """Run the clients of one process; return its number."""
    pid = os.fork()
    if not pid:
        status = 1
        with suppress(OSError, Failed):
            for _ in range(count):
                with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
                    _ask(client)
            status = 0
        os._exit(status)
    return pid


def _ask(client: socket.socket) -> None:
    """Send a line and FIN; read the answer and its end. Raises Failed, OSError."""
    client.sendall(b"question\n")
    client.shutdown(socket.SHUT_WR)
    heard = b""
    while piece := client.recv(100):
        heard += piece
    if heard != b"answer\n":
        raise Failed(f"{heard!r} came")


def proxied(
    role: str, shake_hands: Callable[[socket.socket, int], None]
) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement of short connections through a proxy server."""

    def measure(peer: Peer, scratch: Scratch) -> Sample:
        port, settings = free_port(), scratch.folder / "tinyproxy.conf"
        settings.write_text(_TINYPROXY.format(port=port))
        words = peer.words(role, port=port, settings=settings)
        with (
            socket.create_server(("127.0.0.1", 0), backlog=1024) as server,
            running(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as proxy,
            _serving(server, b""),
        ):
            await_listener(port)
            began = time.perf_counter()
            for _ in range(CONNECTIONS):
                # (No FIN: some proxies do not support half-close, and would end the connection.)
                with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
                    shake_hands(client, int(server.getsockname()[1]))
                    client.sendall(b"question\n")
                    if client.recv(100) != b"question\n":
                        raise Failed("another echo came")
            seconds = time.perf_counter() - began
            cpu, memory = _cost(peer, proxy)
        return Sample(seconds, cpu, memory, CONNECTIONS)

    measure.__doc__ = (
        f"{CONNECTIONS:,} clients of a proxy server ({role}), one after the other: the handshake, "
        "a line, its echo."
    )
    return measure


def round_trips(role: str) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement of round trips of one byte."""

    def measure(peer: Peer, scratch: Scratch) -> Sample:
        with joined(peer, role, scratch) as line, _serving(line.server, b""):
            with line.client() as client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                began = 0.0
                # The first round trip includes the connection's start, and is not counted.
                for number in range(ROUND_TRIPS + 1):
                    client.sendall(b"x")
                    if client.recv(10) != b"x":
                        raise Failed("another echo came")
                    began = began if number else time.perf_counter()
                seconds = time.perf_counter() - began
            cpu, memory = _cost(peer, line.relay)
        return Sample(seconds, cpu, memory, ROUND_TRIPS)

    measure.__doc__ = (
        f"One byte through a relay ({role}) to an echo and back, {ROUND_TRIPS:,} times."
    )
    return measure


@contextmanager
def _serving(server: socket.socket, answer: bytes) -> Iterator[None]:
    """Run a server in its own process: it sends an answer at the end, or echoes without one."""
    pid = os.fork()
    if not pid:
        with suppress(OSError):
            while True:
                conn, _ = server.accept()
                with conn:
                    while data := conn.recv(1 << 16):
                        if not answer:
                            conn.sendall(data)
                    conn.sendall(answer)
        os._exit(0)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def held(count: int) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement of the memory of silent connections."""

    def measure(peer: Peer, scratch: Scratch) -> Sample:
        with joined(peer, "relay", scratch) as line:
            crowd: list[socket.socket] = []
            try:
                _hold(line, crowd, 2)
                before = _resident(line.relay.process.pid)
                _hold(line, crowd, count)
                memory = _resident(line.relay.process.pid) - before
            finally:
                for sock in crowd:
                    sock.close()
            cpu, most = _cost(peer, line.relay)
        return Sample(memory / count, cpu, most, count)

    measure.__doc__ = (
        f"Bytes for each of {count:,} held connections: PSS of all the relay's processes."
    )
    return measure


def _hold(line: Line, crowd: list[socket.socket], count: int) -> None:
    for _ in range(count):
        client = line.client()
        line.server.settimeout(PATIENCE)
        crowd += [client, line.server.accept()[0]]
        # Send a byte through it: then the relay has allocated everything for the connection.
        client.sendall(b"x")
        if crowd[-1].recv(1) != b"x":
            raise Failed("another byte came")


def _resident(pid: int) -> int:
    """Return the resident bytes of a process and its descendants; shared memory counts once."""
    total = 0
    with suppress(OSError):
        for text in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if text.startswith("Pss:"):
                total = int(text.split()[1]) * 1024
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += _resident(int(child))
    return total
