"""Broken udp-echo servers: answers to wrong senders, or from wrong sources."""

import os
import socket
import time

from ..reference.python.datagrams import DatagramServer


class AnswersTheFirst(DatagramServer):
    """Every answer goes to the first sender."""

    first: "tuple[str, int] | None" = None

    def send(self, data: bytes, source: "tuple[str, int]") -> None:
        self.first = self.first or source
        super().send(data, self.first)


class AnswersTheOneBefore(DatagramServer):
    """Keeps the sender in a shared variable, and answers the previous sender."""

    senders: "list[tuple[str, int]]" = []

    def send(self, data: bytes, source: "tuple[str, int]") -> None:
        self.senders = [*self.senders[-1:], source]
        super().send(data, self.senders[0])


class RemembersSixteen(DatagramServer):
    """Has a table of sixteen senders, and answers no others."""

    known: "set[tuple[str, int]]" = set()

    def send(self, data: bytes, source: "tuple[str, int]") -> None:
        if len(self.known) < 16:
            self.known.add(source)
        if source in self.known:
            super().send(data, source)


class AnswersFromElsewhere(DatagramServer):
    """Answers from a new socket, and so from another port."""

    def send(self, data: bytes, source: "tuple[str, int]") -> None:
        with socket.socket(self.listener.family, socket.SOCK_DGRAM) as worker:
            worker.sendto(data, source)


class ForgetsQuietSenders(DatagramServer):
    """A sender that was silent for a second is not answered any more."""

    heard: "dict[tuple[str, int], float]" = {}

    def send(self, data: bytes, source: "tuple[str, int]") -> None:
        now = time.monotonic()
        if now - self.heard.setdefault(source, now) < 1.0:
            self.heard[source] = now
            super().send(data, source)


class Spins(DatagramServer):
    """Polls for datagrams in a busy loop."""

    def _until_next_timer(self) -> "float | None":
        return 0.0


class LeavesZombies(DatagramServer):
    """Starts a child process for each datagram, and never waits for it."""

    def send(self, data: bytes, source: "tuple[str, int]") -> None:
        if os.fork() == 0:
            os._exit(0)
        super().send(data, source)
