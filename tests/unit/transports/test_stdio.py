"""Standard input and output, as whatever they may be."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from pync.transports.stdio import LONGEST_LINE, Stdio, is_open

from ...systems import only_posix


def send_for_ever(stdio: Stdio) -> None:
    while True:
        assert stdio.send(bytes(100_000))


@only_posix
def test_a_full_pipe_is_not_waited_for_and_keeps_its_flags() -> None:
    out, into = os.pipe()
    blocking = os.get_blocking(into)
    with Stdio(None, into) as stdio:
        with pytest.raises(BlockingIOError):
            send_for_ever(stdio)
        os.read(out, 65536)
        assert stdio.send(b"x") == 1
    assert os.get_blocking(into) == blocking
    assert is_open(into)
    os.close(out)
    os.close(into)


@only_posix
def test_a_pipe_whose_reader_is_gone() -> None:
    out, into = os.pipe()
    os.close(out)
    with Stdio(None, into) as stdio, pytest.raises(BrokenPipeError):
        stdio.send(b"x")
    os.close(into)


@only_posix
def test_a_full_socket_is_not_waited_for() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Stdio(None, ours.fileno()) as stdio:
        with pytest.raises(BlockingIOError):
            send_for_ever(stdio)
        assert ours.getblocking()


def test_a_file_takes_everything_at_once(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    with Stdio(None, descriptor) as stdio:
        assert stdio.send(bytes(1_000_000)) == 1_000_000
    os.close(descriptor)


def test_a_closed_output_says_so() -> None:
    out, into = os.pipe()
    os.close(out)
    os.close(into)
    with Stdio(None, into) as stdio, pytest.raises(OSError, match="Bad file descriptor"):
        stdio.send(b"x")


@only_posix
def test_the_end_of_the_input_stays_the_end() -> None:
    master, slave = os.openpty()
    with Stdio(slave, slave) as stdio:
        assert stdio.interactive
        os.write(master, b"typed\n\x04")
        assert stdio.recv(100) == b"typed\n"
        assert stdio.recv(100) == b""
        # A terminal goes on after ^D; the input of a program does not.
        os.write(master, b"more\n")
        assert stdio.recv(100) == b""
        assert stdio.read_fds() == ()
    os.close(master)
    os.close(slave)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux cuts lines so")
@pytest.mark.parametrize(
    ("typed", "got", "is_cut"),
    [
        (b"x" * (LONGEST_LINE - 1) + b"\n", LONGEST_LINE, False),
        (b"x" * LONGEST_LINE + b"\n", LONGEST_LINE + 1, True),
        (b"x" * 9000 + b"\n", LONGEST_LINE + 1, True),
        (b"x" * 9000 + b"\x04", LONGEST_LINE, True),
    ],
)
def test_a_line_that_the_terminal_cuts_is_told(typed: bytes, got: int, is_cut: bool) -> None:
    master, slave = os.openpty()
    told: list[int] = []
    with Stdio(slave, slave) as stdio:
        stdio.line_was_cut = told.append
        while typed:
            typed = typed[os.write(master, typed[:1000]) :]
        assert len(stdio.recv(1 << 18)) == got
    assert told == ([LONGEST_LINE] if is_cut else [])
    os.close(master)
    os.close(slave)


@only_posix
def test_a_terminal_that_gives_keys_cuts_nothing() -> None:
    master, slave = os.openpty()
    import tty

    tty.setraw(slave)
    told: list[int] = []
    with Stdio(slave, slave) as stdio:
        stdio.line_was_cut = told.append
        os.write(master, b"x" * LONGEST_LINE)
        assert len(stdio.recv(1 << 18)) == LONGEST_LINE
    assert told == []
    os.close(master)
    os.close(slave)


def test_no_input_is_eof() -> None:
    with Stdio(None, 1) as stdio:
        assert (stdio.read_fds(), stdio.recv(1), stdio.interactive) == ((), b"", False)


@only_posix
def test_closing_leaves_the_descriptors_open() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stdio = Stdio(ours.fileno(), ours.fileno())
        stdio.close()
        stdio.close()
        assert is_open(ours.fileno())
