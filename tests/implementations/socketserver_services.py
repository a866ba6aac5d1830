"""Correct servers with socketserver's threads, written for the suite to judge.

    python socketserver_services.py PROFILE PORT

Independent of the embedded reference servers: blocking reads, a thread per client.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

GREETING, FAREWELL = b"Hello! I am TCP server\n", b"Good bye!\n\n\n"
ABORT = struct.pack("ii", 1, 0)
NEVER = threading.Event()


class Service(socketserver.BaseRequestHandler):
    request: socket.socket

    def handle(self) -> None:
        try:
            self.serve()
        except OSError:
            pass  # the client has reset the connection; the other threads continue

    def serve(self) -> None:
        raise NotImplementedError

    def reads(self) -> Iterator[bytes]:
        """Yield the received data, up to the client's FIN."""
        return iter(lambda: self.request.recv(65536), b"")


class Echo(Service):
    def serve(self) -> None:
        for data in self.reads():
            self.request.sendall(data)


class Greet(Service):
    def serve(self) -> None:
        self.request.sendall(GREETING)
        until = time.monotonic() + 0.2
        # Read input while waiting: closing with unread input would send RST.
        while (left := until - time.monotonic()) > 0:
            self.request.settimeout(left)
            try:
                if not self.request.recv(65536):
                    self.request.settimeout(None)
                    NEVER.wait(max(0.0, until - time.monotonic()))
                    break
            except TimeoutError:
                break
        self.request.settimeout(5)
        self.request.sendall(FAREWELL)
        self.request.shutdown(socket.SHUT_WR)
        for _ in self.reads():
            pass


class Quit(Service):
    def serve(self) -> None:
        self.request.sendall(b"Hello from the server!\n")
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for data in self.reads():
            text = decoder.decode(data)
            if text:
                self.request.sendall(text.upper().encode() + b"QUIT")


class HalfOpen(Service):
    def serve(self) -> None:
        count = sum(len(data) for data in self.reads())
        self.request.sendall(b"received %d bytes\n" % count)


class Reset(Service):
    def serve(self) -> None:
        with self.request.makefile("rb") as lines:
            for line in lines:
                if line.rstrip(b"\r\n") == b"RESET" and line.endswith(b"\n"):
                    self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
                    return
                self.request.sendall(line)


class Hello(Service):
    def serve(self) -> None:
        with self.request.makefile("rb") as lines:
            for _ in lines:
                self.request.sendall(b"Hello World form the server!")


class Discard(Service):
    def serve(self) -> None:
        for _ in self.reads():
            pass


