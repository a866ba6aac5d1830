"""stdin, stdout and stderr in every state in which a shell can pass them."""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

import pytest

from ..peer import Peer, Server, connected
from ..programs import PYNC, Program, is_listening_path, until
from .conftest import Start, heard_port, keeps_saying

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: /dev/full, /proc"
)


# Output whose reader exits.


def test_reader_of_the_output_closes_early(shell: Start, server: Server) -> None:
    """``pync HOST PORT | head -1``: no message, and pync exits when it notices."""
    line = f"{{ pync 127.0.0.1 {server.port} </dev/null; echo $? >&2; }} | head -n 1"
    program = shell(line)
    peer = server.accepts()
    peer.says(b"one\ntwo\n")
    assert program.read(4) == b"one\n"
    # head exits, and pync notices when more bytes arrive.
    keeps_saying(peer, program)
    assert program.ends(0) == b"141\n"


@pytest.mark.parametrize("option", ["", "-v"])
def test_reader_of_the_output_closes_during_a_large_transfer(
    shell: Start, server: Server, option: str
) -> None:
    line = f"{{ pync {option} 127.0.0.1 {server.port} </dev/null; echo $? >&2; }} | head -c 10"
    program = shell(line)
    peer = server.accepts()
    try:
        peer.says(bytes(20_000_000))
    except (BrokenPipeError, ConnectionResetError):
        pass  # pync exited before it had received everything, as it should
    assert program.rest() == bytes(10)
    assert program.ends(0).endswith(b"141\n")


def test_sigpipe_ignored_by_the_parent(shell: Start, server: Server) -> None:
    """As under many servers and in Python's subprocesses: it exits in the same way."""
    line = f"trap '' PIPE; {{ pync 127.0.0.1 {server.port} </dev/null; echo $? >&2; }} | head -n 1"
    program = shell(line)
    peer = server.accepts()
    peer.says(b"one\n")
    assert program.read(4) == b"one\n"
    keeps_saying(peer, program)
    assert program.ends(0) == b"141\n"


# Closed from the start.


def test_closed_input_is_eof(shell: Start, server: Server) -> None:
    program = shell(f"pync 127.0.0.1 {server.port} <&-")
    peer = server.accepts()
    peer.hears_end()
    peer.says(b"answer")
    peer.closes()
    assert program.rest() == b"answer"
    assert program.ends(0) == b""


def test_closed_output_is_reported_when_there_is_something_to_write(
    shell: Start, server: Server
) -> None:
    program = shell(f"pync 127.0.0.1 {server.port} >&-")
    peer = server.accepts()
    program.write(b"goes out")
    peer.hears(b"goes out")
    peer.says(b"cannot come in")
    assert program.ends(1) == b"pync: write standard output: bad file descriptor\n"


def test_closed_output_does_not_matter_when_nothing_arrives(shell: Start, server: Server) -> None:
    program = shell(f"pync 127.0.0.1 {server.port} >&-")
    peer = server.accepts()
    program.write(b"goes out")
    program.end_input()
    assert peer.hears_rest() == b"goes out"
    peer.closes()
    assert program.ends(0) == b""


def test_closed_errors_disturb_nothing(shell: Start, server: Server) -> None:
    program = shell(f"pync -v 127.0.0.1 {server.port} 2>&-")
    peer = server.accepts()
    program.write(b"goes out")
    program.end_input()
    # The messages of -v must not be sent on the connection.
    assert peer.hears_rest() == b"goes out"
    peer.says(b"comes in")
    peer.closes()
    assert program.rest() == b"comes in"
    program.ends(0)


def test_all_three_closed(shell: Start, server: Server) -> None:
    program = shell(f"pync -v 127.0.0.1 {server.port} <&- >&- 2>&-; echo $?")
    peer = server.accepts()
    peer.hears_end()
    peer.closes()
    assert program.rest() == b"0\n"


@linux
@pytest.mark.parametrize(("said", "status"), [(b"", b"0\n"), (b"x", b"1\n")])
def test_listener_with_all_standard_streams_closed(
    shell: Start, folder: Path, said: bytes, status: bytes
) -> None:
    """No socket becomes descriptor 0-2: otherwise output would go to the network."""
    path = folder / "socket"
    program = shell(f"pync -lvU '{path}' <&- >&- 2>&-; echo $?")
    until(lambda: is_listening_path(path), "pync to listen", program)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        peer = Peer(sock)
        peer.says(said)
        peer.half_closes()
        peer.hears_end()
        assert program.rest() == status


