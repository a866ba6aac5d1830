"""Small servers and clients that imitate well-known ones, and keep what they receive.

Each is a function of one connection, and ends the connection as the real program does.
"""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from conformance.targets.ports import reserved_port

from ..peer import DEADLINE
from ..programs import unused_udp_port

#: Stops a waiting UDP server; no command line of the corpus sends it.
LAST = b"\0last\0"


class Call:
    """One connection of a fake server; the received data is kept.

    Arguments:
        sock: connected; owned from now on.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""
        self._waiting = b""
        sock.settimeout(DEADLINE)

    def more(self) -> bytes:
        """Return the next piece; ``b""`` at FIN and at RST."""
        try:
            piece = self.sock.recv(65536)
        except OSError:
            piece = b""
        self.received += piece
        return piece

    def lines(self) -> Iterator[bytes]:
        """Yield each line without its line end, and then a rest without a line end."""
        while True:
            line, end, rest = self._waiting.partition(b"\n")
            if end:
                self._waiting = rest
                yield line.rstrip(b"\r")
            elif piece := self.more():
                self._waiting += piece
            else:
                if line:
                    yield line
                return

    def says(self, data: bytes) -> None:
        """Send all of it; the program may have exited."""
        try:
            self.sock.sendall(data)
        except OSError:
            pass


def redis(call: Call) -> None:
    """Inline commands; ends at QUIT and at the client's FIN."""
    answers = {b"ping": b"+PONG\r\n", b"quit": b"+OK\r\n", b"info": b"$12\r\nredis:7.0.15\r\n"}
    for line in call.lines():
        word = line.split(b" ")[0].lower()
        if word:
            call.says(answers.get(word, b"-ERR unknown command\r\n"))
        if word == b"quit":
            return


def memcached(call: Call) -> None:
    """The text protocol; ends at quit and at the client's FIN."""
    answers = {
        b"stats": b"STAT pid 1\r\nSTAT uptime 5\r\nEND\r\n",
        b"version": b"VERSION 1.6.18\r\n",
        b"flush_all": b"OK\r\n",
        b"get": b"END\r\n",
        b"quit": b"",
    }
    for line in call.lines():
        word = line.split(b" ")[0]
        if word == b"quit":
            return
        call.says(answers.get(word, b"ERROR\r\n"))


def zookeeper(call: Call) -> None:
    """One four-letter command and its answer."""
    answers = {b"ruok": b"imok", b"stat": b"Mode: standalone\n", b"srvr": b"Mode: standalone\n"}
    word = call.more()
    call.says(answers.get(word[:4], b"This command is not in the whitelist.\n"))


def http(call: Call) -> None:
    """HTTP/1.1; closes after "Connection: close" and after an HTTP/1.0 request."""
    head: list[bytes] = []
    for line in call.lines():
        head.append(line)
        if line:
            continue
        first, headers = head[0], b"\n".join(head).lower()
        body = b"" if first.startswith(b"HEAD ") else b"hello\n"
        call.says(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + body)
        if b"HTTP/1.1" not in first or b"connection: close" in headers:
            return
        head = []


def discard(call: Call) -> None:
    """Reads to the end, like carbon, logstash and log collectors."""
    while call.more():
        pass


def echo(call: Call) -> None:
    """RFC 862."""
    while piece := call.more():
        call.says(piece)


def daytime(call: Call) -> None:
    """RFC 867: sends a line and closes."""
    call.says(b"Saturday, November 28, 2026 18:24:00-UTC\r\n")


def whois(call: Call) -> None:
    """RFC 3912: a question and the answer; then it closes."""
    next(call.lines(), b"")
    call.says(b"domain: example\r\nstatus: reserved\r\n")


def ssh(call: Call) -> None:
    """Sends a banner first; closes when the client does."""
    call.says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    discard(call)


