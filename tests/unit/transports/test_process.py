"""A child process as one end."""

from __future__ import annotations

import select

import pytest

from pync.core.address import Address
from pync.core.errors import ExecError
from pync.transports.process import Process, variables, words_of

from ...systems import only_posix


def read_all(process: Process) -> bytes:
    data = b""
    while True:
        select.select(process.read_fds(), [], [], 10)
        piece = process.recv(65536)
        if not piece:
            return data
        data += piece


@only_posix
def test_what_is_written_is_its_input_and_what_it_writes_is_read() -> None:
    with Process(["cat"], {}) as process:
        assert process.send(b"hello") == 5
        process.send_eof()
        process.send_eof()
        assert read_all(process) == b"hello"
        assert process.wait() == 0
    assert process.read_fds() == ()
    assert process.write_fd() == -1


@only_posix
def test_what_it_does_not_want_is_dropped() -> None:
    with Process(["true"], {}) as process:
        assert read_all(process) == b""
        assert process.wait() == 0
        assert process.send(b"too late") == 8


def fill(process: Process) -> None:
    while True:
        process.send(bytes(65536))


@only_posix
def test_a_pipe_that_is_full_waits() -> None:
    with Process(["sleep", "60"], {}) as process:
        with pytest.raises(BlockingIOError):
            fill(process)
        process.terminate()
        assert process.wait() == 128 + 15


@only_posix
def test_variables_and_status() -> None:
    with Process(["sh", "-c", "echo $WORD; exit 3"], {"WORD": "yes"}) as process:
        assert read_all(process) == b"yes\n"
        assert process.wait() == 3


def test_what_cannot_be_run() -> None:
    with pytest.raises(ExecError, match="exec /no/such: no such file or directory"):
        Process(["/no/such"], {})


@only_posix
def test_words() -> None:
    assert words_of("a 'b c'  $d ; e", shell=False) == ["a", "b c", "$d", ";", "e"]
    assert words_of("a | b", shell=True) == ["/bin/sh", "-c", "a | b"]
    for wrong in ("", "  ", "'a"):
        with pytest.raises(ExecError):
            words_of(wrong, shell=False)


def test_what_a_child_is_told() -> None:
    here, there = Address("udp", "::1", "9"), Address("udp", "::2", "10")
    assert variables(here, there) == {
        "NCAT_LOCAL_ADDR": "::1",
        "NCAT_LOCAL_PORT": "9",
        "NCAT_PROTO": "UDP",
        "NCAT_REMOTE_ADDR": "::2",
        "NCAT_REMOTE_PORT": "10",
    }
