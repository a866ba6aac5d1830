"""The terminal of a client program: the programs on it are stopped when it closes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("only on POSIX: terminals", allow_module_level=True)

import pexpect

from conformance.clients.terminal import Manners, Terminal, hang_up
from conformance.core.transcript import Transcript
from conformance.core.verdict import Violation

from .judging import PYTHON, judge

#: Ends only by SIGKILL.
STUBBORN = """
import signal
for number in (signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forkpty beside xdist's threads
def test_program_that_ignores_sighup_is_stopped() -> None:
    child = pexpect.spawn(sys.executable, ["-c", STUBBORN], timeout=30)
    # As on a busy machine: the test looks for its end before it can have ended.
    child.ptyproc.delayafterterminate = 0
    # (the whole line: its write would fail if the terminal closed before it was complete)
    child.expect_exact(b"deaf\r\n")
    hang_up(child)
    assert child.closed
    assert child.signalstatus == 9
    hang_up(child)


#: What a client that shows only the connection's bytes does by itself.
EXACT = Manners(True, None, True, None, True)


@contextmanager
def showing(*pieces: bytes, deadline: float = 10.0) -> Iterator[Terminal]:
    """A terminal on which a program writes these pieces one by one."""
    program = f"import os\nfor piece in {pieces!r}: os.write(1, piece)"
    argv = [sys.executable, "-I", "-S", "-c", program]
    terminal = Terminal(argv, EXACT, Transcript(), deadline)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forkpty beside xdist's threads
@pytest.mark.parametrize(
    ("pieces", "seen"),
    [
        ([b"Hello\r\n"], b"Hello\r\n"),
        ([b"Hello\n"], b"Hello\r\n"),
        ([b"Hello\r\n"], b"Hello\n"),
        ([b"Hello\r", b"\n"], b"Hello\r\n"),
        ([b"one\r\n\r\ntwo\n\n"], b"one\r\n\r\ntwo\n\n"),
        ([b"a\rb\r\n"], b"a\rb\r\n"),
        ([b"no end\r"], b"no end\r"),
    ],
)
def test_terminal_output_has_crlf_line_endings(pieces: list[bytes], seen: bytes) -> None:
    with showing(*pieces) as terminal:
        terminal.see(seen, "the greeting")
        terminal.see_the_end()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forkpty beside xdist's threads
@pytest.mark.parametrize(
    ("shown", "awaited"),
    [(b"Hello!\r\n", b"Hello\r\n"), (b"a\rb\r\n", b"ab\r\n"), (b"one\n\ntwo\n", b"one\ntwo\n")],
)
def test_other_text_is_distinguished_from_the_servers(shown: bytes, awaited: bytes) -> None:
    with showing(shown) as terminal:
        with pytest.raises(Violation):
            terminal.see(awaited, "the greeting")


#: Sends a greeting and then serves as an echo server.
GREETER = """
import socketserver, sys

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"Welcome\\r\\nto this server\\r\\n")
        while data := self.request.recv(65536):
            self.request.sendall(data)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""


def test_greeting_with_crlf_lines(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(GREETER)
    command = f"{PYTHON} {tmp_path}/server.py {{port}}"
    texts = r"--set=greeting=Welcome\r\nto this server\r\n"
    judged = judge(tmp_path, command, texts, "--case=echo/terminal", "--case=echo/greeting")
    assert judged.ids("PASS") == {"echo/terminal", "echo/greeting"}, judged.stdout