class Crud(Service):
    lock = threading.Lock()
    journal = Path(os.environ.get("DATA_DIR", "."), "threads.jsonl")
    values: dict[str, str] = {}

    def serve(self) -> None:
        with self.request.makefile("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    text = line.decode("latin-1").removesuffix("\n").removesuffix("\r")
                    with self.lock:
                        said = self.obey(*text.split(" ", 2))
                    self.request.sendall(said.encode("latin-1") + b"\n")

    def obey(self, keyword: str, key: str = "", value: str = "") -> str:
        command = keyword.lower()
        known = {"create": True, "read": False, "update": True, "delete": False}
        if command not in known or not key or known[command] != bool(value):
            return "ERROR say create, read, update or delete"
        if command == "create" and key in self.values:
            return "ERROR exists"
        if command != "create" and key not in self.values:
            return "ERROR not found"
        if command == "read":
            return f"OK {self.values[key]}"
        with self.journal.open("a") as journal:
            print(json.dumps([key, value]), file=journal)
        self.load(key, value)
        return "OK"

    @classmethod
    def load(cls, key: str, value: str) -> None:
        if value:
            cls.values[key] = value
        else:
            del cls.values[key]


class Chat(Service):
    """Each member has a queue and a thread that writes it: a slow reader delays no other member."""

    lock = threading.RLock()
    passwords: dict[bytes, bytes] = {}
    online: dict[bytes, Chat] = {}
    channels: defaultdict[bytes, set[Chat]] = defaultdict(set)
    word = re.compile(rb"[\w-]{1,32}")

    def serve(self) -> None:
        self.name = b""
        self.queue: Queue[bytes | None] = Queue()
        writer = threading.Thread(target=self.write, daemon=True)
        writer.start()
        try:
            self.listen()
        finally:
            with self.lock:
                self.leave()
            self.queue.put(None)
            writer.join()

    def write(self) -> None:
        try:
            for line in iter(self.queue.get, None):
                self.request.sendall(line + b"\n")
            self.request.shutdown(socket.SHUT_WR)
        except OSError:
            self.request.close()

    def listen(self) -> None:
        with self.request.makefile("rb") as lines:
            while line := lines.readline(4099):
                text = line.removesuffix(b"\n").removesuffix(b"\r")
                if len(text) > 4096:
                    while line and not line.endswith(b"\n"):
                        line = lines.readline(65536)
                    self.queue.put(b"ERROR line too long")
                    continue
                if not line.endswith(b"\n"):
                    return
                with self.lock:
                    said = self.obey(text)
                self.queue.put(said)
                if said == b"BYE":
                    return

    def obey(self, text: bytes) -> bytes:
        keyword, _, rest = text.partition(b" ")
        words = rest.split(b" ")
        keyword = keyword.upper()
        if keyword == b"QUIT":
            self.leave()
            return b"BYE"
        if keyword == b"LOGIN" and len(words) == 2 and words[1] and self.word.fullmatch(words[0]):
            if self.name:
                return b"ERROR already logged in"
            if self.passwords.setdefault(words[0], words[1]) != words[1]:
                return b"ERROR bad password"
            if words[0] in self.online:
                return b"ERROR already logged in"
            self.name = words[0]
            self.online[self.name] = self
            return b"OK"
        if keyword not in (b"JOIN", b"PART", b"SAY"):
            return b"ERROR what?"
        if not self.name:
            return b"ERROR not logged in"
        channel, _, said = rest.partition(b" ")
        if channel[:1] != b"#" or not self.word.fullmatch(channel[1:]):
            return b"ERROR no channel"
        if bool(said) != (keyword == b"SAY"):
            return b"ERROR too few or too many words"
        there = self in self.channels[channel]
        if keyword == b"JOIN":
            if not there:
                self.tell(channel, b"* %s joined %s" % (self.name, channel))
                self.channels[channel].add(self)
            return b"OK"
        if not there:
            return b"ERROR not in channel"
        if keyword == b"SAY":
            self.tell(channel, b"%s <%s> %s" % (channel, self.name, said))
        else:
            self.part(channel)
        return b"OK"

    def part(self, channel: bytes) -> None:
        self.channels[channel].discard(self)
        self.tell(channel, b"* %s left %s" % (self.name, channel))

    def tell(self, channel: bytes, line: bytes) -> None:
        for member in self.channels[channel] - {self}:
            member.queue.put(line)

    def leave(self) -> None:
        if self.name:
            for channel, members in list(self.channels.items()):
                if self in members:
                    self.part(channel)
            del self.online[self.name]
            self.name = b""


class UdpEcho(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, sock = self.request
        sock.sendto(data, self.client_address)


class DatagramServer(socketserver.ThreadingUDPServer):
    daemon_threads = True
    max_packet_size = 65536


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        # socketserver would send FIN first; with SO_LINGER, close() alone must send RST.
        self.close_request(request)


SERVICES = {
    "echo": Echo,
    "greet": Greet,
    "quit": Quit,
    "half-open": HalfOpen,
    "reset": Reset,
    "hello": Hello,
    "discard": Discard,
    "crud": Crud,
    "chat": Chat,
}

if __name__ == "__main__":
    if sys.argv[1] == "crud" and Crud.journal.exists():
        for line in Crud.journal.read_text().splitlines():
            Crud.load(*json.loads(line))
    if sys.argv[1] == "udp-echo":
        with DatagramServer(("127.0.0.1", int(sys.argv[2])), UdpEcho) as datagrams:
            datagrams.serve_forever()
    with Server(("127.0.0.1", int(sys.argv[2])), SERVICES[sys.argv[1]]) as server:
        server.serve_forever()
