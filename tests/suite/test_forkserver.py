"""The embedded servers are forked: each behaves, and is watched, like one that was started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.core.verdict import SuiteFailed
from conformance.targets.address import parse
from conformance.targets.embedded import SCRIPT, embedded_command
from conformance.targets.forkserver import Forked, ForkServer
from conformance.targets.grammar import MutantTarget, ReferenceTarget, Target
from conformance.targets.process import Process, dismiss_helpers

from ..programs import until
from ..systems import only_linux

pytestmark = only_linux

PYTHON = ReferenceTarget("python")


@contextmanager
def forked(
    target: Target = PYTHON, profile: str = "echo", directory: str | None = None, **values: str
) -> Iterator[Process]:
    argv = embedded_command(target, profile, {}, "tcp://127.0.0.1:0")
    process = Process(argv, values, directory=directory, embedded=True)
    try:
        assert isinstance(process._popen, Forked)
        assert process.wait_announcement(10)
        yield process
    finally:
        process.stop()


@pytest.fixture(autouse=True)
def helpers() -> Iterator[None]:
    yield
    dismiss_helpers()


def echo(process: Process) -> bytes:
    address = parse(process.announced or "")
    with socket.create_connection((address.host, address.port), 10) as client:
        client.sendall(b"hello\n")
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(100), b""))


def test_several_serve_at_the_same_time_and_end_one_by_one() -> None:
    with forked() as one, forked() as two:
        assert one.pid != two.pid
        assert [echo(one), echo(two)] == [b"hello\n"] * 2
        one.terminate()
        assert one.wait(10)
        assert (one.status, one.ending, two.alive) == (0, "exit status 0", True)
        assert echo(two) == b"hello\n"


def test_forked_server_has_its_own_session_and_descriptors(tmp_path: Path) -> None:
    started = Process(embedded_command(PYTHON, "echo", {}, "tcp://127.0.0.1:0"), {})
    try:
        assert started.wait_announcement(10)
        with forked(), forked(directory=str(tmp_path), COLOUR="blue") as process:
            assert os.getsid(process.pid) == process.pid
            assert process.descriptors() == started.descriptors()
            assert Path(f"/proc/{process.pid}/cwd").resolve() == tmp_path.resolve()
            status = Path(f"/proc/{process.pid}/status").read_text()
            as_started = Path(f"/proc/{started.pid}/status").read_text()
            signals = [line for line in status.splitlines() if line.startswith("Sig")]
            assert signals == [line for line in as_started.splitlines() if line.startswith("Sig")]
    finally:
        started.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_death_is_noticed_at_once(number: signal.Signals) -> None:
    for _ in range(20):
        with forked() as process:
            os.kill(process.pid, number)
            # As soon as the kernel reports its end, not when the fork server knows it.
            assert process.wait(10)
            assert (process.alive, process.status) == (False, -number)


def test_cpu_clock_stops_when_the_server_ends() -> None:
    with forked() as process:
        process.pause()
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        assert state == "T"
        process.resume()
        assert echo(process) == b"hello\n"


def test_forked_broken_server_ends_like_a_started_one() -> None:
    with forked(MutantTarget("echo", "ends-with-status-1")) as process:
        process.terminate()
        assert process.wait(10)
        assert process.status == 1


def test_output_is_kept() -> None:
    argv = embedded_command(PYTHON, "echo", {}, "tcp://127.0.0.1:0")
    process = Process([*argv, "colour=blue"], {}, embedded=True)
    try:
        assert process.wait(10)
        assert process.status == 2
        assert process.last_lines() == ["server: 'colour=blue': echo takes greeting"]
    finally:
        process.stop()


def test_no_process_survives_the_killed_suite() -> None:
    code = """
import threading
from conformance.targets.embedded import SCRIPT, embedded_command
from conformance.targets.grammar import ReferenceTarget
from conformance.targets.process import Process

argv = embedded_command(ReferenceTarget("python"), "echo", {}, "tcp://127.0.0.1:0")
process = Process(argv, {}, embedded=True)
process.wait_announcement(10)
print(process.pid, process._popen._by._process.pid, flush=True)
threading.Event().wait()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as suite:
        assert suite.stdout
        pids = [int(word) for word in suite.stdout.readline().split()]
        suite.kill()
    assert len(pids) == 2
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "its processes to end")


def test_dead_fork_server_is_an_error_of_the_suite(tmp_path: Path) -> None:
    argv = embedded_command(PYTHON, "echo", {}, "tcp://127.0.0.1:0")
    server = ForkServer(argv[:SCRIPT])
    server._process.kill()
    server._process.wait()
    with pytest.raises(SuiteFailed, match="has died"):
        server.fork(argv[SCRIPT:], {}, str(tmp_path))
    server.close()
