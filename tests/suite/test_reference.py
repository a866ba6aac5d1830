"""The parts of the embedded servers that the suite does not check: start, errors, limits, end.

The suite checks their answers; these tests use plain sockets.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from conformance.core.transcript import escape
from conformance.mutants.catalogue import MUTANTS

from .judging import ROOT, needs_node

PYTHON = [sys.executable, "-I", "-S", "conformance/reference/python/server.py"]
NODE = ["node", "conformance/reference/node/server.js"]
ANY_PORT = "tcp://127.0.0.1:0"

#: Seconds to wait for one event; a passing test never waits that long.
TIMEOUT = 20.0

each_language = pytest.mark.parametrize(
    "command",
    [pytest.param(PYTHON, id="python"), pytest.param(NODE, id="node", marks=needs_node)],
)


class Running:
    """A server that has printed its address."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.line = process.stdout.readline().rstrip("\n")
        self.address = self.line.removeprefix("LISTENING ")

    def connect(self) -> socket.socket:
        if self.address.startswith("unix:"):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(TIMEOUT)
            client.connect(self.address.removeprefix("unix:"))
            return client
        host, _, port = self.address.removeprefix("tcp://").rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT)

    def says(self, size: int) -> bytes:
        """Return the first bytes that a client gets without asking."""
        with self.connect() as client:
            return read(client, size)

    def echoes(self, data: bytes = b"still here") -> bool:
        with self.connect() as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return read(client) == data

    def may_echo(self) -> bool:
        """Whether a client is served; a refused client is not an error."""
        try:
            return self.echoes()
        except ConnectionError:
            return False

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT)


@contextmanager
def running(command: list[str], *words: str, descriptors: int | None = None) -> Iterator[Running]:
    argv = [*command, *words]
    if descriptors is not None:
        argv = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh", *argv]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


def read(client: socket.socket, size: int | None = None) -> bytes:
    """Read this number of bytes, or up to FIN."""
    data = bytearray()
    while size is None or len(data) < size:
        piece = client.recv(65536 if size is None else size - len(data))
        if not piece:
            break
        data += piece
    return bytes(data)


def fill_backlog(path: str, clients: ExitStack) -> None:
    """Connect until the backlog is full; raises BlockingIOError then."""
    for _ in range(100):
        client = clients.enter_context(socket.socket(socket.AF_UNIX))
        client.setblocking(False)
        client.connect(path)


def keep_talking(client: socket.socket) -> None:
    """Send ten lines a second until the server has closed; raises ConnectionError then."""
    poll = select.poll()
    poll.register(client, 0)  # poll() always reports POLLERR and POLLHUP
    for _ in range(int(TIMEOUT * 10)):
        client.sendall(b"still talking\n")
        poll.poll(100)


