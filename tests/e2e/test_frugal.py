"""Resource use: no CPU time while idle, bounded memory, nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import pytest

from ..peer import DEADLINE, Mailbox, Peer, Server, connected, listening
from ..programs import PYNC, Program, stays
from .conftest import Start, heard_port

pytestmark = [
    pytest.mark.skipif(
        not sys.platform.startswith("linux"),
        reason="only on Linux: /proc tells what a process costs",
    ),
    pytest.mark.usefixtures("plain_starts"),
]

#: Largest allowed memory in bytes, however much is transferred: an interpreter and buffers.
MEMORY = 64 << 20

#: Seconds to watch, and the seconds of CPU time that count as "idle".
WATCH, NOTHING = 0.6, 0.1


def cpu_seconds(program: Program) -> float:
    """CPU time so far (proc(5): utime and stime of /proc/PID/stat)."""
    fields = Path(f"/proc/{program.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(program: Program) -> int:
    """Peak resident memory in bytes (proc(5): VmHWM)."""
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def descriptors(program: Program) -> list[str]:
    return os.listdir(f"/proc/{program.process.pid}/fd")


def is_idle(program: Program) -> bool:
    """Whether it sleeps: it is running, and uses no CPU time."""
    # The program may still be busy when the first measurement begins: the second one counts.
    for _ in range(3):
        before = cpu_seconds(program)
        assert stays(program, WATCH), f"{program.argv} ended: {program.ends(None)!r}"
        if cpu_seconds(program) - before <= NOTHING:
            return True
    return False


# No data moves: all states in which a program can be idle.


def test_idle_while_both_sides_are_silent(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"x")
    assert program.read(1) == b"x"
    assert is_idle(program)


@pytest.mark.parametrize("words", ["-lv 127.0.0.1 0", "-lkv 0", "-luv 127.0.0.1 0", "-lukv 0"])
def test_idle_while_listening(pync: Start, words: str) -> None:
    program = pync(*words.split())
    heard_port(program)
    assert is_idle(program)


def test_idle_after_the_end_of_input(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    program.end_input()
    peer.hears_end()
    assert is_idle(program)


def test_no_cpu_time_after_peer_eof(pync: Start, server: Server) -> None:
    program = pync("--half-open", "127.0.0.1", server.port)
    peer = server.accepts()
    peer.half_closes()
    assert is_idle(program)
    program.write(b"still sent")
    peer.hears(b"still sent")


def test_idle_when_the_peer_ends_a_listeners_only_input(pync: Start) -> None:
    program = pync("-lkv", "--no-shutdown", "127.0.0.1", "0")
    port = heard_port(program)
    program.end_input()
    with connected(port) as peer:
        peer.says(b"x")
        assert program.read(1) == b"x"
        assert is_idle(program)


@pytest.mark.parametrize("option", ["-d", "--recv-only", "--no-shutdown"])
def test_idle_without_input(pync: Start, server: Server, option: str) -> None:
    program = pync(option, "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"unread")
    program.end_input()
    peer.says(b"x")
    assert program.read(1) == b"x"
    assert is_idle(program)


@pytest.mark.parametrize("option", ["", "-C"])
@pytest.mark.parametrize("source", ["file", "pipe", "device"])
def test_idle_while_the_peer_reads_nothing(
    pync: Start, stack: ExitStack, tmp_path: Path, option: str, source: str
) -> None:
    """With the fast paths and without them."""
    endless = tmp_path / "endless"
    with endless.open("wb") as file:
        file.truncate(1 << 32)
    stdin: IO[Any] | None
    path = Path("/dev/zero") if source == "device" else endless
    stdin = stack.enter_context(path.open("rb"))
    if source == "pipe":
        stdin = stack.enter_context(Program("cat", "/dev/zero", stdin=stdin)).process.stdout
    server = stack.enter_context(listening(receives=4096))
    program = pync(*option.split(), "127.0.0.1", server.port, stdin=stdin)
    server.accepts()
    assert is_idle(program)
    assert peak_memory(program) < MEMORY


@pytest.mark.parametrize("option", ["", "--recv-only"])
def test_no_cpu_time_while_the_output_is_not_read(pync: Start, server: Server, option: str) -> None:
    program = pync(*option.split(), "127.0.0.1", server.port)
    peer = server.accepts()
    # More than the kernel buffers for a socket (tcp(7), tcp_rmem).
    assert peer.offers(bytes(100_000_000)) < 100_000_000
    assert is_idle(program)
    assert peak_memory(program) < MEMORY


def test_idle_when_the_outputs_reader_has_gone(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"x")
    assert program.read(1) == b"x"
    program.stops_reading()
    assert is_idle(program)


def test_idle_after_the_end_of_input_over_udp(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "127.0.0.1", box.port)
    program.write(b"x")
    program.end_input()
    box.hears(b"x")
    assert is_idle(program)


# Memory.


def test_memory_is_bounded_when_no_line_ends(pync: Start, server: Server) -> None:
    """``-i`` and ``-C`` work on lines, but must not wait for a complete one."""
    program = pync("-C", "127.0.0.1", server.port)
    peer = server.accepts()
    block = b"no end of line " * 1000
    for _ in range(100):
        program.write(block)
        peer.hears(block)
    assert peak_memory(program) < MEMORY


# Nothing is left behind.


def test_listener_leaks_no_descriptor(pync: Start) -> None:
    program = pync("-lkv", "127.0.0.1", "0")
    port = heard_port(program)
    program.end_input()
    counts = []
    for number in range(60):
        with connected(port) as peer:
            peer.says(b"x")
            assert program.read(1) == b"x"
            counts.append(len(descriptors(program)))
            peer.resets() if number % 2 else peer.closes()
    assert counts[-1] <= counts[1]


def test_one_process_and_one_thread(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"x")
    assert program.read(1) == b"x"
    tasks = Path(f"/proc/{program.process.pid}/task")
    assert [path.name for path in tasks.iterdir()] == [str(program.process.pid)]
    assert (tasks / str(program.process.pid) / "children").read_text() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_datagram_client_leaves_no_file(
    stack: ExitStack, folder: Path, number: signal.Signals
) -> None:
    (folder / "scratch").mkdir()
    line = f"TMPDIR='{folder}/scratch'; export TMPDIR; exec \"$@\""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(folder / "box"))
        box = Mailbox(sock)
        program = stack.enter_context(
            Program("sh", "-c", line, "sh", *PYNC, "-uU", f"{folder}/box")
        )
        program.write(b"hello")
        box.hears(b"hello")
        box.says(b"answer")
        assert program.read(6) == b"answer"
        program.process.send_signal(number)
        program.ends(None)
    assert list((folder / "scratch").iterdir()) == []


def test_connection_ends_with_fin_not_rst(pync: Start, server: Server) -> None:
    """pync reads everything before it closes: otherwise close sends RST (RFC 1122 4.2.2.13)."""
    for _ in range(10):
        program = pync("--send-only", "127.0.0.1", server.port)
        peer: Peer = server.accepts()
        peer.says(b"not shown")
        program.write(b"x")
        program.end_input()
        assert peer.hears_rest() == b"x"
        program.ends(0)
        peer.says(b"")
        assert peer.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def test_chat_raises_the_descriptor_limit(shell: Start, stack: ExitStack) -> None:
    """The usual soft limit of descriptors exists for programs that use select(2)."""
    program = shell("ulimit -Sn 64; exec pync -l --broker -d --report-port 127.0.0.1 0")
    port = int(program.hears(rb"^(\d+)\n").group(1))
    crowd = [stack.enter_context(connected(port)) for _ in range(100)]
    # When all clients are connected, the last one receives what another one sends.
    with connected(port) as last:
        last.says(b"hello")
        for client in crowd:
            client.hears(b"hello")


# The cost of a start.

#: Runs pync with these arguments, and reports each run of the garbage collector.
COLLECTING = """
import atexit, gc
from pync.__main__ import run
atexit.register(print, "the end", flush=True)
gc.callbacks.append(lambda phase, found: phase == "start" and print("looked", flush=True))
run()
"""


@pytest.mark.parametrize("words", [["--version"], ["-z", "127.0.0.1", "1"]])
def test_garbage_collector_does_not_run_during_startup(words: list[str]) -> None:
    """The garbage collector took a tenth of the instructions of a short run."""
    done = subprocess.run(
        [sys.executable, "-c", COLLECTING, *words], capture_output=True, text=True, timeout=DEADLINE
    )
    assert done.returncode in (0, 1), done.stderr
    before, the_end, _ = done.stdout.partition("the end")
    assert the_end
    assert "looked" not in before
