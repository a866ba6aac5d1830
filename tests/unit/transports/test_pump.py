"""The threads that make streams selectable; Windows needs them, but they work everywhere."""

from __future__ import annotations

import os
import threading

import pytest

from pync.transports.pump import Inlet, Outlet


def test_data_then_eof() -> None:
    out, into = os.pipe()
    ended = threading.Event()
    inlet = Inlet(lambda: os.read(out, 100), ended.set)
    os.write(into, b"typed")
    assert inlet.recv(100) == b"typed"
    os.close(into)
    assert [inlet.recv(100), inlet.recv(100)] == [b"", b""]
    assert ended.wait(10)
    inlet.close()
    inlet.close()
    os.close(out)


def test_error_of_the_source_is_raised_after_its_data() -> None:
    answers = iter([b"before"])

    def read() -> bytes:
        for answer in answers:
            return answer
        raise OSError(5, "broken")

    inlet = Inlet(read)
    assert inlet.recv(100) == b"before"
    with pytest.raises(OSError, match="broken"):
        inlet.recv(100)
    inlet.close()


def test_thread_ends_after_close() -> None:
    out, into = os.pipe()
    ended = threading.Event()
    Inlet(lambda: os.read(out, 100), ended.set).close()
    os.write(into, b"x")
    os.close(into)
    assert ended.wait(10)
    os.close(out)


def test_accepted_data_is_written_after_close() -> None:
    written: list[bytes] = []
    ended = threading.Event()
    outlet = Outlet(written.append, ended.set)
    assert outlet.send(b"taken") == 5
    outlet.close()
    outlet.close()
    assert ended.wait(10)
    assert written == [b"taken"]


def test_wait_until_written() -> None:
    written: list[bytes] = []
    outlet = Outlet(written.append)
    outlet.send(b"last words")
    outlet.send_eof()
    outlet.wait()
    assert written == [b"last words"]
    assert outlet.waiting() == 0
    outlet.close()


def test_slow_sink_blocks_the_sender() -> None:
    may_write = threading.Event()
    outlet = Outlet(lambda data: wait_for(may_write))
    outlet.sock.setblocking(False)
    taken = 0
    try:
        while True:
            taken += outlet.send(bytes(65536))
    except BlockingIOError:
        pass
    assert 0 < outlet.waiting() == taken
    outlet.send_eof()
    outlet.wait(0.01)
    assert outlet.waiting() > 0
    may_write.set()
    outlet.wait()
    assert outlet.waiting() == 0
    outlet.close()


def test_error_of_the_sink_is_raised() -> None:
    def write(_data: bytes) -> None:
        raise BrokenPipeError(32, "nobody reads")

    outlet = Outlet(write)
    outlet.send(b"x")
    with pytest.raises(BrokenPipeError, match="nobody reads"):
        outlet.wait()
    for ask in (lambda: outlet.send(b"y"), outlet.waiting, outlet.send_eof):
        with pytest.raises(BrokenPipeError, match="nobody reads"):
            ask()
    outlet.close()


def wait_for(event: threading.Event) -> None:
    assert event.wait(10)
