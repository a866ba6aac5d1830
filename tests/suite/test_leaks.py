"""What is kept for ever is told from what a runtime keeps for a while."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .judging import PYTHON, judge

if not sys.platform.startswith("linux"):
    pytest.skip("descriptors are counted in /proc", allow_module_level=True)

#: An echo that keeps a descriptor of every so many connections, up to a number of them.
KEEPER = """
import itertools, os, socketserver, sys

every, most = int(sys.argv[2]), int(sys.argv[3])
kept, served = [], itertools.count(1)  # (a number for each thread, whatever runs between)

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        if next(served) % every == 0 and len(kept) < most:
            kept.append(os.dup(0))
        try:
            while data := self.request.recv(65536):
                self.request.sendall(data)
        except OSError:
            pass

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128

Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""

CASES = ("--case=echo/leak-fin", "--case=echo/leak-reset", "--deadline=2")


def judged(folder: Path, every: int, most: int) -> dict[str, str]:
    (folder / "server.py").write_text(KEEPER)
    command = f"{PYTHON} {folder}/server.py {{port}} {every} {most}"
    found = judge(folder / "report", command, *CASES)
    return {one["id"]: one["signature"] for one in found.results}


@pytest.mark.parametrize(
    ("every", "most"),
    # A pool of what fifty clients at a time need, full at once or only after 440 connections.
    [(1, 100), (2, 50), (11, 40)],
)
def test_a_pool_is_no_leak(tmp_path: Path, every: int, most: int) -> None:
    assert judged(tmp_path, every, most) == {"echo/leak-fin": "", "echo/leak-reset": ""}


@pytest.mark.parametrize("every", [1, 2, 10])
def test_what_grows_for_ever_is_one(tmp_path: Path, every: int) -> None:
    leaks = dict.fromkeys(("echo/leak-fin", "echo/leak-reset"), "descriptor-leak")
    assert judged(tmp_path, every, 10_000) == leaks
