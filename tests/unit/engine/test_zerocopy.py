"""The fast paths for each pair of descriptors, on Linux, which supports all of them."""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.engine import zerocopy
from pync.engine.protocols import Mover
from pync.engine.zerocopy import (
    SHORT,
    Sendfile,
    SendfileAt,
    Splice,
    SpliceAcross,
    SpliceThrough,
    fast_path,
)
from pync.transports.conn import StreamConn

from ...peer import DEADLINE

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(os, "splice"),
    reason="sendfile and splice as Linux has them",
)


class Side:
    """A descriptor as a source or a sink."""

    def __init__(self, descriptor: int, datagram: bool = False) -> None:
        self._descriptor = descriptor
        self.datagram = datagram

    def read_fds(self) -> tuple[int, ...]:
        return (self._descriptor,)

    def write_fd(self) -> int:
        return self._descriptor

    def recv(self, size: int) -> bytes:
        return os.read(self._descriptor, size)

    def send(self, data: bytes | memoryview) -> int:
        return os.write(self._descriptor, data)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def sockets(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    """A non-blocking TCP connection, as a relay uses it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        left = stack.enter_context(socket.create_connection(server.getsockname()))
        right = stack.enter_context(server.accept()[0])
    left.setblocking(False)
    return left, right


def pipe(stack: ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        stack.callback(_close, end)
    return ends


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        pass


def file(stack: ExitStack, path: Path, flags: int = os.O_RDWR) -> int:
    descriptor = os.open(path, flags | os.O_CREAT)
    stack.callback(_close, descriptor)
    return descriptor


@pytest.mark.parametrize("way", [Sendfile, SendfileAt])
def test_file_is_sent_from_its_current_offset(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: type
) -> None:
    # The fast paths of other systems work here as well, so they are tested.
    monkeypatch.setattr(zerocopy, "_LINUX", way is Sendfile)
    (tmp_path / "in").write_bytes(b"0123456789")
    source = file(stack, tmp_path / "in")
    os.lseek(source, 4, os.SEEK_SET)
    left, right = sockets(stack)
    mover = fast_path(Side(source), Side(left.fileno()))
    assert type(mover) is way
    assert mover is not None
    assert [mover.move(), mover.move()] == [6, 0]
    assert right.recv(100) == b"456789"
    assert os.read(source, 1) == b""


def test_unsent_data_stays_in_the_file(stack: ExitStack, tmp_path: Path) -> None:
    said = os.urandom(32 << 20)
    (tmp_path / "in").write_bytes(said)
    source = file(stack, tmp_path / "in")
    left, right = sockets(stack)
    mover = SendfileAt(source, left.fileno())
    moved = _until_it_blocks(mover)
    assert 0 < moved == os.lseek(source, 0, os.SEEK_CUR) < len(said)
    heard = b""
    while len(heard) < moved:
        heard += right.recv(1 << 20)
    assert heard + os.read(source, len(said)) == said


def _until_it_blocks(mover: Mover) -> int:
    moved = 0
    while True:
        try:
            moved += mover.move() or 0
        except BlockingIOError:
            return moved


def test_other_systems_have_fast_paths_for_files_only(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zerocopy, "_LINUX", False)
    left, _ = sockets(stack)
    out, into = pipe(stack)
    assert fast_path(Side(out), Side(left.fileno())) is None
    assert fast_path(Side(left.fileno()), Side(into)) is None


def test_splice_between_pipe_and_socket(stack: ExitStack) -> None:
    left, right = sockets(stack)
    out, into = pipe(stack)
    there = fast_path(Side(out), Side(left.fileno()))
    assert isinstance(there, Splice)
    with pytest.raises(BlockingIOError):
        there.move()
    os.write(into, b"hello")
    assert there.move() == 5
    assert right.recv(100) == b"hello"
    os.close(into)
    assert there.move() == 0

    out, into = pipe(stack)
    back = fast_path(Side(left.fileno()), Side(into))
    assert isinstance(back, Splice)
    right.sendall(b"answer")
    right.shutdown(socket.SHUT_WR)
    assert [back.move(), back.move()] == [6, 0]
    assert os.read(out, 100) == b"answer"


def test_full_pipe_does_not_block(stack: ExitStack) -> None:
    left, right = sockets(stack)
    _out, into = pipe(stack)
    mover = fast_path(Side(left.fileno()), Side(into))
    assert mover is not None
    right.setblocking(False)
    moved = 0

    def move_for_ever() -> None:
        nonlocal moved
        while True:
            try:
                right.send(bytes(65536))
            except BlockingIOError:
                pass
            moved += mover.move() or 0

    with pytest.raises(BlockingIOError):
        move_for_ever()
    assert moved


@pytest.mark.parametrize("size", [5, SHORT - 1, SHORT, 3 * SHORT + 1])
def test_short_data_is_written_to_a_file_without_a_pipe(
    stack: ExitStack, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipes: list[tuple[int, int]] = []
    make = os.pipe

    def noted() -> tuple[int, int]:
        pipes.append(make())
        return pipes[-1]

    monkeypatch.setattr(os, "pipe", noted)
    left, right = sockets(stack)
    here = Address("unix")
    mover = fast_path(StreamConn(left, here, here), Side(file(stack, tmp_path / "out")))
    assert isinstance(mover, SpliceThrough)
    data = os.urandom(size)

    def send() -> None:
        with right:
            right.sendall(data)

    sending = threading.Thread(target=send)
    sending.start()
    moved = 0
    while more := eventually(mover.move):
        moved += more
    sending.join()
    mover.close()
    assert moved == size
    assert (tmp_path / "out").read_bytes() == data
    assert len(pipes) == (size >= SHORT)
    # (``ended`` is set only if read(2) has returned EOF, so not with a pipe.)
    assert mover.ended == (size < SHORT)


def test_socket_to_file_through_an_internal_pipe(stack: ExitStack, tmp_path: Path) -> None:
    left, right = sockets(stack)
    mover = fast_path(Side(left.fileno()), Side(file(stack, tmp_path / "out")))
    assert isinstance(mover, SpliceThrough)
    right.sendall(b"kept")
    right.shutdown(socket.SHUT_WR)
    assert [mover.move(), mover.move()] == [4, 0]
    mover.close()
    mover.close()
    assert (tmp_path / "out").read_bytes() == b"kept"


def test_data_that_cannot_be_written_is_left_over(stack: ExitStack, tmp_path: Path) -> None:
    left, right = sockets(stack)
    (tmp_path / "read-only").write_bytes(b"")
    sink = file(stack, tmp_path / "read-only", os.O_RDONLY)
    mover = fast_path(Side(left.fileno()), Side(sink))
    assert mover is not None
    right.sendall(b"not lost")
    assert mover.move() is None
    assert (mover.leftover(), mover.leftover()) == (b"not lost", b"")
    mover.close()


@pytest.mark.parametrize("sink", ["pipe", "file"])
def test_reset_while_reading_is_a_fault_of_the_source(
    stack: ExitStack, tmp_path: Path, sink: str
) -> None:
    left, right = sockets(stack)
    into = pipe(stack)[1] if sink == "pipe" else file(stack, tmp_path / "out")
    mover = fast_path(Side(left.fileno()), Side(into))
    assert mover is not None
    right.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    right.close()
    with pytest.raises(ConnectionResetError) as reset:
        mover.move()
    assert mover.fault(reset.value) == "source"
    assert mover.fault(OSError(errno.EPIPE, "")) == "sink"
    mover.close()


def test_reset_while_sending_is_a_fault_of_the_sink(stack: ExitStack, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x")
    left, right = sockets(stack)
    mover = fast_path(Side(file(stack, tmp_path / "in")), Side(left.fileno()))
    assert mover is not None
    right.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    right.close()
    with pytest.raises((ConnectionResetError, BrokenPipeError)) as reset:
        mover.move()
    assert mover.fault(reset.value) == "sink"


def across(stack: ExitStack) -> tuple[socket.socket, SpliceAcross, socket.socket]:
    """The sender, the fast path, and the receiver."""
    near, speaker = sockets(stack)
    far, hearer = sockets(stack)
    mover = fast_path(Side(near.fileno()), Side(far.fileno()))
    assert isinstance(mover, SpliceAcross)
    stack.callback(mover.close)
    return speaker, mover, hearer


def test_socket_to_socket(stack: ExitStack) -> None:
    speaker, mover, hearer = across(stack)
    with pytest.raises(BlockingIOError):
        mover.move()
    speaker.sendall(b"across")
    speaker.shutdown(socket.SHUT_WR)
    assert [mover.move(), mover.move()] == [6, 0]
    assert hearer.recv(100) == b"across"
    mover.close()
    mover.close()


def test_data_for_a_slow_reader_is_held(stack: ExitStack) -> None:
    speaker, mover, hearer = across(stack)
    speaker.setblocking(False)
    sent = moved = 0
    while not mover.holds:
        try:
            sent += speaker.send(bytes(65536))
        except BlockingIOError:
            pass
        try:
            moved += mover.move() or 0
        except BlockingIOError:
            pass
    assert moved < sent
    hearer.settimeout(DEADLINE)
    heard = len(mover.leftover())
    moved += heard
    assert not mover.holds
    speaker.shutdown(socket.SHUT_WR)
    while True:
        while heard < moved:
            heard += len(hearer.recv(1 << 20))
        taken = eventually(mover.move)
        if not taken:
            break
        moved += taken
    assert heard == moved == sent


def test_short_data_needs_no_pipe(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pipe", pytest.fail)
    speaker, mover, hearer = across(stack)
    for word in (b"one", b"two"):
        speaker.sendall(word)
        assert eventually(mover.move) == 3
        assert hearer.recv(100) == word


def eventually(step: Callable[[], int | None]) -> int | None:
    """Repeat a call until it does not block; data over loopback takes time to arrive."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            return step()
        except BlockingIOError:
            pass
    pytest.fail("nothing came")


@pytest.mark.parametrize("which", ["source", "sink"])
def test_fault_of_a_reset_between_sockets(stack: ExitStack, which: str) -> None:
    speaker, mover, hearer = across(stack)
    speaker.sendall(b"x")
    broken = speaker if which == "source" else hearer
    broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    broken.close()

    def move_on() -> None:
        while mover.move():
            pass

    with pytest.raises((ConnectionResetError, BrokenPipeError)) as reset:
        move_on()
    assert mover.fault(reset.value) == which


@pytest.mark.parametrize("which", ["source", "sink"])
def test_blocking_sockets_use_the_slow_path(stack: ExitStack, which: str) -> None:
    near, speaker = sockets(stack)
    far, hearer = sockets(stack)
    (near if which == "source" else far).setblocking(True)
    mover = fast_path(Side(near.fileno()), Side(far.fileno()))
    assert mover is not None
    speaker.sendall(b"x")
    assert (mover.move(), mover.leftover()) == (None, b"")
    hearer.setblocking(False)
    with pytest.raises(BlockingIOError):
        hearer.recv(1)


def test_fallback_if_no_pipe_can_be_created(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker, mover, _ = across(stack)
    # As much as is copied at once; for more data, a pipe would be used.
    speaker.sendall(bytes(SHORT + 1))
    assert eventually(mover.move) == SHORT

    def none_left() -> tuple[int, int]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pipe", none_left)
    assert mover.move() is None
    assert mover.leftover() == b""


def test_pairs_without_a_fast_path(stack: ExitStack, tmp_path: Path) -> None:
    left, _right = sockets(stack)
    socket_side = Side(left.fileno())
    appended = Side(file(stack, tmp_path / "log", os.O_WRONLY | os.O_APPEND))
    out, into = pipe(stack)
    for source, sink in [
        (socket_side, appended),
        (socket_side, Side(-1)),
        (Side(out), Side(into)),
        (Side(out), Side(left.fileno(), datagram=True)),
        (Side(left.fileno(), datagram=True), Side(into)),
    ]:
        assert fast_path(source, sink) is None


def test_no_fast_path_to_a_terminal(stack: ExitStack) -> None:
    """A stopped terminal (^S) would block the loop, and output would overwrite an edited line."""
    import pty

    left, _ = sockets(stack)
    master, slave = pty.openpty()
    stack.callback(os.close, master)
    stack.callback(os.close, slave)
    assert fast_path(Side(left.fileno()), Side(slave)) is None


def test_eof_of_a_socket_is_not_an_error_of_a_pipe_without_a_reader() -> None:
    """The slow path reads the end; splice(2) would report EPIPE without anything to write."""
    one, other = socket.socketpair()
    read_end, write_end = os.pipe()
    with one, other:
        mover = Splice(one.fileno(), write_end)
        os.close(read_end)
        try:
            other.shutdown(socket.SHUT_WR)
            assert mover.move() is None
            assert one.recv(1) == b""
        finally:
            os.close(write_end)