def smtp(call: Call) -> None:
    """RFC 5321, without the transfer of mail."""
    call.says(b"220 mail.example ESMTP\r\n")
    for line in call.lines():
        if line.lower() == b"quit":
            call.says(b"221 bye\r\n")
            return
        call.says(b"250 ok\r\n")


def mpd(call: Call) -> None:
    """The Music Player Daemon."""
    call.says(b"OK MPD 0.23.5\n")
    for line in call.lines():
        if line == b"close":
            return
        call.says(b"OK\n")


def haproxy(call: Call) -> None:
    """The statistics socket: one command line and its answer; then it closes."""
    next(call.lines(), b"")
    call.says(b"Name: HAProxy\nVersion: 2.6.12\n\n")


def qmp(call: Call) -> None:
    """The QEMU monitor."""
    call.says(b'{"QMP": {"version": {}, "capabilities": []}}\r\n')
    for line in call.lines():
        if line.strip():
            call.says(b'{"return": {}}\r\n')
        if b"quit" in line:
            return


def aborts(call: Call) -> None:
    """Resets the connection after it has received data."""
    call.more()
    call.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def socks(call: Call) -> None:
    """A SOCKS 5 or 4 proxy with an SSH server as the target."""
    if call.more()[:1] == b"\4":
        call.says(b"\0\x5a" + bytes(6))
    else:
        call.says(b"\5\0")
        call.more()
        call.says(b"\5\0\0\1\x7f\0\0\1\0\x16")
    ssh(call)


def connect_proxy(call: Call) -> None:
    """An HTTP proxy that supports CONNECT, with an SSH server as the target."""
    for line in call.lines():
        if not line:
            break
    call.says(b"HTTP/1.0 200 Connection established\r\n\r\n")
    ssh(call)


STREAMS: dict[str, Callable[[Call], None]] = {
    "redis": redis,
    "memcached": memcached,
    "zookeeper": zookeeper,
    "http": http,
    "carbon": discard,
    "echo": echo,
    "daytime": daytime,
    "whois": whois,
    "ssh": ssh,
    "smtp": smtp,
    "mpd": mpd,
    "aborts": aborts,
    "socks": socks,
    "proxy": connect_proxy,
}

#: The same for Unix socket paths.
PATHS: dict[str, Callable[[Call], None]] = {
    "haproxy": haproxy,
    "docker": http,
    "qmp": qmp,
    "agent": echo,
    "sink": discard,
}

#: UDP: the answer to each datagram, if any.
DATAGRAMS: dict[str, bytes] = {"statsd": b"", "answers": b"pong\n"}


