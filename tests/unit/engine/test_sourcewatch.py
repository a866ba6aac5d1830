"""A source that is ready because of its descriptor or because of buffered data."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pync.engine.loop import Loop
from pync.engine.sourcewatch import SourceWatch


class Holding:
    """Reads eight bytes at once, as TLS reads a record, and returns one byte per call."""

    datagram = False

    def __init__(self) -> None:
        self.sock, self.peer = socket.socketpair()
        self.sock.setblocking(False)
        self._held = b""

    def pending(self) -> bool:
        return bool(self._held)

    def read_fds(self) -> tuple[int, ...]:
        return (self.sock.fileno(),)

    def recv(self, size: int) -> bytes:
        self._held = self._held or self.sock.recv(8)
        piece, self._held = self._held[:1], self._held[1:]
        return piece

    def close(self) -> None:
        self.sock.close()
        self.peer.close()


class WatchFixture:
    """A loop that reads such a source while ``reads`` is true."""

    def __init__(self) -> None:
        self.loop, self.source = Loop(), Holding()
        self.got: list[bytes] = []
        self.reads = True
        self.stops = False
        self.watch = SourceWatch(self.loop, self.source, self._read)

    def _read(self) -> None:
        self.got.append(self.source.recv(1))
        self.watch.watch(self.reads)
        if self.stops:
            self.watch.stop()

    def round(self) -> None:
        self.loop.call_later(0, lambda: None)
        self.loop.run_while(iter([True, False]).__next__)


@pytest.fixture
def table() -> Iterator[WatchFixture]:
    made = WatchFixture()
    with made.loop:
        yield made
    made.source.close()


def test_buffered_data_is_read(table: WatchFixture) -> None:
    table.watch.watch(True)
    table.source.peer.send(b"abcdefghi")
    table.loop.run_while(lambda: len(table.got) < 9)
    assert b"".join(table.got) == b"abcdefghi"


def test_buffered_data_waits_while_reading_is_paused(table: WatchFixture) -> None:
    table.watch.watch(True)
    table.source.peer.send(b"abc")
    table.reads = False
    table.round()
    table.round()
    assert table.got == [b"a"]
    table.reads = True
    table.watch.watch(True)
    table.loop.run_while(lambda: len(table.got) < 3)


def test_stop_cancels_a_scheduled_read(table: WatchFixture) -> None:
    table.watch.watch(True)
    table.source.peer.send(b"abc")
    table.stops = True
    table.round()
    table.round()
    table.watch.stop()
    assert table.got == [b"a"]
    assert table.source.sock.fileno() not in table.loop._readers


def test_other_callbacks_run_between_two_reads(table: WatchFixture) -> None:
    table.watch.watch(True)
    table.source.peer.send(b"abc")
    seen: list[int] = []
    table.loop.call_every(0, lambda: seen.append(len(table.got)))
    table.loop.run_while(lambda: len(table.got) < 3)
    assert seen[:2] == [0, 1] or seen[:2] == [1, 2]