def refused(command: list[str], status: int, *words: str) -> str:
    """Start a server that fails; return the one line that says why."""
    done = subprocess.run(
        [*command, *words], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("server: ")
    return line.removeprefix("server: ")


@each_language
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_server_prints_its_port(command: list[str], host: str) -> None:
    with running(command, "echo", f"tcp://{host}:0") as server:
        assert server.line.startswith(f"LISTENING tcp://{host}:")
        assert server.echoes()


@each_language
def test_server_listens_on_the_given_port(command: list[str], free_port: int) -> None:
    with running(command, "echo", f"tcp://127.0.0.1:{free_port}") as server:
        assert server.line == f"LISTENING tcp://127.0.0.1:{free_port}"


@each_language
def test_every_byte_can_be_written_as_a_value(command: list[str]) -> None:
    every = bytes(range(256)) + "é漢\\x41\\".encode()
    with running(command, "echo", ANY_PORT, f"greeting={escape(every)}") as server:
        assert server.says(len(every)) == every


@each_language
def test_escapes_of_the_contract(command: list[str]) -> None:
    with running(command, "echo", ANY_PORT, r"greeting=a\n\r\t\0\\\xff=é") as server:
        awaited = b"a\n\r\t\0\\\xff=\xc3\xa9"
        assert server.says(len(awaited)) == awaited


@each_language
@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "usage: "),
        (["echo"], "usage: "),
        (["nonsense", ANY_PORT], "unknown service 'nonsense'"),
        (["constructor", ANY_PORT], "unknown service 'constructor'"),
        (["echo", "nonsense"], "'nonsense' is not a valid address"),
        (["echo", "unix:"], "'unix:' is not a valid address"),
        (["echo", "tcp://127.0.0.1"], "'tcp://127.0.0.1' is not a valid address"),
        (["echo", "tcp://127.0.0.1:http"], "'tcp://127.0.0.1:http' is not a valid address"),
        (["echo", "tcp://127.0.0.1:65536"], "'tcp://127.0.0.1:65536' is not a valid address"),
        (["echo", "tcp://:0"], "'tcp://:0' is not a valid address"),
        (["echo", "udp://127.0.0.1:0"], "'udp://127.0.0.1:0' is not a valid address"),
        (["udp-echo", ANY_PORT], f"'{ANY_PORT}' is not a valid address"),
        (["udp-echo", "unix:/nowhere"], "'unix:/nowhere' is not a valid address"),
        (["echo", "tls://127.0.0.1:0"], "TLS_CERT is not set: tls:// needs a certificate"),
        (["echo", ANY_PORT, "greeting"], "'greeting': echo takes greeting"),
        (["echo", ANY_PORT, "token=x"], "'token=x': echo takes greeting"),
        (["echo", ANY_PORT, "constructor=x"], "'constructor=x': echo takes greeting"),
        (["echo", ANY_PORT, "greeting=\\"], "'\\': a lone backslash"),
        (["echo", ANY_PORT, "greeting=\\q"], "'\\q': unknown escape"),
        (["echo", ANY_PORT, "greeting=\\x4"], "'\\x4': unknown escape"),
        (["greet", ANY_PORT, "delay=soon"], "'soon': the delay is seconds"),
        (["greet", ANY_PORT, "delay=nan"], "'nan': the delay is seconds"),
        (["greet", ANY_PORT, "delay=-1"], "'-1': the delay is seconds"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    command: list[str], words: list[str], line: str
) -> None:
    assert refused(command, 2, *words).startswith(line)


