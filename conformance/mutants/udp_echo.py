"""Broken udp-echo servers."""

import os
import signal
import socket
import sys
import time

from ..reference.python.datagrams import DatagramServer, UdpEcho
from .declare import Family
from .udp_senders import (
    AnswersFromElsewhere,
    AnswersTheFirst,
    AnswersTheOneBefore,
    ForgetsQuietSenders,
    LeavesZombies,
    RemembersSixteen,
    Spins,
)

family = Family("udp-echo")
fault = family.fault
MUTANTS = family.mutants

#: ip(7): report ICMP errors; Python has no name for it.
IP_RECVERR = 11


class Served(UdpEcho):
    """A server that counts its datagrams."""

    count = 0

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        cls.count += 1
        return super().answer(data)


@fault("upper-case", breaks="simple")
class UpperCase(UdpEcho):
    """Answers in upper case."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data.upper()]


@fault("sends-its-whole-buffer", breaks="simple")
class SendsItsWholeBuffer(UdpEcho):
    """Sends the whole buffer, however few bytes were received."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data.ljust(1024, b"\0")]


@fault("adds-a-nul", breaks="simple")
class AddsANul(UdpEcho):
    """Sends the NUL at the end of the C string too."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data + b"\0"]


@fault("keeps-an-old-tail", breaks="simple")
class KeepsAnOldTail(UdpEcho):
    """After a shorter datagram it also sends the rest of a longer, earlier one."""

    buffer = b""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        KeepsAnOldTail.buffer = data + KeepsAnOldTail.buffer[len(data) :]
        return [KeepsAnOldTail.buffer]


@fault("answers-one-in-two", breaks="simple")
class AnswersOneInTwo(Served):
    """Answers only every second datagram."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        answers = super().answer(data)
        return answers if cls.count % 2 else []


@fault("answers-twice", breaks="once")
class AnswersTwice(UdpEcho):
    """The answer comes twice."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data, data]


@fault("acknowledges", breaks="once")
class Acknowledges(UdpEcho):
    """Sends a second datagram to confirm the first."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data, b"ok"]


class JoinsDatagrams(DatagramServer):
    """Treats datagrams as a stream: those that arrive together are answered by one."""

    def flush(self) -> bool:
        if len(self.waiting) > 1:
            _, source = self.waiting[-1]
            same = [data for data, sender in self.waiting if sender == source]
            if len(same) == len(self.waiting):
                self.waiting.clear()
                self.waiting.append((b"".join(same), source))
        return super().flush()

    def accept(self) -> None:
        # Read all waiting datagrams first, and answer them afterwards.
        self.listener.settimeout(0.02)
        while True:
            try:
                data, source = self.listener.recvfrom(65_536)
            except OSError:
                break
            self.waiting.append((data, source))
        self.listener.setblocking(False)
        self.flush()


class EndsAtNothing(DatagramServer):
    """Treats an empty datagram as the end of the input."""

    ended = False

    def accept(self) -> None:
        data, source = self.listener.recvfrom(65_536)
        self.ended = self.ended or not data
        if not self.ended:
            self.send(data, source)


class DiesOfUnreachable(DatagramServer):
    """Enables reports of ICMP errors, and does not catch them."""

    def listen(self, address: str) -> socket.socket:
        listener = super().listen(address)
        if listener.family == socket.AF_INET:
            listener.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        return listener

    def failed(self, error: OSError) -> None:
        print(f"fatal: {error}", file=sys.stderr, flush=True)
        os._exit(1)


class IgnoresSigterm(DatagramServer):
    """SIGTERM is ignored."""

    def run(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        super().run()


class EndsBadly(DatagramServer):
    """SIGTERM ends the server with exit status 1."""

    def request_stop(self) -> None:
        self.status = 1
        super().request_stop()


class WaitsForSilence(DatagramServer):
    """After SIGTERM it waits until no datagram has come for ten seconds."""

    spoken = 0.0

    def accept(self) -> None:
        self.spoken = time.monotonic()
        super().accept()

    def is_done(self) -> bool:
        if self.stopping:
            self.call_later(0.1, lambda: None)
        return self.stopping and time.monotonic() - self.spoken > (10 if self.busy else 0)

    @property
    def busy(self) -> bool:
        return len(self.senders) > 1

    def send(self, data: bytes, source: "tuple[str, int]") -> None:
        self.senders = {*self.senders, source}
        super().send(data, source)

    senders: "set[tuple[str, int]]" = set()


class LeavesChild(DatagramServer):
    """Has forked a child that keeps the port open."""

    def run(self) -> None:
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
            os._exit(0)
        super().run()


class SocketForEach(DatagramServer):
    """A socket is opened for each sender and never closed."""

    kept: "dict[tuple[str, int], socket.socket]" = {}

    def send(self, data: bytes, source: "tuple[str, int]") -> None:
        if source not in self.kept:
            self.kept[source] = self.listener.dup()
        self.kept[source].sendto(data, source)


for name, breaks, server in (
    ("answers-the-first-sender", "to-the-sender", AnswersTheFirst),
    ("answers-the-one-before", "to-the-sender", AnswersTheOneBefore),
    ("remembers-sixteen", "many-senders", RemembersSixteen),
    ("answers-from-elsewhere", "from-the-server", AnswersFromElsewhere),
    ("forgets-quiet-senders", "quiet", ForgetsQuietSenders),
    ("spins", "idle", Spins),
    ("leaves-zombies", "leak-process", LeavesZombies),
    ("joins-datagrams", "boundaries", JoinsDatagrams),
    ("ends-at-nothing", "empty", EndsAtNothing),
    ("dies-of-unreachable", "gone-sender", DiesOfUnreachable),
    ("ignores-sigterm", "sigterm-idle", IgnoresSigterm),
    ("ends-with-status-1", "sigterm-idle", EndsBadly),
    ("waits-for-silence", "sigterm-busy", WaitsForSilence),
    ("leaves-child", "port-free", LeavesChild),
    ("socket-for-each", "leak", SocketForEach),
):
    of_it = {"__doc__": server.__doc__, "server_class": server}
    family.fault(name, breaks=breaks)(type(server.__name__, (UdpEcho,), of_it))


@fault("drops-empty", breaks="empty")
class DropsEmpty(UdpEcho):
    """An empty datagram is not answered."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data] if data else []


@fault("stops-at-nul", breaks="binary")
class StopsAtNul(UdpEcho):
    """Treats a datagram as a C string, which ends at NUL."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data.partition(b"\0")[0]]


@fault("decodes-utf8", breaks="binary")
class DecodesUtf8(UdpEcho):
    """Decodes bytes as UTF-8, with replacement."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data.decode("utf-8", "replace").encode()]


@fault("buffer-of-1024", breaks="sizes")
class BufferOf1024(UdpEcho):
    """Its buffer has 1024 bytes: the rest of a datagram is lost."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data[:1024]]


@fault("cuts-into-packets", breaks="sizes")
class CutsIntoPackets(UdpEcho):
    """A datagram that does not fit into a packet comes back as several ones."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data[at : at + 1472] for at in range(0, max(1, len(data)), 1472)]


@fault("buffer-of-8192", breaks="largest")
class BufferOf8192(UdpEcho):
    """Its buffer has 8192 bytes: the rest of a datagram is lost."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [data[:8192]]


@fault("prompts", breaks="terminal")
class Prompts(UdpEcho):
    """A prompt precedes each answer."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        return [b"> ", data]
