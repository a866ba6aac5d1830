"""Small servers of many kinds, as found in tutorials: ``many_kinds.py KIND PORT``.

PORT may be the path of a Unix socket. None of them is correct in every clause.
"""

from __future__ import annotations

import itertools
import os
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any


class Lines(socketserver.StreamRequestHandler):
    """Answers each line."""

    greeting = ""
    leave = b""

    def hello(self) -> str:
        """Return the greeting."""
        return self.greeting

    answer: Callable[[bytes], bytes] = staticmethod(lambda line: line)

    def handle(self) -> None:
        """Send the greeting, then answer line by line."""
        self.wfile.write(self.hello().encode())
        for line in self.rfile:
            if self.leave and line.strip() == self.leave:
                self.wfile.write(b"bye!\n")
                return
            self.wfile.write(self.answer(line))


class Reads(socketserver.BaseRequestHandler):
    """Answers each read, ``rounds`` times."""

    greeting = b""
    rounds = sys.maxsize
    answer: Callable[[bytes], bytes] = staticmethod(lambda data: data)

    def handle(self) -> None:
        """Send the greeting, then answer each read."""
        self.request.sendall(self.greeting)
        for _ in range(self.rounds):
            data = self.request.recv(65536)
            if not data:
                return
            self.request.sendall(self.answer(data))


class Quoted(Lines):
    """Answers with a template that contains characters special to a shell."""

    greeting = "It's open; type $away\n"

    @staticmethod
    def answer(line: bytes) -> bytes:
        """Repeat the line in the template."""
        return b"You said '%s'; %d bytes\n" % (line.strip(b"\r\n"), len(line))


class Counted(Lines):
    """Answers with a template that ends in the line itself."""

    @staticmethod
    def answer(line: bytes) -> bytes:
        """Return the number of bytes, and the bytes."""
        return b"%d: %s" % (len(line), line)


class Greeter(Lines):
    """Has a greeting with an address and a time, a prompt, and a word that ends the connection."""

    leave = b"exit"

    def hello(self) -> str:
        """Return a different greeting for each client."""
        return f"Hello {self.client_address[0]}:{self.client_address[1]}, {time.ctime()}\n> "

    @staticmethod
    def answer(line: bytes) -> bytes:
        """Return the line and a prompt."""
        return line.strip(b"\r\n") + b"\n> "


class CrLf(Lines):
    """Ends every line with CR LF."""

    @staticmethod
    def answer(line: bytes) -> bytes:
        """Return the line with its original end."""
        return line.strip(b"\r\n") + b"\r\n"


class Upper(Reads):
    """Answers in upper case, byte for byte."""

    answer = staticmethod(bytes.upper)


class Token(Reads):
    """Answers in upper case, and adds a token."""

    greeting = b"Hi there\n"

    @staticmethod
    def answer(data: bytes) -> bytes:
        """Answer as in the profile quit."""
        return data.upper() + b"DONE"


class Once(Reads):
    """Gives only one answer in a connection."""

    rounds = 1


class Sentence(Reads):
    """Always gives the same answer."""

    answer = staticmethod(lambda data: b"What can I do for you?\n")


class Backwards(Lines):
    """Gives answers that no profile describes."""

    @staticmethod
    def answer(line: bytes) -> bytes:
        """Return the line reversed."""
        return line.strip(b"\r\n")[::-1] + b"\n"


class Garbage(Reads):
    """Answers with random bytes."""

    answer = staticmethod(lambda data: os.urandom(200))


class Resets(Lines):
    """Resets the connection on the line RESET."""

    def handle(self) -> None:
        """Answer line by line."""
        for line in self.rfile:
            if line.strip() == b"RESET":
                self.request.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                self.rfile.close()
                self.request.close()
                return
            self.wfile.write(line)


class Daytime(socketserver.BaseRequestHandler):
    """The daytime service (RFC 867)."""

    def handle(self) -> None:
        """Send the time."""
        self.request.sendall(time.ctime().encode() + b"\r\n")


class Quotes(socketserver.BaseRequestHandler):
    """The quote service (RFC 865): one of several quotes, of one or more lines."""

    quotes = itertools.cycle([b"Less is more.\n", b"A stitch in time\nsaves nine.\n"])

    def handle(self) -> None:
        """Send the next quote."""
        self.request.sendall(next(self.quotes))