@each_language
def test_port_in_use_is_status_1(command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        assert refused(command, 1, "echo", address).startswith(f"listen {address}: ")


@each_language
def test_bind_error_is_status_1(command: list[str], tmp_path: Path) -> None:
    for path in (tmp_path / "none" / "socket", tmp_path / ("long" * 40)):
        assert refused(command, 1, "echo", f"unix:{path}").startswith(f"listen unix:{path}: ")
    assert list(tmp_path.iterdir()) == []


@each_language
def test_file_at_the_path_is_not_replaced(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("somebody's work")
    assert "not a socket" in refused(command, 1, "echo", f"unix:{path}")
    assert path.read_text() == "somebody's work"


@each_language
def test_path_of_a_running_server_is_not_replaced(command: list[str], tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/socket"
    with running(command, "echo", address) as first:
        assert "in use" in refused(command, 1, "echo", address)
        assert first.echoes()


@each_language
def test_path_with_a_full_backlog_is_in_use(command: list[str], tmp_path: Path) -> None:
    path = f"{tmp_path}/socket"
    with socket.socket(socket.AF_UNIX) as listener, ExitStack() as clients:
        listener.bind(path)
        listener.listen(0)
        with pytest.raises(BlockingIOError):
            fill_backlog(path, clients)
        assert "in use" in refused(command, 1, "echo", f"unix:{path}")
        assert os.path.exists(path)


@each_language
def test_stale_socket_is_replaced_and_removed_at_the_end(
    command: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
    with running(command, "echo", f"unix:{path}") as server:
        assert server.line == f"LISTENING unix:{path}"
        assert server.echoes()
        assert server.terminate() == 0
    assert not path.exists()


@each_language
def test_sigterm_ends_it_with_clients_of_every_kind(command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with running(command, "echo", f"unix:{path}") as server, ExitStack() as clients:
        idle = clients.enter_context(server.connect())
        jammed = clients.enter_context(server.connect())
        jammed.settimeout(0.2)
        with pytest.raises(TimeoutError):
            jammed.sendall(bytes(64 * 1024 * 1024))
        assert server.echoes()
        assert server.terminate() == 0
        assert idle.recv(1) == b""
    assert not path.exists()


@each_language
def test_sigterm_directly_after_the_start_line_leaves_no_path(
    command: list[str], tmp_path: Path
) -> None:
    for number in range(10):
        path = tmp_path / str(number)
        with running(command, "echo", f"unix:{path}") as server:
            assert server.terminate() == 0
        assert not path.exists()


@each_language
def test_server_survives_running_out_of_descriptors(command: list[str]) -> None:
    with running(command, "echo", ANY_PORT, descriptors=64) as server:
        with ExitStack() as many:
            for _ in range(100):
                many.enter_context(server.connect())
        # Node refuses clients while it has no free descriptor; the connections that have
        # just ended may not be closed yet.
        assert any(server.may_echo() for _ in range(1000))
        assert server.terminate() == 0


@each_language
def test_endless_line_is_not_buffered(command: list[str]) -> None:
    """A client that never ends its line cannot fill the server's memory."""
    piece = b"x" * 65536
    with running(command, "reset", ANY_PORT) as server, server.connect() as client:
        for _ in range(64):
            client.sendall(piece)
            assert read(client, len(piece)) == piece
        client.sendall(b"RESET\n")
        assert read(client, 6) == b"RESET\n", "it ends a long line and is not a command"
        client.sendall(b"RESET\n")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


@each_language
def test_command_of_any_length(command: list[str]) -> None:
    word = "long" * 20_000
    with (
        running(command, "reset", ANY_PORT, f"command={word}") as server,
        server.connect() as client,
    ):
        client.sendall(word.encode() + b"\r\n")
        with pytest.raises(ConnectionResetError):
            client.recv(1)


@each_language
def test_client_that_never_ends_is_closed(command: list[str]) -> None:
    """After greet's FIN a client has a few seconds to close; then the server closes."""
    with running(command, "greet", ANY_PORT, "delay=0") as server, server.connect() as client:
        assert read(client).endswith(b"Good bye!\n\n\n")
        with pytest.raises(ConnectionError):
            keep_talking(client)


def test_python_server_imports_no_slow_module() -> None:
    slow = {"asyncio", "json", "argparse", "dataclasses", "typing", "re", "logging", "inspect"}
    slow |= {"subprocess", "threading", "ssl", "tempfile", "traceback", "ctypes", "site"}
    for script, service in ((PYTHON[-1], "echo"), ("conformance/mutants/server.py", "echo/x")):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-X", "importtime", script, service, "nowhere"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert "selectors" in loaded
        assert loaded & slow == set()


def test_mutants_have_the_same_command_line() -> None:
    mutants = [sys.executable, "-I", "-S", "conformance/mutants/server.py"]
    assert refused(mutants, 2, "echo/none", ANY_PORT).startswith("unknown service 'echo/none'")
    with running(mutants, "echo/prompts", ANY_PORT, r"greeting=hi\n") as server:
        assert server.says(5) == b"hi\n> "
        assert server.terminate() == 0
    assert "echo/prompts" in MUTANTS


def test_path_of_another_server_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with running(PYTHON, "echo", f"unix:{path}") as server:
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            assert server.terminate() == 0
            assert stat.S_ISSOCK(path.stat().st_mode)


#: A server that gets a signal just before every wait, and whose handler only sets a flag: only
#: the byte that the C part of the handler writes can end the wait.
JUST_BEFORE_THE_WAIT = """
import os, selectors, signal, sys
from conformance.reference.python import command, serving, services

class Late(selectors.DefaultSelector):
    def select(self, timeout=None):
        os.kill(os.getpid(), signal.SIGTERM)
        return super().select(timeout)

serving.selectors.DefaultSelector = Late
serving.Server.request_stop = lambda self: setattr(self, "stopping", True)
sys.exit(command.main(["echo", "tcp://127.0.0.1:0"], services.SERVICES))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_signal_just_before_the_wait_is_noticed() -> None:
    """It was lost once in some thousand runs: the server still ran 5 s after SIGTERM."""
    done = subprocess.run(
        [sys.executable, "-c", JUST_BEFORE_THE_WAIT],
        cwd=ROOT,
        capture_output=True,
        timeout=TIMEOUT,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("LISTENING")
