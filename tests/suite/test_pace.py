"""How many cases run at once, and how a delayed client is recognised without help of the system."""

from __future__ import annotations

import sys
import threading
from itertools import accumulate
from pathlib import Path

import pytest

from conformance.core.verdict import Violation
from conformance.profiles.concurrency import _one_was_held_up
from conformance.profiles.crowd import SLOW, TOGETHER, each
from conformance.runner.pace import in_flight

from .judging import PYTHON, judge


@pytest.mark.parametrize(
    ("cores", "cases", "workers"),
    [(2, 1186, 12), (2, 36, 6), (2, 5, 1), (2, 7, 2), (1, 1186, 6), (16, 1186, 16), (16, 30, 5)],
)
def test_cases_in_flight(
    cores: int, cases: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr("conformance.runner.pace.CASES_PER_CORE", 6)
    monkeypatch.setattr("conformance.runner.pace.MOST_AT_ONCE", 12)
    assert in_flight(cases) == workers


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: workers are forked")
def test_more_cases_of_mutants_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert in_flight(528, mutants=True) == 2 * in_flight(528)
    assert in_flight(12, mutants=True) == in_flight(12)


@pytest.mark.parametrize(
    ("waits", "held_up"),
    [
        ([0.002] * 65, False),
        # A loaded machine: all clients wait, some for half of the time of their connection.
        ([0.05, 0.03, 0.08, 0.06, 0.11] * 13, False),
        # Sixty at a time: one client waits until another ends.
        ([0.002] * 60 + [0.2, 0.002, 0.002, 0.002, 0.003], True),
        # One at a time.
        ([0.005, 0.15], True),
        ([0.005, 0.006], False),
    ],
)
def test_one_client_is_delayed_longer_than_the_others(waits: list[float], held_up: bool) -> None:
    moments = list(accumulate(waits, initial=100.0))
    assert _one_was_held_up(moments, lasts=0.15) is held_up


class Guests:
    """Clients that stay for a while, and the greatest number of them at one time."""

    def __init__(self, slow: bool) -> None:
        self.slow = slow
        self.visits: list[int] = []
        self.here = self.most = 0
        self.lock = threading.Condition()

    def visit(self, number: int) -> None:
        with self.lock:
            self.here += 1
            self.most = max(self.most, self.here)
            self.visits.append(number)
            self.lock.notify_all()
            if self.slow:
                # The first one is alone; the others wait until all that may connect have connected.
                together = 1 if number == 0 else TOGETHER
                self.lock.wait_for(lambda: self.here >= together or len(self.visits) > TOGETHER)
        if self.slow and number == 0:
            threading.Event().wait(SLOW * 1.5)
        with self.lock:
            self.here -= 1


def test_fast_server_gets_one_client_at_a_time() -> None:
    guests = Guests(slow=False)
    each(range(50), guests.visit)
    assert (guests.visits, guests.most) == (list(range(50)), 1)


def test_slow_server_gets_several_clients_at_a_time() -> None:
    guests = Guests(slow=True)
    each(range(31), guests.visit)
    assert (sorted(guests.visits), guests.most) == (list(range(31)), TOGETHER)


def test_first_violation_is_reported() -> None:
    def visit(number: int) -> None:
        if number == 0:
            threading.Event().wait(SLOW * 1.5)
        elif number > 3:
            raise Violation("missing-bytes", f"guest {number}")

    with pytest.raises(Violation, match="guest 4"):
        each(range(50), visit)


#: Answers late, or answers only its first client; ends the connection, or never does.
WAITS = """
import itertools, socketserver, sys, threading

clients = itertools.count()

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        answers = next(clients) == 0 or "silent" not in sys.argv
        while data := self.request.recv(65536):
            threading.Event().wait(0.3 if "slow" in sys.argv else 0)
            if answers:
                self.request.sendall(data)
        if "never-ends" in sys.argv:
            threading.Event().wait()

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""


@pytest.mark.parametrize(
    ("kind", "cases", "failing"),
    [
        ("silent", "echo/*", {"echo/simple"}),
        ("never-ends", "echo/*", {"echo/half-close"}),
        ("slow", "echo/*f*e", set()),
    ],
)
def test_concurrency_changes_no_verdict(
    kind: str, cases: str, failing: set[str], tmp_path: Path
) -> None:
    (tmp_path / "server.py").write_text(WAITS)
    command = f"{PYTHON} {tmp_path}/server.py {{port}} {kind}"
    found = []
    for jobs in (1, 4):
        judged = judge(
            tmp_path / str(jobs),
            *(command, f"--case={cases}", "--transport=tcp", "--deadline=2", f"--jobs={jobs}"),
        )
        assert judged.ids("FAIL") == failing, judged.stdout
        found.append({one["id"]: (one["verdict"], one["signature"]) for one in judged.results})
    assert found[0] == found[1]


#: Greets each client after 0.3 s, like a server that accepts clients on a timer.
TICKS = """
import socketserver, sys, threading

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        threading.Event().wait(0.3)
        self.request.sendall(b"hello\\n")
        while data := self.request.recv(65536):
            self.request.sendall(data)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 64

Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""

GREETED = """
[session]
open = 'expect "hello\\n" as "the greeting"'
serve = '''
send "x\\n"
expect "x\\n" as "the echo"
eof
end
'''
first-input = '"x\\n"'
half-input = '"x"'

[[requirement]]
id = "echo"
must = "A line comes back."
clause = "1"
steps = '''
connect
'''
"""


def test_waits_for_late_greetings_overlap(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(TICKS)
    (tmp_path / "greeted.toml").write_text(GREETED)
    report = judge(
        tmp_path / "report",
        *(f"{PYTHON} {tmp_path}/server.py {{port}}", f"--profile={tmp_path}/greeted.toml"),
        *("--case=leak-fin", "--transport=tcp", "--deadline=2"),
    )
    assert report.ids("PASS") == {"greeted/leak-fin"}, report.stdout
