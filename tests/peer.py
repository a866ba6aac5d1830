"""The peer of a program under test: plain sockets with a deadline; tests read like transcripts.

This module knows nothing about pync. If an expected event does not happen, the failure names it.
"""

from __future__ import annotations

import errno
import os
import random
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from .systems import UNDER_WINE

#: Seconds that any step may take; a passing test never waits that long.
DEADLINE = 30.0

#: Seconds after which a sender that cannot send counts as blocked.
STALLED = 0.3

#: SO_LINGER on, zero seconds: close sends RST (RFC 9293 3.10.4, ABORT).
_ABORT = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Peer:
    """The other end of one stream.

    Arguments:
        sock: connected; the peer closes it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(DEADLINE)

    def says(self, data: bytes) -> None:
        """Send all of it."""
        self.sock.sendall(data)

    def offers(self, data: bytes) -> int:
        """Send until no more is accepted for a while; return the number of bytes sent."""
        taken = 0
        self.sock.setblocking(False)
        try:
            while taken < len(data) and select.select([], [self.sock], [], STALLED)[1]:
                taken += self.sock.send(memoryview(data)[taken : taken + (1 << 18)])
        finally:
            self.sock.settimeout(DEADLINE)
        return taken

    @contextmanager
    def saying(self, data: bytes) -> Iterator[None]:
        """Send all of it, and FIN, in a thread while the block runs."""

        def say() -> None:
            self.says(data)
            self.half_closes()

        thread = threading.Thread(target=say)
        thread.start()
        try:
            yield
        finally:
            thread.join(DEADLINE)

    def hears(self, expected: bytes) -> None:
        """Check that these bytes arrive next."""
        got = self._read(len(expected))
        assert got == expected, f"heard {got!r}, not {expected!r}"

    def hears_to(self, end: bytes, least: int) -> bytes:
        """Read at least so many bytes, and more until the data ends with ``end``."""
        data = self._read(least)
        while not data.endswith(end):
            data += self._read(1)
        return data

    def hears_rest(self) -> bytes:
        """Read everything to the program's FIN."""
        data = bytearray()
        while piece := self.sock.recv(1 << 18):
            data += piece
        return bytes(data)

    def hears_end(self) -> None:
        """Check that FIN arrives next."""
        rest = self.hears_rest()
        assert rest == b"", f"heard {rest!r} before FIN"

    def has_heard_nothing(self) -> bool:
        """Whether neither bytes nor FIN have arrived; the test needs a barrier before this call."""
        self.sock.setblocking(False)
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self.sock.settimeout(DEADLINE)
        return False

    def half_closes(self) -> None:
        """Send FIN; reading continues. Raises ConnectionResetError."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            # This is how shutdown(2) reports a connection that the program has reset.
            if error.errno == errno.ENOTCONN:
                raise ConnectionResetError(errno.ECONNRESET, "reset before FIN") from None
            raise

    def unacknowledged(self) -> int:
        """Bytes that the program's kernel has not acknowledged yet (tcp(7), SIOCOUTQ; Linux)."""
        import fcntl

        return int(struct.unpack("i", fcntl.ioctl(self.sock, 0x5411, bytes(4)))[0])

    def resets(self) -> None:
        """Close with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.sock.close()

    def is_reset(self) -> bool:
        """Whether RST arrives, before or after the last data."""
        if UNDER_WINE:
            pytest.skip("Wine passes no RST on")
        try:
            self.hears_rest()
        except ConnectionResetError:
            return True
        return False

    def closes(self) -> None:
        """Close: this sends FIN, or RST if there is unread input (RFC 1122 4.2.2.13)."""
        self.sock.close()

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                piece = self.sock.recv(size - len(data))
            except TimeoutError:
                raise AssertionError(f"heard {data!r}, then nothing for {DEADLINE:g} s") from None
            if not piece:
                raise AssertionError(f"heard {data!r}, then FIN")
            data += piece
        return data


class Server:
    """A listening stream socket; its accepted connections are closed with it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._peers: list[Peer] = []
        sock.settimeout(DEADLINE)

    @property
    def port(self) -> str:
        """As a command line has it."""
        return str(self.sock.getsockname()[1])

    def accepts(self) -> Peer:
        """Accept the next connection."""
        try:
            peer = Peer(self.sock.accept()[0])
        except TimeoutError:
            raise AssertionError(f"nobody connected within {DEADLINE:g} s") from None
        except OSError as error:
            if UNDER_WINE and error.errno == errno.ENOTCONN:
                pytest.skip("Wine passes no RST on")  # of a client that has reset before
            raise
        self._peers.append(peer)
        return peer

    def close(self) -> None:
        """Stop listening and close all connections."""
        for peer in self._peers:
            peer.closes()
        self.sock.close()


@contextmanager
def listening(
    host: str = "127.0.0.1", port: int = 0, *, receives: int | None = None
) -> Iterator[Server]:
    """A server on this port, or on a free one.

    Arguments:
        host: an address of this machine.
        port: a port that is reserved for the test; 0 means any.
        receives: the receive buffer of each connection in bytes, without the kernel's overhead.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        if receives is not None:
            # Accepted sockets inherit it; setting it later would be too late for the window.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        sock.bind((host, port))
        sock.listen()
        server = Server(sock)
        try:
            yield server
        finally:
            server.close()


def is_reset_at_once(port: int) -> bool:
    """Whether a client gets RST, while it connects or afterwards."""
    try:
        with connected(port) as client:
            return client.is_reset()
    except ConnectionResetError:
        return True


@contextmanager
def connected(port: int, host: str = "127.0.0.1") -> Iterator[Peer]:
    """A client of a listening program."""
    with socket.create_connection((host, port), DEADLINE) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Peer(sock)


class Mailbox:
    """A datagram socket.

    Arguments:
        sock: bound; the mailbox closes it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.correspondent: Any = None
        sock.settimeout(DEADLINE)

    @property
    def port(self) -> str:
        """As a command line has it."""
        return str(self.sock.getsockname()[1])

    def says(self, data: bytes, to: Any = None) -> None:
        """Send one datagram, by default to the sender of the last one received."""
        self.sock.sendto(data, to or self.correspondent)

    def hears(self, expected: bytes) -> None:
        """Check that the next datagram is exactly this."""
        try:
            got, self.correspondent = self.sock.recvfrom(70_000)
        except TimeoutError:
            raise AssertionError(f"no datagram for {DEADLINE:g} s, not {expected!r}") from None
        assert got == expected, f"heard {got!r}, not {expected!r}"


@contextmanager
def mailbox(host: str = "127.0.0.1", port: int = 0) -> Iterator[Mailbox]:
    """A UDP socket on a free port, or on this one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((host, port))
        yield Mailbox(sock)


#: Below the ephemeral ports of all systems, and below the ports that tests reserve for TCP.
_LOW_PORTS = range(5000, 10_000)


@contextmanager
def consecutive_ports(count: int) -> Iterator[list[socket.socket]]:
    """TCP sockets bound to consecutive ports of 127.0.0.1; none listens yet."""
    for _ in range(200):
        with ExitStack() as stack:
            first = random.choice(_LOW_PORTS)
            socks = [stack.enter_context(socket.socket()) for _ in range(count)]
            try:
                for offset, sock in enumerate(socks):
                    sock.bind(("127.0.0.1", first + offset))
            except OSError:
                continue
            yield socks
            return
    raise AssertionError(f"no {count} free ports side by side")