# Output that fails.


@linux
@pytest.mark.parametrize("way", [">/dev/full", ">>/dev/full"])
def test_full_disk_is_reported(shell: Start, server: Server, way: str) -> None:
    program = shell(f"pync 127.0.0.1 {server.port} {way}")
    peer = server.accepts()
    peer.says(b"x")
    assert program.ends(1) == b"pync: write standard output: no space left on device\n"


@linux
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_on_a_full_disk_is_reported(shell: Start, option: str) -> None:
    program = shell(f"pync {option} >/dev/full")
    assert program.ends(1) == b"pync: write standard output: no space left on device\n"


def test_listener_with_k_exits_when_its_disk_is_full(shell: Start, server: Server) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("only on Linux: /dev/full")
    program = shell("pync -lkv 127.0.0.1 0 >/dev/full")
    with connected(heard_port(program)) as peer:
        peer.says(b"x")
        assert program.ends(1).endswith(b"\npync: write standard output: no space left on device\n")


def test_file_size_limit_is_reported(shell: Start, server: Server, tmp_path: Path) -> None:
    """ulimit -f: the kernel sends SIGXFSZ, which Python ignores; EFBIG is reported."""
    # (Bytecode files that are truncated by this limit would break every later start.)
    limited = "export PYTHONDONTWRITEBYTECODE=1; ulimit -f 1; pync"
    program = shell(f"{limited} 127.0.0.1 {server.port} </dev/null >'{tmp_path}/small'")
    peer = server.accepts()
    try:
        peer.says(bytes(1_000_000))
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert program.ends(1) == b"pync: write standard output: file too large\n"


# Input that fails.


def test_input_that_cannot_be_read_is_reported(shell: Start, server: Server) -> None:
    """stdin is open for writing only: this is an error, not the end of input."""
    program = shell(f"pync 127.0.0.1 {server.port} 0>/dev/null")
    server.accepts()
    assert program.ends(1) == b"pync: read standard input: bad file descriptor\n"


# stdout has only the peer's bytes, stderr only diagnostics.


def test_verbose_messages_go_to_stderr(pync: Start, server: Server) -> None:
    program = pync("-v", "127.0.0.1", server.port)
    peer = server.accepts()
    program.end_input()
    peer.says(b"only this")
    peer.closes()
    assert program.rest() == b"only this"
    said = program.ends(0)
    assert said == f"Connection to 127.0.0.1 {server.port} port [tcp/*] succeeded!\n".encode()


def test_verbose_names_the_given_and_the_resolved_address(pync: Start, server: Server) -> None:
    program = pync("-4v", "localhost", server.port)
    program.end_input()
    server.accepts().closes()
    named = f"localhost (127.0.0.1) {server.port} port [tcp/*]"
    assert program.ends(0) == f"Connection to {named} succeeded!\n".encode()


def test_error_messages_escape_control_sequences(pync: Start, tmp_path: Path) -> None:
    """A path may contain escape sequences; they must not reach a terminal unescaped."""
    said = pync("-U", f"{tmp_path}/\x1b[31mred\nline").ends(1)
    assert said.count(b"\n") == 1
    assert b"\x1b" not in said


@linux
def test_unread_output_socket_does_not_block_sending(server: Server) -> None:
    """As under inetd; the socket is blocking, and pync must not change its flags."""
    theirs, reader = socket.socketpair()
    with (
        theirs,
        reader,
        Program(*PYNC, "127.0.0.1", server.port, stdout=theirs.fileno()) as program,
    ):
        peer = server.accepts()
        # More data arrives than is read ...
        assert peer.offers(bytes(64 << 20)) < 64 << 20
        # ... and input is sent nevertheless.
        program.write(b"hello\n")
        peer.hears(b"hello\n")


@linux
def test_silent_input_socket_does_not_block_receiving(server: Server) -> None:
    theirs, typist = socket.socketpair()
    with theirs, typist, Program(*PYNC, "127.0.0.1", server.port, stdin=theirs.fileno()) as program:
        peer = server.accepts()
        much = bytes(range(256)) * 20_000
        speaker = Peer(typist.dup())
        thread = threading.Thread(target=speaker.says, args=(much,))
        thread.start()
        for start in range(0, len(much), 1 << 16):
            peer.hears(much[start : start + (1 << 16)])
        thread.join()
        speaker.closes()
        typist.sendall(b"more")
        peer.hears(b"more")
        # It has been read completely, and sends nothing now.
        peer.says(b"answer")
        assert program.read(6) == b"answer"
