"""The forms of TARGET in which the suite itself listens: inetd: and fd:."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .judging import conformance, judge

ROOT = Path(__file__).parents[2]

#: An echo server that uses only its inherited socket.
INHERITING = """
import os, socket, threading
assert (os.environ["LISTEN_FDS"], int(os.environ["LISTEN_PID"])) == ("1", os.getpid())
assert "PORT" not in os.environ

def serve(conn):
    with conn:
        try:
            while data := conn.recv(65536):
                conn.sendall(data)
        except OSError:
            pass

listener = socket.socket(fileno=3)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def test_process_for_each_connection(tmp_path: Path) -> None:
    judged = judge(tmp_path, "inetd:cat", "--transport=tcp,unix")
    assert judged.status == 0, judged.stdout
    skipped = judged.ids("SKIP")
    assert "echo/sigterm-idle" in skipped
    assert "echo/large" not in skipped


def test_broken_program_under_inetd(tmp_path: Path) -> None:
    # sed works line by line: data without a newline waits for one.
    judged = judge(tmp_path, "inetd:sed -u s,a,a,", "--case=echo/no-newline", "--deadline=1")
    assert judged.status == 1, judged.stdout
    assert "echo/no-newline (MUST, SPEC 2.3, tcp)" in judged.stdout


def test_server_inherits_its_socket(tmp_path: Path) -> None:
    (tmp_path / "inheriting.py").write_text(INHERITING)
    judged = judge(tmp_path, f"fd:{sys.executable} {tmp_path / 'inheriting.py'}")
    assert judged.status == 0, judged.stdout
    passed = judged.ids("PASS")
    # The suite keeps no copy of the socket: the port is free when the server has ended.
    assert {"echo/port-free", "echo/leak-fin", "echo/sigterm-idle"} <= passed


@pytest.mark.parametrize("manner", ["inetd:", "fd:"])
def test_invalid_commands(tmp_path: Path, manner: str) -> None:
    done = conformance("run", f"{manner}/no/such/command", f"--report={tmp_path}")
    assert done.returncode == 6
    assert "cannot start '/no/such/command': no such command" in done.stderr
    assert conformance("run", manner, f"--report={tmp_path}").returncode == 4


def test_closed_reader_stops_neither_the_run_nor_its_reports(tmp_path: Path) -> None:
    command = (
        f"{sys.executable} -m conformance run mutant:echo/prompts --report {tmp_path} | head -1"
    )
    ended = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr == ""
    assert (tmp_path / "matrix.html").exists()
