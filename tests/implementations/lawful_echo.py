"""Correct echo servers that use the freedom that the contract leaves.

python3 lawful_echo.py MANNER PORT; tests/suite/test_lawful.py judges each of them.
"""

from __future__ import annotations

import os
import queue
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque

manner, port = sys.argv[1], int(sys.argv[2])


def pause(seconds: float) -> None:
    select.select([], [], [], seconds)


class Server:
    """A server with a thread for each client; each manner overrides some methods."""

    family, address = socket.AF_INET, "127.0.0.1"
    size = 4096
    backlog = 128

    def main(self) -> None:
        signal.signal(signal.SIGTERM, self.terminate)
        self.listen()
        self.run()

    def listen(self) -> None:
        self.listener = socket.socket(self.family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.family == socket.AF_INET6:
            self.listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.listener.bind((self.address, port))
        self.listener.listen(self.backlog)

    def terminate(self, *_: object) -> None:
        os._exit(0)

    def run(self) -> None:
        while True:
            client, _ = self.listener.accept()
            self.hand_over(client)

    def hand_over(self, client: socket.socket) -> None:
        threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        with client:
            try:
                self.opened(client)
                while data := client.recv(self.size):
                    self.answer(client, data)
                self.before_fin()
                client.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def opened(self, client: socket.socket) -> None:
        """Called when a client has connected."""

    def answer(self, client: socket.socket, data: bytes) -> None:
        client.sendall(data)

    def before_fin(self) -> None:
        """Called when everything has been answered."""


class Pieces(Server):
    """Sends short answers in segments of one byte."""

    def opened(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def answer(self, client: socket.socket, data: bytes) -> None:
        size = 1 if len(data) < 512 else 100
        for at in range(0, len(data), size):
            client.sendall(data[at : at + size])


class LateFin(Server):
    """Ends each connection 300 ms after its client."""

    def before_fin(self) -> None:
        pause(0.3)


class Reckons(Server):
    """Needs 100 ms of processor time when a client ends; exits with status 1 if stopped before."""

    clients = 0

    def serve(self, client: socket.socket) -> None:
        self.clients += 1
        super().serve(client)
        until = time.thread_time() + 0.1
        while time.thread_time() < until:
            pass
        self.clients -= 1

    def terminate(self, *_: object) -> None:
        os._exit(1 if self.clients else 0)


class Pool(Server):
    """A pool of threads that grows with the number of clients and never shrinks."""

    most = 300

    def run(self) -> None:
        self.free = 0
        self.workers = 0
        self.lock = threading.Lock()
        self.waiting: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        super().run()

    def hand_over(self, client: socket.socket) -> None:
        with self.lock:
            if not self.free and self.workers < self.most:
                self.workers += 1
                self.free += 1
                threading.Thread(target=self.work, daemon=True).start()
            self.free -= 1
        self.waiting.put(client)

    def work(self) -> None:
        while True:
            self.serve(self.waiting.get())
            with self.lock:
                self.free += 1


class Cache(Server):
    """Keeps the buffers of its last 100 clients, a megabyte each."""

    def main(self) -> None:
        self.cache: deque[bytearray] = deque(maxlen=100)
        super().main()

    def opened(self, client: socket.socket) -> None:
        self.cache.append(bytearray(os.urandom(1024)) * 1024)


class Forked(Server):
    """Eight processes accept on one socket, a thread for each client in each."""

    def run(self) -> None:
        self.children = []
        # Python loses a signal that arrives before its handler is removed.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        for _ in range(8):
            child = os.fork()
            if not child:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
                super().run()
            self.children.append(child)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        while True:
            signal.pause()

    def terminate(self, *_: object) -> None:
        for child in self.children:
            os.kill(child, signal.SIGTERM)
        for child in self.children:
            os.waitpid(child, 0)
        os._exit(0)


class Talkative(Server):
    """Logs much to both stdout and stderr."""

    def opened(self, client: socket.socket) -> None:
        print(f"a client came: {client.getpeername()} " + "-" * 2000, flush=True)

    def answer(self, client: socket.socket, data: bytes) -> None:
        os.write(2, b"received %r\n" % data)
        client.sendall(data)


class Lingers(Server):
    """Closes with SO_LINGER: close() waits until the client has received everything."""

    def opened(self, client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))


class Sips(Server):
    """Reads 1 KiB at a time."""

    size = 1024


class Edges(Server):
    """Uses edge-triggered epoll, and does not read more than it can write."""

    def run(self) -> None:
        self.listener.setblocking(False)
        epoll = select.epoll()
        epoll.register(self.listener, select.EPOLLIN | select.EPOLLET)
        clients: dict[int, tuple[socket.socket, bytearray]] = {}
        while True:
            for number, _ in epoll.poll():
                if number == self.listener.fileno():
                    for client in self.newcomers():
                        clients[client.fileno()] = client, bytearray()
                        events = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET
                        epoll.register(client, events)
                elif self.ended(*clients[number]):
                    clients.pop(number)[0].close()

    def newcomers(self) -> list[socket.socket]:
        came: list[socket.socket] = []
        while True:
            try:
                client, _ = self.listener.accept()
            except BlockingIOError:
                return came
            client.setblocking(False)
            came.append(client)

    def ended(self, client: socket.socket, output: bytearray) -> bool:
        try:
            while True:
                while output:
                    del output[: client.send(output)]
                data = client.recv(self.size)
                if not data:
                    return True
                output += data
        except BlockingIOError:
            return False
        except OSError:
            return True


class Helper(Server):
    """Starts a helper process for each client, and waits for them when there are 40."""

    def main(self) -> None:
        self.helpers: list[subprocess.Popen[bytes]] = []
        super().main()

    def opened(self, client: socket.socket) -> None:
        self.helpers.append(subprocess.Popen(["true"]))
        if len(self.helpers) >= 40:
            old, self.helpers = self.helpers, []
            for helper in old:
                helper.wait()


class DualStack(Server):
    """Listens on all IPv4 and IPv6 addresses."""

    family, address = socket.AF_INET6, "::"


class Nagle(Server):
    """Writes each answer in two parts, some time after the input (Nagle, delayed ACK)."""

    def answer(self, client: socket.socket, data: bytes) -> None:
        if len(data) < 512:
            pause(0.03)
        client.sendall(data[:1])
        client.sendall(data[1:])


class KeepAlive(Server):
    """Checks every second by TCP keep-alive whether idle clients are still there."""

    def opened(self, client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


class Ticks(Server):
    """Wakes up every 50 ms in each thread."""

    def serve(self, client: socket.socket) -> None:
        with client:
            try:
                while True:
                    if not select.select([client], [], [], 0.05)[0]:
                        continue
                    data = client.recv(self.size)
                    if not data:
                        return
                    client.sendall(data)
            except OSError:
                pass


class Drains(Server):
    """After SIGTERM it accepts no more clients, and serves its clients for another 500 ms."""

    def terminate(self, *_: object) -> None:
        self.listener.close()
        pause(0.5)
        os._exit(143)


class Unhurried(Server):
    """Has a short backlog, and waits 20 ms between two clients."""

    backlog = 1

    def hand_over(self, client: socket.socket) -> None:
        super().hand_over(client)
        pause(0.02)


class Impatient(Server):
    """Ends a connection that has been idle for 5 s."""

    def opened(self, client: socket.socket) -> None:
        client.settimeout(5)


class WarmsUp(Server):
    """Is busy for the first 800 ms."""

    def listen(self) -> None:
        super().listen()
        threading.Thread(target=self.warm_up, daemon=True).start()

    def warm_up(self) -> None:
        until = time.monotonic() + 0.8
        while time.monotonic() < until:
            sum(range(2000))


class Forks(Server):
    """A process for each client, as inetd would."""

    def run(self) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        super().run()

    def hand_over(self, client: socket.socket) -> None:
        if os.fork():
            client.close()
            return
        self.listener.close()
        self.serve(client)
        os._exit(0)


class Splices(Server):
    """Two threads for each client, with a pipe between them, which buffers data."""

    def serve(self, client: socket.socket) -> None:
        source, sink = os.pipe()

        def back() -> None:
            with client:
                try:
                    while data := os.read(source, 1 << 16):
                        client.sendall(data)
                    client.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                finally:
                    os.close(source)

        writer = threading.Thread(target=back, daemon=True)
        writer.start()
        try:
            while data := client.recv(1 << 16):
                os.write(sink, data)
        except OSError:
            pass
        os.close(sink)


MANNERS = {one.__name__: one for one in Server.__subclasses__()}

if __name__ == "__main__":
    MANNERS[manner]().main()
