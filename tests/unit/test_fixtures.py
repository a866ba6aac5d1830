"""The pytest fixtures, used by a separate test run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ..peer import DEADLINE

TESTS = """
import socket
import threading

from pync.fixtures import faulty_link


def test_link(faulty_link):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        link = faulty_link(target, faults=["up cut-after=3"])
        with socket.create_connection((link.host, link.port)) as client:
            client.sendall(b"question")
            server, _ = listener.accept()
            with server:
                server.settimeout(10)
                assert server.recv(100, socket.MSG_WAITALL) == b"que"


def test_link_is_closed():
    assert "pync.faulty" not in {thread.name for thread in threading.enumerate()}
"""


def test_fixture_makes_and_closes_links(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
