"""Servers as beginners write them in Python: each has one fault, or is correct but unusual.

python strange.py KIND PORT
"""

from __future__ import annotations

import asyncio
import select
import selectors
import socket
import socketserver
import sys
import threading
import time

KIND, PORT = sys.argv[1], int(sys.argv[2])


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Correct: a stream's write waits until the data is accepted."""
    try:
        while data := await reader.read(65536):
            for at in range(0, len(data), 5000):
                writer.write(data[at : at + 5000])
                await writer.drain()
        writer.close()
        await writer.wait_closed()
    except ConnectionError:
        writer.transport.abort()


async def streams() -> None:
    server = await asyncio.start_server(talk, "127.0.0.1", PORT)
    await server.serve_forever()


class Datagram(socketserver.BaseRequestHandler):
    """UDPServer receives 8192 bytes (max_packet_size) and loses the rest."""

    def handle(self) -> None:
        """Send it back."""
        data, sock = self.request
        sock.sendto(data, self.client_address)


def echo(sock: socket.socket) -> None:
    with sock:
        if KIND == "hasty":
            sock.settimeout(0.25)
        try:
            while data := sock.recv(4096):
                sock.sendall(data)
        except OSError:
            pass


def ponder() -> None:
    """One thread that computes for a while between two reads, and sends what the buffer takes."""
    clients = selectors.DefaultSelector()
    with socket.create_server(("127.0.0.1", PORT), backlog=64) as listener:
        clients.register(listener, selectors.EVENT_READ)
        received = 0
        stalled: set[socket.socket] = set()
        while True:
            for key, _ in clients.select():
                if key.fileobj is listener:
                    client, _ = listener.accept()
                    client.setblocking(False)
                    clients.register(client, selectors.EVENT_READ, client)
                    continue
                client = key.data
                try:
                    data = client.recv(65536)
                    if client not in stalled and not select.select([], [client], [], 2.0)[1]:
                        stalled.add(client)
                    client.send(data)
                except BlockingIOError:
                    pass  # the fault: the rest is lost
                except ConnectionError:
                    data = b""
                if not data:
                    clients.unregister(client)
                    stalled.discard(client)
                    client.close()
                before, received = received, received + len(data)
                if before < 3_000_000 and received // 1_000_000 > before // 1_000_000:
                    until = time.thread_time() + 0.4
                    while time.thread_time() < until:
                        pass


def threads() -> None:
    with socket.create_server(("127.0.0.1", PORT), backlog=64) as listener:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=echo, args=(client,), daemon=True).start()


if KIND == "streams":
    asyncio.run(streams())
elif KIND == "datagrams":
    with socketserver.UDPServer(("127.0.0.1", PORT), Datagram) as server:
        server.serve_forever()
elif KIND == "ponders":
    ponder()
else:
    threads()
