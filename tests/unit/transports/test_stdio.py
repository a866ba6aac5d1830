"""Standard input and output as pipes, sockets, files and terminals."""

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
def test_full_pipe_does_not_block_and_keeps_its_flags() -> None:
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
def test_write_to_a_pipe_without_a_reader() -> None:
    out, into = os.pipe()
    os.close(out)
    with Stdio(None, into) as stdio, pytest.raises(BrokenPipeError):
        stdio.send(b"x")
    os.close(into)


def reports_closed_reader(stdio: Stdio, seconds: float) -> bool:
    """Return whether the output reports within this time that its reader may have closed it."""
    return bool(select.select(stdio.gone_fds(), [], [], seconds)[0])


@only_posix
@pytest.mark.parametrize("full", [False, True])
def test_closed_reader_of_a_pipe_is_noticed_without_writing(full: bool) -> None:
    out, into = os.pipe()
    with Stdio(None, into) as stdio:
        if full:
            with pytest.raises(BlockingIOError):
                send_for_ever(stdio)
        assert not reports_closed_reader(stdio, 0)
        assert not stdio.reader_gone()
        os.close(out)
        assert reports_closed_reader(stdio, 10)
        assert stdio.reader_gone()
    os.close(into)


@only_linux
def test_closed_reader_of_a_socket_is_noticed_without_writing() -> None:
    ours, theirs = socket.socketpair()
    with ours, Stdio(None, ours.fileno()) as stdio:
        # Data from the reader, or its FIN, does not mean that it has closed the socket.
        theirs.send(b"unread")
        theirs.shutdown(socket.SHUT_WR)
        assert not reports_closed_reader(stdio, 0)
        theirs.close()
        assert reports_closed_reader(stdio, 10)
        assert stdio.reader_gone()


@only_posix
def test_file_has_no_reader(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        assert Stdio(None, file.fileno()).gone_fds() == ()
    with open(os.devnull, "wb") as null:
        assert Stdio(None, null.fileno()).gone_fds() == ()


@only_posix
def test_kind_of_the_input(tmp_path: Path) -> None:
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
def test_output_can_be_closed_before_exit(owns: bool) -> None:
    out, into = os.pipe()
    with Stdio(None, into, owns_stdout=owns) as stdio:
        stdio.send(b"all")
        stdio.closes_output = True
        stdio.send_eof()
        assert os.read(out, 10) == b"all"
        assert bool(select.select([out], [], [], 0)[0]) is owns
        # The descriptor number stays in use; otherwise the next opened file would be the output.
        assert is_open(into)
        assert stdio.send(b"dropped") == 7
    os.close(out)
    os.close(into)


@only_posix
def test_full_socket_does_not_block() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Stdio(None, ours.fileno()) as stdio:
        with pytest.raises(BlockingIOError):
            send_for_ever(stdio)
        assert ours.getblocking()


def test_file_accepts_everything_at_once(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    with Stdio(None, descriptor) as stdio:
        assert stdio.send(bytes(1_000_000)) == 1_000_000
    os.close(descriptor)


def test_write_to_a_closed_output_is_an_error() -> None:
    out, into = os.pipe()
    os.close(out)
    os.close(into)
    with Stdio(None, into) as stdio, pytest.raises(OSError, match="Bad file descriptor"):
        stdio.send(b"x")


@only_posix
def test_eof_of_the_input_is_final() -> None:
    master, slave = os.openpty()
    with Stdio(slave, slave) as stdio:
        assert stdio.interactive
        os.write(master, b"typed\n\x04")
        assert stdio.recv(100) == b"typed\n"
        assert stdio.recv(100) == b""
        # More can be typed after ^D, but for the program the input has ended.
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
def test_line_cut_by_the_terminal_is_reported(typed: bytes, got: int, is_cut: bool) -> None:
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
    """Return the number of bytes that can be read."""
    import fcntl
    import termios

    (size,) = struct.unpack("i", fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)))
    return int(size)


@only_posix
def test_terminal_in_raw_mode_cuts_no_lines() -> None:
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


def test_no_input_means_eof() -> None:
    with Stdio(None, 1) as stdio:
        assert (stdio.read_fds(), stdio.recv(1), stdio.interactive) == ((), b"", False)


@only_posix
def test_close_leaves_the_descriptors_open() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stdio = Stdio(ours.fileno(), ours.fileno())
        stdio.close()
        stdio.close()
        assert is_open(ours.fileno())