class Streams:
    """A fake server for any number of connections.

    Arguments:
        sock: listening; owned from now on.
        serve: handles each connection.
    """

    def __init__(self, sock: socket.socket, serve: Callable[[Call], None]) -> None:
        self._sock = sock
        self._serve = serve
        self._threads: list[threading.Thread] = []
        self._stop, self._stopped = socket.socketpair()
        self.calls: list[Call] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def _accept(self) -> None:
        while self._sock in select.select([self._sock, self._stopped], [], [])[0]:
            call = Call(self._sock.accept()[0])
            self.calls.append(call)
            thread = threading.Thread(target=self._talk, args=(call,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, call: Call) -> None:
        with call.sock:
            self._serve(call)

    def close(self) -> None:
        """Accept the waiting connections, read each to its end, and stop."""
        self._stop.close()
        self._accepting.join(DEADLINE)
        self._stopped.close()
        self._sock.close()
        for thread in self._threads:
            thread.join(DEADLINE)

    def received(self) -> list[bytes]:
        """The data of each connection, in no particular order."""
        return sorted(call.received for call in self.calls)


class Datagrams:
    """A fake server for datagrams.

    Arguments:
        sock: bound; owned from now on.
        answer: returns the answer to a datagram; empty for no answer.
    """

    def __init__(self, sock: socket.socket, answer: bytes) -> None:
        self._sock = sock
        self._answer = answer
        self._got: list[bytes] = []
        self._receiving = threading.Thread(target=self._receive)
        self._receiving.start()

    def _receive(self) -> None:
        while True:
            data, sender = self._sock.recvfrom(70_000)
            if data == LAST:
                return
            self._got.append(data)
            if self._answer:
                self._sock.sendto(self._answer, sender)

    def close(self) -> None:
        """Read the datagrams that have arrived so far, and stop."""
        with socket.socket(self._sock.family, socket.SOCK_DGRAM) as last:
            last.sendto(LAST, self._sock.getsockname())
        self._receiving.join(DEADLINE)
        self._sock.close()

    def received(self) -> list[bytes]:
        """Every datagram, in order."""
        return self._got


Fake = Streams | Datagrams


def started(name: str, folder: Path) -> tuple[Fake, str]:
    """A fake server, and its port or path as written on a command line."""
    if name in STREAMS:
        sock = socket.create_server(("127.0.0.1", 0))
        return Streams(sock, STREAMS[name]), str(sock.getsockname()[1])
    if name in PATHS:
        path = folder / name
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(str(path))
        sock.listen()
        return Streams(sock, PATHS[name]), str(path)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return Datagrams(sock, DATAGRAMS[name]), str(sock.getsockname()[1])


# Clients for command lines that listen. Each returns what it received.


def dialled(place: str) -> socket.socket:
    """A connection to a port of this machine or to a path."""
    if place.isdigit():
        return socket.create_connection(("127.0.0.1", int(place)), DEADLINE)
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(DEADLINE)
    try:
        sock.connect(place)
    except OSError:
        sock.close()
        raise
    return sock


def rest_of(sock: socket.socket) -> bytes:
    """Read everything to FIN or RST."""
    data = b""
    try:
        while piece := sock.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def gets(place: str) -> bytes:
    """An HTTP client that reads to an empty line after the header, or to the end."""
    with dialled(place) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        data = b""
        while not data.endswith(b"\n\n") and (piece := sock.recv(65536)):
            data += piece
        return data


def sends(place: str) -> bytes:
    """Sends a file and FIN, and waits for the other's end."""
    with dialled(place) as sock:
        sock.sendall(b"hello from the client\n" * 100)
        sock.shutdown(socket.SHUT_WR)
        return rest_of(sock)


def leaves(place: str) -> bytes:
    """Sends a line and closes."""
    with dialled(place) as sock:
        sock.sendall(b"hello\n")
    return b""


def reads(place: str) -> bytes:
    """Reads to the end, and sends nothing."""
    with dialled(place) as sock:
        return rest_of(sock)


def asks(place: str) -> bytes:
    """Sends a line, reads a line, and closes."""
    with dialled(place) as sock:
        sock.sendall(b"hello\n")
        data = b""
        while not data.endswith(b"\n") and (piece := sock.recv(65536)):
            data += piece
        return data


def probes(place: str) -> bytes:
    """Connects and closes, as a port check does."""
    dialled(place).close()
    return b""


def twice(place: str) -> bytes:
    """Two clients, one after another."""
    return leaves(place) + leaves(place)


def metrics(place: str) -> bytes:
    """Sends a datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(json.dumps({"metric": 1}).encode() + b"\n", ("127.0.0.1", int(place)))
    return b""


CLIENTS: dict[str, Callable[[str], bytes]] = {
    client.__name__: client for client in (gets, sends, leaves, reads, asks, probes, twice, metrics)
}


@contextmanager
def unused(name: str, folder: Path) -> Iterator[str]:
    """A port or path on which nobody listens, as written on a command line."""
    with ExitStack() as stack:
        if name.endswith("path"):
            yield str(folder / "free")
        elif name.endswith("udp"):
            yield str(stack.enter_context(unused_udp_port()))
        else:
            yield str(stack.enter_context(reserved_port()))
