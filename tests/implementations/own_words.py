"""Small services with their own protocol words: python3 own_words.py SERVICE WHERE.

Each one is correct; tests/suite/test_settings.py has the parameters that describe it. WHERE is
a port or a Unix path; a port uses TLS if TLS_CERT names a certificate. Further arguments switch
faults or variants on.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import socketserver
import ssl
import sys
import threading
from typing import Any

service, where, faults = sys.argv[1], sys.argv[2], sys.argv[3:]
store: dict[bytes, bytes] = {}
members: dict[bytes, Handler] = {}
passwords: dict[bytes, bytes] = {}
lock = threading.Lock()


class Handler(socketserver.StreamRequestHandler):
    """One client, in its own thread."""

    def handle(self) -> None:
        self.name: bytes = b""
        self.channels: set[bytes] = set()
        self.output: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        writer = threading.Thread(target=self.write, daemon=True)
        writer.start()
        try:
            if isinstance(self.request, ssl.SSLSocket):
                self.request.do_handshake()
            SERVICES[service](self)
        except OSError:
            pass
        finally:
            self.output.put(None)
            writer.join()
            with lock:
                if members.get(self.name) is self:
                    del members[self.name]

    def say(self, line: bytes) -> None:
        """Queue a line: a client that does not read must not delay the others."""
        self.output.put(line + b"\n")

    def write(self) -> None:
        """Write the queue until it is empty or the client has gone."""
        for data in iter(self.output.get, None):
            try:
                self.wfile.write(data)
            except OSError:
                return


def per_line(client: Handler) -> None:
    for line in client.rfile:
        if "forgets" in faults:
            client.output.put(line)
        else:
            client.wfile.write(line.replace(b"\0", b"") if "drops-nul" in faults else line)
    while "forgets" in faults and not client.output.empty():
        client.output.get()


def polite(client: Handler) -> None:
    host, number = client.client_address[:2] if where.isdigit() else ("nobody", 0)
    client.wfile.write(b"Welcome %s, port %d\n" % (host.encode(), number))
    for line in client.rfile:
        text = line[:-1].removesuffix(b"\r")
        if text == b"quit" and "stays" not in faults:
            client.wfile.write(b"Bye.\n")
            return
        text = text.upper() if "shouts" in faults else text
        client.wfile.write(b"You said '%s' (%d bytes)\n" % (text, len(line)))


def shouting(client: Handler) -> None:
    for line in client.rfile:
        client.wfile.write(line.upper())


def once_line(client: Handler) -> None:
    client.wfile.write(client.rfile.readline())


def crlf(client: Handler) -> None:
    for line in client.rfile:
        if not line.endswith(b"\r\n"):
            return
        client.wfile.write(line[:-2] + b"\r\n")


def once(client: Handler) -> None:
    client.wfile.write(client.request.recv(4096))
    if "stays" in faults:
        client.rfile.read()


def echo(client: Handler) -> None:
    while data := client.request.recv(4096):
        client.wfile.write(data)


def upper(client: Handler) -> None:
    client.say(b"Hello from the server!")
    while data := client.request.recv(4096):
        client.wfile.write(data.upper())


def quotation(client: Handler) -> None:
    client.say(b"Brevity is the soul of wit.")
    if "stays" in faults:
        client.rfile.read()


def shelf(client: Handler) -> None:
    for line in client.rfile:
        word, _, rest = line[:-1].removesuffix(b"\r").partition(b" ")
        key, _, value = rest.partition(b" ")
        word = word.upper() if "knows-one-case" not in faults else word
        with lock:
            if word == b"PUT" and key and value:
                if key in store:
                    client.say(b"-taken")
                else:
                    store[key] = value
                    client.say(b"+stored " + key)
            elif word == b"GET" and key and not value:
                client.say(store.get(key, b"-none"))
            elif word == b"SET" and key and value:
                if key in store and "overwrites-nothing" not in faults:
                    store[key] = value
                client.say(b"+changed" if key in store else b"-none")
            elif word == b"DROP" and key and not value:
                client.say(b"-none" if store.pop(key, None) is None else b"+gone")
            else:
                client.say(b"-what? " + word)


def rooms(client: Handler) -> None:
    try:
        for line in client.rfile:
            text = line[:-1].removesuffix(b"\r")
            with lock:
                if len(text) > 4096:
                    client.say(b"! too long")
                elif not talk(client, text):
                    break
    finally:
        with lock:
            for room in sorted(client.channels):
                part(client, room)


def part(client: Handler, room: bytes) -> None:
    client.channels.discard(room)
    tell(client, room, b"[%s] %s has gone" % (room, client.name))


def tell(client: Handler, room: bytes, line: bytes) -> None:
    for member in list(members.values()):
        if member is not client and room in member.channels:
            member.say(line)


def talk(client: Handler, text: bytes) -> bool:
    word, _, rest = text.partition(b" ")
    first, _, second = rest.partition(b" ")
    word = word.upper()
    if word == b"/BYE" and not rest:
        client.say(b"See you.")
        return False
    if word == b"/NICK" and is_name(first) and second:
        if client.name:
            client.say(b"! taken")
        elif passwords.setdefault(first, second) != second:
            client.say(b"! wrong")
        elif first in members:
            client.say(b"! taken")
        else:
            client.name, members[first] = first, client
            client.say(b"Hello " + first)
    elif word in (b"/ENTER", b"/LEAVE") and is_room(first) and not second:
        if not client.name:
            client.say(b"! who are you")
        elif word == b"/ENTER":
            client.say(b"In " + first)
            if first not in client.channels:
                client.channels.add(first)
                tell(client, first, b"[%s] %s is here" % (first, client.name))
        elif first not in client.channels:
            client.say(b"! not there")
        else:
            client.say(b"Out of " + first)
            part(client, first)
    elif word == b"/TELL" and is_room(first) and second:
        if not client.name:
            client.say(b"! who are you")
        elif first not in client.channels:
            client.say(b"! not there")
        else:
            client.say(b"Told")
            if "talks-to-nobody" not in faults:
                tell(client, first, b"[%s] %s: %s" % (first, client.name, second))
    else:
        client.say(b"! what is " + word)
    return True


def is_name(name: bytes) -> bool:
    letters = name.replace(b"-", b"a").replace(b"_", b"a")
    return 0 < len(name) <= 32 and letters.isascii() and letters.isalnum()


def is_room(room: bytes) -> bool:
    return room.startswith(b"#") and is_name(room[1:])


SERVICES = {one.__name__: one for one in (per_line, polite, shouting, crlf, once, once_line, echo)}
SERVICES |= {one.__name__: one for one in (upper, quotation, shelf, rooms)}


class OneByOne(socketserver.TCPServer):
    """One client at a time."""

    allow_reuse_address = True
    request_queue_size = 128
    address_family = socket.AF_INET if where.isdigit() else socket.AF_UNIX

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a client; the TLS handshake follows in its thread."""
        client, address = super().get_request()
        if not os.environ.get("TLS_CERT") or not where.isdigit():
            return client, address
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
        return context.wrap_socket(client, server_side=True, do_handshake_on_connect=False), address


class Threads(socketserver.ThreadingMixIn, OneByOne):
    """A thread for each client."""

    daemon_threads = True


class Room(socketserver.UDPServer):
    """A datagram server that accepts the longest datagrams too."""

    max_packet_size = 65536


def main() -> None:
    signal.signal(signal.SIGTERM, end)
    if not where.isdigit() and os.path.exists(where):
        os.unlink(where)
    if service == "datagrams":
        with Room(("127.0.0.1", int(where)), Datagrams) as room:
            room.serve_forever()
    kind = OneByOne if "one-by-one" in faults else Threads
    place: Any = ("127.0.0.1", int(where)) if where.isdigit() else where
    with kind(place, Handler) as server:
        server.serve_forever()


def end(*_: object) -> None:
    if not where.isdigit():
        os.unlink(where)
    os._exit(0)


class Datagrams(socketserver.BaseRequestHandler):
    """Answers one datagram with text around it."""

    def handle(self) -> None:
        data, sock = self.request
        end = b"" if "no-end" in faults else b">"
        sock.sendto(b"<%s" % data + end, self.client_address)


if __name__ == "__main__":
    main()
