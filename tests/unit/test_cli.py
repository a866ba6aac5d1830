"""main: one line on stderr, one exit status, and no changed state."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pync.cli import _dialect, main
from pync.dialects import DIALECTS, version
from pync.dialects.pync import USAGE

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]


def test_help_and_version_are_output(pync: Start) -> None:
    assert pync("-h").ends() == (0, USAGE.encode(), "")
    assert pync("--version").ends() == (0, f"pync {version()}\n".encode(), "")


def test_usage_error_is_one_line(pync: Start) -> None:
    assert pync("-Z").ends() == (2, b"", "pync: unknown option -- 'Z' (pync -h for help)\n")


def test_as_option_and_environment_variable(pync: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pync("--as=pync", "--version").ends() == (0, f"pync {version()}\n".encode(), "")
    said = f"pync: there is no dialect 'ftp' (known: {', '.join(DIALECTS)})\n"
    assert pync("--as=ftp").ends() == (2, b"", said)
    monkeypatch.setenv("PYNC_AS", "ftp")
    assert pync("-h").ends() == (2, b"", said)
    # The command line takes precedence over the environment.
    assert pync("--as=pync", "--version").ends()[0] == 0


@pytest.mark.parametrize(
    ("executable", "name"),
    [("/usr/bin/pync", "pync"), ("/x/__main__.py", "pync"), ("C:PYNC.EXE", "pync"), ("", "pync")],
)
def test_dialect_from_the_name_of_the_executable(executable: str, name: str) -> None:
    assert _dialect(["9"], executable)[0].name == name


def test_control_characters_in_messages_are_escaped(pync: Start) -> None:
    _, _, said = pync("\x1b[2J\r\x07", 1).ends()
    assert "\\x1b[2J\\r\\x07" in said
    assert said.rstrip("\n").isprintable()


def test_file_objects_and_descriptors(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as stdout:
        assert main(["--version"], None, stdout, 2) == 0
    assert (tmp_path / "out").read_text() == f"pync {version()}\n"


def test_streams_without_descriptors_are_rejected() -> None:
    with pytest.raises(io.UnsupportedOperation):
        main(["--version"], io.BytesIO(), io.BytesIO(), io.BytesIO())


def test_signal_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    null = os.open(os.devnull, os.O_WRONLY)
    assert main(["--version"], null, null, null) == 0
    os.close(null)
    assert signal.getsignal(signal.SIGTERM) == before


def test_main_runs_in_a_thread(pync: Start) -> None:
    assert threading.current_thread() is threading.main_thread()
    assert pync("--version").ends()[0] == 0


# Tests that need a separate process.


def spawn(*argv: str, **more: object) -> subprocess.Popen[bytes]:
    """pync as a process, with pipes."""
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-m", "pync", *argv]
    return subprocess.Popen(command, **{**streams, **more})  # type: ignore[call-overload,no-any-return]


posix = pytest.mark.skipif(os.name != "posix", reason="signals and descriptors as POSIX has them")


@posix
@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, -signal.SIGINT),
        (signal.SIGTERM, -signal.SIGTERM),
        (getattr(signal, "SIGHUP", signal.SIGTERM), -getattr(signal, "SIGHUP", signal.SIGTERM)),
    ],
)
def test_signal_ends_the_program_cleanly(
    tmp_path_factory: pytest.TempPathFactory, number: signal.Signals, status: int
) -> None:
    path = tmp_path_factory.mktemp("s") / "socket"
    with spawn("-lvU", str(path)) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"Listening on {path}\n".encode()
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (status, b"")
    assert not path.exists()


@posix
def test_closed_stdin_means_eof(server: socket.socket) -> None:
    port = str(server.getsockname()[1])
    with spawn("127.0.0.1", port, stdin=None, preexec_fn=lambda: os.close(0)) as process:
        conn, _ = server.accept()
        with conn:
            conn.settimeout(10)
            assert conn.recv(1) == b""
            conn.sendall(b"still shown")
        shown, said = process.communicate(timeout=10)
    assert (process.returncode, shown, said) == (0, b"still shown", b"")


@posix
def test_write_to_a_closed_stdout_is_an_error(server: socket.socket) -> None:
    port = str(server.getsockname()[1])
    with spawn("127.0.0.1", port, stdout=None, preexec_fn=lambda: os.close(1)) as process:
        conn, _ = server.accept()
        with conn:
            conn.sendall(b"x")
            _, said = process.communicate(timeout=10)
    assert process.returncode == 1
    assert said == b"pync: write standard output: bad file descriptor\n"


@posix
def test_sockets_do_not_replace_closed_streams(server: socket.socket) -> None:
    port = str(server.getsockname()[1])

    def close_all() -> None:
        os.closerange(0, 3)

    nothing = {"stdin": None, "stdout": None, "stderr": None}
    with spawn("127.0.0.1", port, preexec_fn=close_all, **nothing) as process:
        conn, _ = server.accept()
        with conn:
            conn.settimeout(10)
            # No input and no message, only EOF.
            assert conn.recv(100) == b""
        assert process.wait(timeout=10) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is Linux's")
def test_full_output_is_an_error(server: socket.socket) -> None:
    port = str(server.getsockname()[1])
    with open("/dev/full", "wb") as full, spawn("127.0.0.1", port, stdout=full) as process:
        conn, _ = server.accept()
        with conn:
            conn.sendall(b"x")
            _, said = process.communicate(timeout=10)
    assert process.returncode == 1
    assert said == b"pync: write standard output: no space left on device\n"
