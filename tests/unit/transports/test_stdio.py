"""Standard input and output, as whatever they may be."""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
from pathlib import Path

import pytest

from pync.transports.descriptors import is_open
from pync.transports.stdio import LONGEST_LINE, Stdio

from ...programs import until
from ...systems import only_linux, only_posix


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


def heard(stdio: Stdio, seconds: float) -> bool:
    """Whether the output tells in time that its reader may have left."""
    return bool(select.select(stdio.gone_fds(), [], [], seconds)[0])


@only_posix
@pytest.mark.parametrize("full", [False, True])
def test_the_reader_of_a_pipe_leaves_while_nothing_is_written(full: bool) -> None:
    out, into = os.pipe()
    with Stdio(None, into) as stdio:
        if full:
            with pytest.raises(BlockingIOError):
                send_for_ever(stdio)
        assert not heard(stdio, 0)
        assert not stdio.reader_gone()
        os.close(out)
        assert heard(stdio, 10)
        assert stdio.reader_gone()
    os.close(into)


@only_linux
def test_the_reader_of_a_socket_leaves_while_nothing_is_written() -> None:
    ours, theirs = socket.socketpair()
    with ours, Stdio(None, ours.fileno()) as stdio:
        # What it says to us, or that it will say no more, does not mean that it left.
        theirs.send(b"unread")
        theirs.shutdown(socket.SHUT_WR)
        assert not heard(stdio, 0)
        theirs.close()
        assert heard(stdio, 10)
        assert stdio.reader_gone()


@only_posix
def test_a_file_has_no_reader_that_could_leave(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        assert Stdio(None, file.fileno()).gone_fds() == ()
    with open(os.devnull, "wb") as null:
        assert Stdio(None, null.fileno()).gone_fds() == ()


@only_posix
def test_what_the_input_is(tmp_path: Path) -> None:
    out, into = os.pipe()
    terminal, person = os.openpty()
    ours, theirs = socket.socketpair()
    (tmp_path / "in").touch()
    with ours, theirs, (tmp_path / "in").open("rb") as file, open(os.devnull, "rb") as null:
        inputs = (out, ours.fileno(), person, file.fileno(), null.fileno(), None)
        kinds = [Stdio(stdin, into).kind for stdin in inputs]
    assert kinds == ["pipe", "pipe", "terminal", "file", "file", "file"]
    for descriptor in (out, into, terminal, person):
        os.close(descriptor)


@only_posix
@pytest.mark.parametrize("owns", [True, False])
def test_the_output_can_end_before_the_program(owns: bool) -> None:
    out, into = os.pipe()
    with Stdio(None, into, owns_stdout=owns) as stdio:
        stdio.send(b"all")
        stdio.closes_output = True
        stdio.send_eof()
        assert os.read(out, 10) == b"all"
        assert bool(select.select([out], [], [], 0)[0]) is owns
        # The number is not free: the next file to be opened would become the output.
        assert is_open(into)
        assert stdio.send(b"dropped") == 7
    os.close(out)
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


def waiting(terminal: int) -> int:
    """How many bytes can be read."""
    import fcntl
    import termios

    (size,) = struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))
    return int(size)


@only_posix
def test_a_terminal_that_gives_keys_cuts_nothing() -> None:
    master, slave = os.openpty()
    import tty

    tty.setraw(slave)
    told: list[int] = []
    with Stdio(slave, slave) as stdio:
        stdio.line_was_cut = told.append
        os.write(master, b"x" * LONGEST_LINE)
        # Linux passes them on in pieces, and one read must get all of them.
        until(lambda: waiting(slave) == LONGEST_LINE, "the keys")
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
