"""Correct but slow servers: a case that would take too long is not judged, and none fails."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from conformance.clients.peer import DATA, Peer
from conformance.core.budget import DEADLINES, LEAST, Budget, budget, waited
from conformance.core.transcript import Transcript
from conformance.core.verdict import TooSlow, Verdict
from conformance.plan import Case, Options, Plan
from conformance.profiles import REQUIREMENTS
from conformance.runner.needs import SLOW, Board, Outcome

from .judging import PYTHON, judge

#: Waits this number of seconds after each read.
SERVER = """
import socketserver, sys, threading

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            threading.Event().wait(float(sys.argv[2]))
            self.request.sendall(data)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""


def test_budget_grows_with_the_deadline_from_a_minimum() -> None:
    assert budget(1.0).seconds == LEAST
    assert budget(60.0).seconds == DEADLINES * 60
    assert budget(60.0, ends_by_itself=True).seconds == 3 * DEADLINES * 60


def test_exhausted_budget_ends_every_wait() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        peer = Peer("A", ours, Transcript(), 5.0)
        peer.budget = Budget(60.0)
        theirs.send(b"one")
        assert peer.poll(5.0) == DATA
        peer.budget = Budget(-1.0)
        theirs.send(b"two")
        for wait in (
            lambda: peer.poll(5.0),
            lambda: peer.expect(b"onetwo", "the echo"),
            lambda: peer.flood(b"x" * 65536, 1 << 30, 0.1),
            lambda: peer.leave(5.0),
        ):
            with pytest.raises(TooSlow, match="the server is too slow"):
                wait()
        # Data that has arrived is still read, and the message shows it.
        assert peer.poll(0.0) == DATA
        peer.close()


def test_next_step_must_fit_into_the_remaining_budget() -> None:
    Budget(60.0).check_for(50.0)
    with pytest.raises(TooSlow, match="more than 60 s"):
        Budget(60.0).check_for(61.0)


def test_machine_load_does_not_count_as_server_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spent = Budget(-2.0)
    with pytest.raises(TooSlow):
        spent.check()
    before = waited()
    monkeypatch.setattr("conformance.core.budget.waited", lambda: before + 5.0)
    spent.check()
    spent.check_for(5.0)


def test_waits_of_the_suite_do_not_count() -> None:
    spent = Budget(0.05)
    with spent.stopped():
        threading.Event().wait(0.1)
    spent.check()


def test_requirement_that_needs_a_too_slow_one_is_not_judged() -> None:
    plan, judged = Plan(Options(profile="echo", transports=("tcp",))), []

    def run(_plan: Plan, case: Case) -> Outcome:
        judged.append(case.requirement.id)
        if case.requirement.id == "echo/large":
            return Outcome(Verdict.SKIP, SLOW, "the server is too slow")
        return Outcome(Verdict.PASS)

    board = Board(run)
    for words in ("stalled-reader", "half-close-pending"):
        came = board.outcome(plan, plan.case(REQUIREMENTS[f"echo/{words}"], "tcp"))
        assert (came.verdict, came.signature) == (Verdict.SKIP, SLOW)
        assert came.message == "needs echo/large, for which the server is too slow"
        # No requirement is broken, so the run can still be conformant.
        assert not came.needs
    assert not {"echo/stalled-reader", "echo/half-close-pending"} & set(judged)


def test_megabytes_are_not_offered_to_a_slow_server(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    cases = [f"--case=echo/{words}" for words in ("simple", "stalled-reader", "half-close-pending")]
    found = judge(
        tmp_path, f"{PYTHON} {tmp_path}/server.py {{port}} 0.6", "--transport=tcp", *cases
    )
    assert found.status == 0, found.stdout
    assert found.ids("PASS") == {"echo/simple"}
    assert {one["signature"] for one in found.results if one["verdict"] == "SKIP"} == {SLOW}
    # A few pieces are enough to know it.
    assert all(one["seconds"] < LEAST / 2 for one in found.results), found.results
