"""One fault gives one failure: requirements that need the broken one are skipped, with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.core.verdict import Verdict
from conformance.plan import Case, Options, Plan
from conformance.plan.listing import explain, listing
from conformance.profiles import REQUIREMENTS
from conformance.runner.needs import NEEDS, Board, Outcome

from .judging import PYTHON, conformance, judge, read

PLAN = Plan(Options(profile="echo", transports=("tcp",)))

#: Each connection gets one read, its answer, and FIN.
ONE_ANSWER = """
import socketserver, sys

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.request.recv(65536))

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""

#: Answers complete lines only, one client after the other.
LINES_IN_TURN = """
import socketserver, sys

class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)

class Server(socketserver.TCPServer):
    allow_reuse_address = True
    def handle_error(self, *client):
        pass

Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""


def case(words: str) -> Case:
    return PLAN.case(REQUIREMENTS[f"echo/{words}"], "tcp")


class Server:
    """A server that breaks some requirements; it counts how often each one is judged."""

    def __init__(self, *broken: str) -> None:
        self.broken = {f"echo/{words}" for words in broken}
        self.judged: list[str] = []

    def run(self, plan: Plan, case: Case) -> Outcome:
        self.judged.append(case.requirement.id)
        if case.requirement.id in self.broken:
            return Outcome(Verdict.FAIL, "wrong-bytes", "no", ("an event",), 0.5)
        return Outcome(Verdict.PASS)


def test_needs_exist_and_have_no_cycles() -> None:
    for one in REQUIREMENTS.values():
        seen, waiting = set(), [one.id]
        while waiting:
            name = waiting.pop()
            assert name in REQUIREMENTS, one.id
            waiting += [need for need in REQUIREMENTS[name].needs if need not in seen]
            seen |= set(REQUIREMENTS[name].needs)
            assert {need.partition("/")[0] for need in seen} <= {one.profile}
        assert one.id not in seen
        for need in one.unless:
            assert one.id not in (*REQUIREMENTS[need].needs, *REQUIREMENTS[need].unless)


def test_requirement_is_judged_after_what_it_needs() -> None:
    server = Server()
    assert Board(server.run).outcome(PLAN, case("concurrent")).verdict == Verdict.PASS
    order = ["next-client", "greeting", "simple", "half-close", "quiet", "concurrent"]
    assert server.judged == [f"echo/{words}" for words in order]


def test_root_cause_is_named_through_a_chain_of_needs() -> None:
    server = Server("simple")
    board = Board(server.run)
    came = board.outcome(PLAN, case("stall-then-reset"))
    assert (came.verdict, came.signature) == (Verdict.SKIP, NEEDS)
    assert came.message == "needs echo/simple, which fails"
    assert board.outcome(PLAN, case("simple")).verdict == Verdict.FAIL
    assert server.judged.count("echo/simple") == 1


def test_soft_need_counts_only_if_it_fails_itself() -> None:
    assert "echo/isolation" in REQUIREMENTS["echo/half-sent"].unless
    # One client at a time: isolation between clients is not judged, but survival is.
    assert Board(Server("concurrent").run).outcome(PLAN, case("half-sent")).verdict == Verdict.PASS
    came = Board(Server("isolation").run).outcome(PLAN, case("half-sent"))
    assert came.message == "needs echo/isolation, which fails"


def test_workers_share_results(tmp_path: Path) -> None:
    first, second = Server("half-close"), Server()
    Board(first.run, str(tmp_path)).outcome(PLAN, case("half-close"))
    board = Board(second.run, str(tmp_path))
    assert board.outcome(PLAN, case("concurrent")).message == "needs echo/half-close, which fails"
    assert second.judged == []
    # The complete result, for the worker that has this item.
    came = board.outcome(PLAN, case("half-close"))
    assert came == Outcome(Verdict.FAIL, "wrong-bytes", "no", ("an event",), 0.5)


def test_case_of_a_dead_worker_is_judged_by_another(tmp_path: Path) -> None:
    (tmp_path / "echo+next-client@tcp.claim").write_text("0999999999")
    server = Server("next-client")
    came = Board(server.run, str(tmp_path)).outcome(PLAN, case("simple"))
    assert came.message == "needs echo/next-client, which fails"
    assert server.judged == ["echo/next-client"]


def test_mutants_meet_every_requirement() -> None:
    plan = Plan(Options(selftest=True, cases=("echo/half-close",)))
    server = Server("simple")
    for one in plan.cases:
        assert Board(server.run).outcome(plan, one).verdict == Verdict.PASS


def test_slow_correct_server_gets_the_whole_deadline() -> None:
    options = Options(selftest=True, faults=("delay",), deadline=3.0, patience=10.0)
    plan = Plan(options._replace(profile="echo", transports=("tcp",)))
    deadlines: dict[str, list[float]] = {}

    def run(plan: Plan, case: Case) -> Outcome:
        wanted = plan.wanted(case)
        deadlines.setdefault(case.name, []).append(wanted.deadline)
        return Outcome(Verdict.PASS if wanted.deadline == 10.0 else Verdict.FAIL)

    wanted = ("echo/simple@tcp!none", "echo/simple@tcp!delay")
    board = Board(run)
    for one in [case for case in plan.cases if case.name in wanted]:
        assert board.outcome(plan, one).verdict == Verdict.PASS
    assert [deadlines[name] for name in wanted] == [[3.0, 10.0], [3.0, 10.0]]


def test_list_and_explain_show_the_needs() -> None:
    assert "needs       echo/simple (and what they need:" in explain("echo/half-close")
    assert "needs       nothing" in explain("echo/next-client")
    assert "[needs simple]" in next(
        line for line in listing(profiles="echo").splitlines() if "echo/half-close " in line
    )


@pytest.mark.long
@pytest.mark.parametrize(
    ("mutant", "broken"),
    [
        ("prompts", {"greeting"}),
        ("answers-twice", {"simple"}),
        ("answers-once", {"again"}),
        ("waits-for-newline", {"no-newline"}),
        ("drops-0x1a", {"binary"}),
        ("answers-first-line", {"coalesced"}),
        ("loses-byte-4096", {"segments"}),
        ("resets-at-fin", {"half-close"}),
        ("stays-after-fin", {"half-close"}),
        ("one-client-and-ends", {"next-client"}),
        ("one-at-a-time", {"concurrent"}),
        ("broadcasts", {"isolation"}),
        ("dies-on-reset", {"reset-at-once"}),
        ("dies-of-unfinished-input", {"half-sent"}),
        ("ignores-sigterm", {"sigterm-idle"}),
    ],
)
def test_one_fault_is_one_failure(mutant: str, broken: set[str], tmp_path: Path) -> None:
    judged = judge(tmp_path, f"mutant:echo/{mutant}", "--transport=tcp", "--deadline=3")
    assert judged.status == 1
    assert judged.ids("FAIL") == {f"echo/{words}" for words in broken}, judged.stdout
    for one in judged.results:
        if one["verdict"] == "SKIP":
            assert one["message"] == f"needs {one['needs']}, which fails"
            assert one["needs"] in judged.ids("FAIL")


@pytest.mark.parametrize(
    ("server", "broken"),
    [(ONE_ANSWER, {"again"}), (LINES_IN_TURN, {"concurrent", "no-newline"})],
    ids=["one answer", "lines in turn"],
)
def test_servers_of_beginners(server: str, broken: set[str], tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(server)
    command = f"{PYTHON} {tmp_path}/server.py {{port}}"
    judged = judge(tmp_path / "report", command, "--transport=tcp", "--deadline=3")
    assert judged.ids("FAIL") == {f"echo/{words}" for words in broken}, judged.stdout


@pytest.mark.long
def test_number_of_workers_changes_no_verdict(tmp_path: Path) -> None:
    found = []
    for jobs in ("1", "8"):
        folder = tmp_path / jobs
        words = ("--transport=tcp,unix", f"--jobs={jobs}", "--deadline=3")
        judge(folder, "mutant:echo/answers-once", *words)
        _, results, _ = read(folder)
        found.append([(one["id"], one["transport"], one["verdict"]) for one in results])
    assert found[0] == found[1]


def test_case_selected_by_name_is_judged(tmp_path: Path) -> None:
    target = ("run", "mutant:echo/stays-after-fin", "--transport=tcp", "--deadline=1")
    done = conformance(*target, "--case=echo/concurrent", f"--report={tmp_path}")
    assert done.returncode == 1
    assert "FAIL echo/concurrent" in done.stdout


def test_run_with_cases_not_judged_is_not_green(tmp_path: Path) -> None:
    target = ("run", "mutant:echo/stays-after-fin", "--transport=tcp", "--deadline=1")
    alone = (*target, "--case=echo/concurren*", f"--report={tmp_path}")
    done = conformance(*alone)
    assert done.returncode == 1, done.stdout
    assert "SKIP  1 not judged: needs echo/half-close, which fails" in done.stdout
    # A known failure does not fail the run, and the entries of requirements that need it are not
    # stale.
    entries = "".join(
        f'[[expected]]\nid = "echo/{words}"\nreason = "known"\n'
        for words in ("half-close", "concurrent")
    )
    (tmp_path / "known.toml").write_text(entries)
    known = f"--expect={tmp_path}/known.toml"
    assert conformance(*alone, known).returncode == 5
    assert conformance(*target, known, f"--report={tmp_path}").returncode == 0
    rows = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    verdicts = {one["id"]: one["verdict"] for one in rows[1:-1]}
    assert (verdicts["echo/half-close"], verdicts["echo/concurrent"]) == ("XFAIL", "SKIP")
