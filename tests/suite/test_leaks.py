"""A leak is distinguished from descriptors that a runtime keeps for a while."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from conformance.core.budget import Budget
from conformance.core.transcript import Transcript
from conformance.core.verdict import Violation
from conformance.profiles import growth, upkeep

from .judging import PYTHON, judge

if not sys.platform.startswith("linux"):
    pytest.skip("descriptors are counted in /proc", allow_module_level=True)

#: An echo server that keeps a descriptor of every N-th connection, up to a maximum.
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
    # A pool for fifty clients at a time, which is full at once or only after 440 connections.
    [(1, 100), (2, 50), (11, 40)],
)
def test_pool_is_not_a_leak(tmp_path: Path, every: int, most: int) -> None:
    assert judged(tmp_path, every, most) == {"echo/leak-fin": "", "echo/leak-reset": ""}


@pytest.mark.parametrize("every", [1, 2, 10])
def test_unbounded_growth_is_a_leak(tmp_path: Path, every: int) -> None:
    leaks = dict.fromkeys(("echo/leak-fin", "echo/leak-reset"), "descriptor-leak")
    assert judged(tmp_path, every, 10_000) == leaks


class Late:
    """A busy server: after its first batches it still runs, and keeps ended connections open."""

    alive = True

    def __init__(self, kept: int) -> None:
        self._kept = self._open = 20
        self._each, self._batches = kept, 0

    def serves_a_batch(self) -> None:
        self._kept += self._each
        self._batches += 1
        self._work = 5 if self._batches <= 3 else 0
        self._open = self._kept + (growth.BATCH if self._work else 0)

    def runs(self) -> bool:
        self._work -= 1
        return self._work > 0

    def descriptors(self) -> int:
        if self._work <= 0:
            self._open = self._kept
        return self._open

    def waiting_time(self) -> float:
        return 0.0

    def wait(self, timeout: float) -> bool:
        return False


class Visit:
    """A session that only needs this server."""

    deadline = 1.0

    def __init__(self, process: Late) -> None:
        self.process = process
        self.budget, self.transcript = Budget(60), Transcript()

    def let_arrive(self) -> None: ...


@pytest.mark.parametrize("kept", [3, 5, 50])
def test_unclosed_connections_of_a_busy_server_do_not_hide_a_leak(kept: int) -> None:
    server = Late(kept)
    with pytest.raises(Violation, match="descriptors from"):
        growth.leaves_no_descriptor(Visit(server), lambda _: server.serves_a_batch())  # type: ignore[arg-type]


def test_unclosed_connections_of_a_busy_server_are_not_a_leak() -> None:
    server = Late(0)
    growth.leaves_no_descriptor(Visit(server), lambda _: server.serves_a_batch())  # type: ignore[arg-type]


class Starved:
    """A busy loop on a busy machine: its waiting time shows in the statistics only at the end."""

    def __init__(self, accounts: list[float]) -> None:
        self._accounts = accounts

    def running_time(self) -> float:
        return self._accounts.pop(0) if len(self._accounts) > 1 else self._accounts[0]

    def runs(self) -> bool:
        return len(self._accounts) > 1

    def wait(self, timeout: float) -> bool:
        threading.Event().wait(timeout / 10)
        return False


@pytest.mark.parametrize(
    ("accounts", "busy"), [([0.0, 0.0, 0.0, 9.0, 9.0], True), ([0.0, 0.0], False)]
)
def test_measurement_waits_for_the_statistics_of_waiting_processes(
    accounts: list[float], busy: bool
) -> None:
    ran, seconds = upkeep._look(Starved(accounts)) or (0.0, 0.0)  # type: ignore[arg-type]
    assert (ran >= upkeep.BUSY_SHARE * seconds) == busy