class Welcome(socketserver.BaseRequestHandler):
    """Sends a greeting and a farewell."""

    def handle(self) -> None:
        """Send both."""
        self.request.sendall(b"Welcome\n")
        threading.Event().wait(0.5)
        self.request.sendall(b"So long\n")


class Discard(socketserver.BaseRequestHandler):
    """The discard service (RFC 863)."""

    def handle(self) -> None:
        """Read everything."""
        while self.request.recv(65536):
            pass


class Counter(socketserver.StreamRequestHandler):
    """Sends the number of received bytes at the end of the input."""

    def handle(self) -> None:
        """Count."""
        self.wfile.write(b"Got %d bytes, thanks\n" % len(self.rfile.read()))


class Silent(socketserver.BaseRequestHandler):
    """Accepts connections and does nothing."""

    def handle(self) -> None:
        """Wait for ever."""
        threading.Event().wait(3600)


class Flood(socketserver.BaseRequestHandler):
    """Sends without end."""

    def handle(self) -> None:
        """Send."""
        while True:
            self.request.sendall(b"x" * 4096)


class Server(socketserver.ThreadingTCPServer):
    """Serves clients in parallel."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def shutdown_request(self, request: Any) -> None:
        """Close the connection, even if it is closed already."""
        try:
            super().shutdown_request(request)
        except OSError:
            pass

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that have disconnected."""


class OneByOne(Server):
    """Serves clients one after another."""

    process_request = socketserver.TCPServer.process_request


class Datagrams(socketserver.ThreadingUDPServer):
    """Serves datagrams."""

    daemon_threads = True


class Datagram(socketserver.BaseRequestHandler):
    """Answers each datagram with one datagram."""

    answer: Callable[[bytes], bytes] = staticmethod(lambda data: data)

    def handle(self) -> None:
        """Answer."""
        data, sock = self.request
        sock.sendto(self.answer(data), self.client_address)


class LoudDatagram(Datagram):
    """Answers in upper case, with the length."""

    answer = staticmethod(lambda data: b"%d: %s" % (len(data), data.upper()))


class QuietDatagram(socketserver.BaseRequestHandler):
    """Reads datagrams and does not answer."""


KINDS: dict[str, tuple[Any, type[socketserver.BaseRequestHandler]]] = {
    "line": (Server, Lines),
    "byte": (Server, Reads),
    "upper": (Server, Upper),
    "quoted": (Server, Quoted),
    "counted": (Server, Counted),
    "greeter": (Server, Greeter),
    "crlf": (Server, CrLf),
    "token": (Server, Token),
    "once": (OneByOne, Once),
    "one-by-one": (OneByOne, Reads),
    "one-client": (OneByOne, Lines),
    "one-client-and-a-rest": (OneByOne, Lines),
    "sentence": (Server, Sentence),
    "backwards": (Server, Backwards),
    "garbage": (Server, Garbage),
    "resets": (Server, Resets),
    "daytime": (Server, Daytime),
    "quotes": (Server, Quotes),
    "welcome": (Server, Welcome),
    "discard": (Server, Discard),
    "counter": (Server, Counter),
    "silent": (Server, Silent),
    "flood": (Server, Flood),
    "slow": (Server, Lines),
    "udp": (Datagrams, Datagram),
    "udp-loud": (Datagrams, LoudDatagram),
    "udp-quiet": (Datagrams, QuietDatagram),
}


def main(kind: str, port: str) -> None:
    """Serve."""
    server_class, handler = KINDS[kind]
    if kind == "slow":
        threading.Event().wait(4)
    address = ("127.0.0.1", int(port)) if port.isdigit() else port
    if isinstance(address, str):
        server_class = type(
            "Local",
            (server_class,),
            {"address_family": socket.AF_UNIX, "allow_reuse_address": False},
        )
    with server_class(address, handler) as server:
        if kind.startswith("one-client"):
            server.handle_request()
            if kind.endswith("a-rest"):
                threading.Event().wait(0.5)  # the listener is open, but accepts no client
        else:
            server.serve_forever()


main(sys.argv[1], sys.argv[2])
