"""Judging a class of targets at once: each is judged alone, and none can disturb another."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from conformance.batch import planned_entries
from conformance.batch.boxes import PODMAN, usable_podman
from conformance.batch.limits import Limits, Member, excess
from conformance.batch.outcome import results_of
from conformance.batch.report import NOTHING_CAME, WEIGHT, ClassReport, folder_of
from conformance.core.verdict import Exit, WrongUsage
from conformance.plan import Options, Plan
from conformance.profiles.concurrency import IDLE_CLIENTS
from conformance.targets.containers import sweep
from conformance.targets.helpers.reaper import LABEL
from conformance.targets.owner import owner
from conformance.targets.ports import reserved_port

from .. import forking
from ..programs import until
from .judging import ROOT, conformance

#: One scenario is enough to see which targets were judged.
CASE = "--case=echo/simple"

#: An echo server on the given port. BEFORE is replaced by what else it does.
ECHO = """
import os, signal, socket, sys, threading
BEFORE

def serve(conn):
    with conn:
        while data := conn.recv(65536):
            conn.sendall(data)

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""

#: Never listens, so the suite sees what it does meanwhile, however fast the machine is.
WAITS = """
while True:
    signal.pause()
"""

#: Forks more and more processes, up to a limit set by this test.
BREEDS = """
for _ in range(300):
    if not os.fork():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()
"""

#: Three children that use half of the limit each: no single one exceeds it.
EATS = """
for _ in range(3):
    if not os.fork():
        eaten = b"x" * (100 * 1024 * 1024)
        while True:
            signal.pause()
"""

#: Leaves a process behind that is not a descendant of the server.
DAEMON = """
if not os.fork():
    os.setsid()
    if not os.fork():
        while True:
            signal.pause()
    os._exit(0)
os.wait()
"""

#: Variables that a user may have set for the tests of other projects.
OTHERS_SETTINGS = {"PYTEST_ADDOPTS": "-vv -k nothing", "PYTEST_PLUGINS": "no_such_plugin"}

on_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: /proc tells who is there"
)


def written(folder: Path, targets: str, limits: str = "") -> str:
    (folder / "class.toml").write_text(f"{limits}\n{targets}")
    return f"@{folder / 'class.toml'}"


def server(folder: Path, name: str, before: str = "") -> str:
    (folder / f"{name}.py").write_text(ECHO.replace("BEFORE", before))
    return f'[targets.{name}]\ncommand = "{sys.executable} {folder / name}.py {{port}}"\n'


def judged(
    at: str, report: Path, *words: str, timeout: float = 120
) -> tuple[subprocess.CompletedProcess[str], dict[str, dict[str, object]]]:
    done = conformance("run", at, "--all", f"--report={report}", *words, timeout=timeout)
    rows = [json.loads(line) for line in (report / "batch.jsonl").read_text().splitlines()]
    assert {row.pop("version") for row in rows} == {1}
    assert sorted(row.pop("number") for row in rows) == list(range(1, len(rows) + 1))
    return done, {row["name"]: row for row in rows}


def still_there(folder: Path) -> list[str]:
    """Return the command lines of running processes that contain the folder's name."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if f"{folder}/".encode() in words and state != "Z":
            found.append(words.decode("utf-8", "replace"))
    return [words for words in found if str(os.getpid()) not in words]


def test_every_target_of_a_file_gets_its_verdict(tmp_path: Path) -> None:
    at = written(
        tmp_path,
        server(tmp_path, "right")
        + '[targets.wrong]\ncommand = "inetd:tr a-z A-Z"\n'
        + '[targets.absent]\ncommand = "./nowhere"\n'
        + '[targets."of/its own"]\ncommand = "inetd:cat"\n',
    )
    report = tmp_path / "report"
    done, rows = judged(at, report, CASE, "--deadline=2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert {name: row["exit"] for name, row in rows.items()} == {
        "right": 0,
        "wrong": 1,
        "absent": 6,
        "of/its own": 0,
    }
    lines = done.stdout.splitlines()
    assert lines[0] == f"conformance: 4 targets of {at[1:]}"
    assert any("[4/4] " in line for line in lines)
    assert any("right: conformant (1 PASS) in " in line for line in lines)
    assert any("absent: the target could not be started or reached: cannot" in x for x in lines)
    page = (report / "matrix.html").read_text()
    for name in ("right", "wrong", "absent", "of/its own"):
        assert f'"name":"{name}"' in page
    for folder in ("right", "of%2Fits%20own"):
        assert {"results.jsonl", "junit.xml", "matrix.html"} <= {
            one.name for one in (report / folder).iterdir()
        }


@on_linux
def test_fork_bomb_is_stopped_and_other_targets_are_judged(tmp_path: Path) -> None:
    at = written(
        tmp_path,
        server(tmp_path, "breeds", BREEDS + WAITS) + server(tmp_path, "right"),
        "[limits]\nprocesses = 40\n",
    )
    done, rows = judged(at, tmp_path / "report", CASE, "--deadline=10", "--jobs=2")
    assert rows["right"]["exit"] == 0, done.stdout
    assert rows["breeds"]["exit"] == 6
    assert re.search(
        "processes, more than 40|more than 40 processes", str(rows["breeds"]["faults"])
    )
    assert still_there(tmp_path) == []


@on_linux
def test_processes_that_together_use_too_much_memory_are_stopped(tmp_path: Path) -> None:
    at = written(
        tmp_path,
        server(tmp_path, "eats", EATS + WAITS) + server(tmp_path, "right"),
        "[limits]\nmemory = 200\n",
    )
    done, rows = judged(at, tmp_path / "report", CASE, "--deadline=10", "--jobs=2")
    assert rows["right"]["exit"] == 0, done.stdout
    assert rows["eats"]["exit"] == 6
    faults = str(rows["eats"]["faults"])
    assert "MiB of memory, more than 200" in faults or "at 200 MiB of memory" in faults
    assert still_there(tmp_path) == []


@on_linux
def test_kernel_limits_the_memory_of_one_process(tmp_path: Path) -> None:
    greedy = "eaten = b'x' * (3000 * 1024 * 1024)"
    at = written(tmp_path, server(tmp_path, "greedy", greedy), "[limits]\nmemory = 300\n")
    done, rows = judged(at, tmp_path / "report", CASE, "--deadline=3")
    assert rows["greedy"]["exit"] == 6
    assert "MemoryError" in done.stdout + str(rows) or "ended before it was ready" in str(rows)


@on_linux
def test_daemon_is_stopped_with_the_server_that_started_it(tmp_path: Path) -> None:
    at = written(tmp_path, server(tmp_path, "daemon", DAEMON))
    done, rows = judged(at, tmp_path / "report", CASE)
    assert rows["daemon"]["exit"] == 0, done.stdout
    assert still_there(tmp_path) == []


def test_target_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    targets = server(tmp_path, "slow", "threading.Event().wait()")
    at = written(tmp_path, targets, "[limits]\ntime = 2\n")
    done, rows = judged(at, tmp_path / "report", CASE, "--deadline=60")
    assert done.returncode == 6, done.stdout
    assert rows["slow"] == {
        "name": "slow",
        "exit": 6,
        "counts": {},
        "faults": ["the run took more than 2 s"],
        "isolation": rows["slow"]["isolation"],
        "limits": rows["slow"]["limits"],
        "folder": "slow",
    }


def begin_and_kill(at: str, folder: Path, word: str, path: str, isolate: str = "auto") -> None:
    """Start a class, and kill it as soon as a process has this word in its command line."""
    argv = [sys.executable, "-m", "conformance", "run", at, "--all", CASE, "--deadline=60"]
    with forking.Popen(
        [*argv, f"--isolate={isolate}", f"--report={folder / 'report'}", "--jobs=1"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder), "PATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        until(lambda: any(word in words for words in still_there(folder)), f"{word} to run")
        os.killpg(run.pid, signal.SIGKILL)


@on_linux
@pytest.mark.parametrize("isolate", ["auto", PODMAN])
def test_no_process_survives_a_killed_class(isolate: str, tmp_path: Path) -> None:
    if isolate == PODMAN and usable_podman()[1]:
        pytest.skip(usable_podman()[1])
    own = tmp_path / "own"
    own.mkdir()
    slow = server(own, "slow", "print('begun', flush=True)" + WAITS)
    at = written(tmp_path, f'{slow}directory = "{own}"\n')
    begin_and_kill(at, tmp_path, "slow.py", os.environ["PATH"], isolate)
    until(lambda: still_there(tmp_path) == [], "the end of all")


#: Waits for the end of its input, while the descriptor is replaced and a signal arrives.
LEAVES = """
import os, signal, threading
from fcntl import ioctl
from termios import FIONREAD
from conformance.batch.isolated import leave_with_who_asked

signal.signal(signal.SIGCHLD, lambda *_: None)
ours, theirs = os.pipe()
os.dup2(ours, 0)
leave_with_who_asked()
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
signal.pthread_kill(threading.enumerate()[1].ident, signal.SIGCHLD)
os.write(theirs, b"x")
while ioctl(ours, FIONREAD, bytes(4)) != bytes(4):
    pass
print("still there", flush=True)
os.close(theirs)
signal.pause()
"""


@on_linux
def test_judge_exits_only_at_the_end_of_its_own_input() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEAVES], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == (b"still there\n", -signal.SIGKILL), done.stderr


@on_linux
def test_next_class_removes_the_container_of_a_dead_class(tmp_path: Path) -> None:
    if usable_podman()[1]:
        pytest.skip(usable_podman()[1])
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as ended:
        whose = owner(ended.pid)
    created = ["podman", "create", "--network=host", f"--label={LABEL}={whose}", "--rootfs"]
    subprocess.run([*created, str(tmp_path), "true"], capture_output=True, check=True)
    left = ["podman", "ps", "--all", "--quiet", f"--filter=label={LABEL}={whose}"]
    assert subprocess.run(left, capture_output=True, check=True).stdout != b""
    sweep()
    assert subprocess.run(left, capture_output=True, check=True).stdout == b""


@on_linux
def test_killed_class_stops_a_box_that_is_not_ready(tmp_path: Path) -> None:
    # A child of bubblewrap ends with its parent only after it has asked the kernel for that. If
    # bubblewrap is killed earlier, the child waits for ever. Here one is always left.
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        pytest.skip("bwrap is missing (Debian: bubblewrap)")
    stand_in = tmp_path / "bin" / "bwrap"
    stand_in.parent.mkdir()
    stand_in.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *slow.py*) tail -f "{stand_in}" >/dev/null 2>&1 & sleep 60;; esac\n'
        f'exec {bwrap} "$@"\n'
    )
    stand_in.chmod(0o755)
    at = written(tmp_path, server(tmp_path, "slow"))
    begin_and_kill(at, tmp_path, "tail", f"{stand_in.parent}:{os.environ['PATH']}")
    until(lambda: still_there(tmp_path) == [], "the end of all")


def test_targets_at_one_address_take_turns(tmp_path: Path) -> None:
    with reserved_port() as port:
        fixed = f'at = "tcp://127.0.0.1:{port}"\n'
        targets = "".join(
            server(tmp_path, name).replace("{port}", str(port)) + fixed for name in "abcd"
        )
        done, rows = judged(written(tmp_path, targets), tmp_path / "report", CASE, "--jobs=4")
    assert {name: row["exit"] for name, row in rows.items()} == dict.fromkeys("abcd", 0), (
        done.stdout
    )


@contextmanager
def elsewhere(folder: Path) -> Iterator[str]:
    """A place for a worker."""
    with host(folder) as (place, _):
        yield place


@contextmanager
def host(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A place for a worker: a separate interpreter with execnet's socket server."""
    folder.mkdir()
    with reserved_port() as port:
        argv = [sys.executable, "-u", "-m", "execnet.script.socketserver", f"127.0.0.1:{port}"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **OTHERS_SETTINGS}
        with subprocess.Popen(
            argv, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        ) as place:
            try:
                assert place.stdout is not None
                assert "Entering Accept loop" in place.stdout.readline()
                yield f"socket=127.0.0.1:{port}", place
            finally:
                place.kill()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_variables_for_other_tests_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    for name, value in OTHERS_SETTINGS.items():
        monkeypatch.setenv(name, value)
    report = f"--report={tmp_path / 'report'}"
    target = ("inetd:cat", "--profile=echo", CASE, f"--jobs={jobs}")
    alone = conformance("run", *target, report)
    assert alone.returncode == 0, alone.stdout + alone.stderr
    at = written(tmp_path, server(tmp_path, "right"))
    done, rows = judged(at, tmp_path / "class", CASE, f"--jobs={jobs}")
    assert rows["right"]["exit"] == 0, done.stdout + done.stderr


def test_class_is_distributed_over_machines(tmp_path: Path) -> None:
    """Two interpreters without access to the file, reached over the network."""
    names = [f"t{number}" for number in range(6)]
    at = written(tmp_path, "".join(server(tmp_path, name) for name in names))
    with ExitStack() as stack:
        places = [stack.enter_context(elsewhere(tmp_path / name)) for name in ("one", "two")]
        report = tmp_path / "report"
        done, rows = judged(at, report, CASE, *(f"--tx={place}" for place in places))
        assert done.returncode == 0, done.stdout + done.stderr
        assert {name: row["exit"] for name, row in rows.items()} == dict.fromkeys(names, 0)
        # Both judged some targets: execnet loaded pytest in each.
        for name in ("one", "two"):
            assert (tmp_path / name / "pyexecnetcache").is_dir()


@pytest.mark.parametrize(
    ("place", "status", "line"),
    [
        ("socket=127.0.0.1:{free}", 8, "connection refused"),
        ("popen//python={python}", 8, "the suite is not installed there (No module named"),
        ("popen//python=/no/such/python", 8, "no such file or directory"),
        ("nonsense", 4, "write socket=HOST:PORT or ssh=HOST"),
        ("socket=127.0.0.1:99999", 4, "write socket=HOST:PORT or ssh=HOST"),
    ],
)
def test_host_without_working_worker(
    place: str, status: int, line: str, tmp_path: Path, free_port: int
) -> None:
    # A Python without the packages of this one.
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    place = place.format(free=free_port, python=python)
    at = written(tmp_path, server(tmp_path, "one"))
    done = conformance("run", at, "--all", f"--tx={place}", f"--report={tmp_path / 'report'}")
    assert done.returncode == status, done.stdout + done.stderr
    (said,) = done.stderr.splitlines()
    assert said.startswith("conformance: --tx ")
    assert line in said
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["ref:python", "--all"], "--all judges every target of a file: write @FILE.toml"),
        (["@class.toml#one", "--all"], "--all judges every target of a file: write @FILE.toml"),
        (["ref:python", "--tx=popen"], "--tx is for --all"),
        (["@/no/such/file", "--all"], "no such file"),
    ],
)
def test_wrong_usage(words: list[str], line: str, tmp_path: Path) -> None:
    done = conformance("run", *words, f"--report={tmp_path}")
    assert done.returncode == 4
    assert line in done.stderr


@pytest.mark.parametrize(
    ("limits", "line"),
    [
        ("tmie = 3", "unknown key 'tmie' (known: time, memory, processes, cpu, files, disk)"),
        ("time = 0", "time must be seconds between 0 and 86400"),
        ("memory = 0.5", "memory must be a number of MiB"),
        ("processes = true", "processes must be a number"),
        ("cpu = -1", "cpu must be a number of seconds"),
        ("files = 1.5", "files must be a number"),
        ("disk = 'much'", "disk must be a number of MiB"),
    ],
)
def test_invalid_limits_are_rejected(limits: str, line: str, tmp_path: Path) -> None:
    at = written(tmp_path, '[targets.one]\ncommand = "./one"\n', f"[limits]\n{limits}\n")
    with pytest.raises(WrongUsage, match=line.replace("(", r"\(").replace(")", r"\)")):
        planned_entries(Options(target=at))


def test_invalid_target_is_reported_before_the_class_starts(tmp_path: Path) -> None:
    at = written(
        tmp_path, server(tmp_path, "right") + '[targets.odd]\ncommand = "x"\nprofiles = ["ecco"]\n'
    )
    done = conformance("run", at, "--all", f"--report={tmp_path / 'report'}")
    assert done.returncode == 4
    assert "unknown profile 'ecco'" in done.stderr
    assert not (tmp_path / "report").exists()


def test_options_hold_for_all_targets_and_limits_come_from_the_file(tmp_path: Path) -> None:
    at = written(
        tmp_path,
        '[targets.one]\ncommand = "./one {port}"\n[targets.two]\naddress = "tcp://[::1]:7"\n',
        "[limits]\ntime = 5\nmemory = 64\n",
    )
    asked = Options(target=at, cases=("echo/simple",), seed="7")
    (one, _), (two, plan) = planned_entries(asked)
    assert [case.requirement.id for case in plan.cases] == ["echo/simple"]
    assert (one.name, one.place, two.name, two.place) == ("one", None, "two", "tcp://[::1]:7")
    assert one.limits == two.limits == Limits(5, 64, Limits().processes)
    assert one.options.seed == two.options.seed == "7"
    assert one.options.typed == f"{at}#one"


def test_each_name_has_its_own_folder() -> None:
    names = ["alice", "of/its own", "of%2Fits own", "..", ".hidden", "é", "Alice_2.0-b"]
    folders = [folder_of(name) for name in names]
    assert len(set(folders)) == len(names)
    assert folders[0] == "alice"
    assert not [one for one in folders if "/" in one or one.startswith(".")]


def test_exceeded_limit_is_described() -> None:
    limits = Limits(memory=10, processes=3)
    small = Member(1, 1, 4 * 1024 * 1024)
    assert excess([small, small], limits) is None
    assert excess([small] * 4, limits) == "4 processes, more than 3"
    assert excess([small] * 3, limits) == "12 MiB of memory, more than 10"
    assert excess([small], limits._replace(disk=1), 2 << 20) == "2 MiB on the disk, more than 1"


def test_order_of_statuses() -> None:
    assert sorted(WEIGHT) == sorted(Exit)
    assert WEIGHT[-1] == Exit.CONFORMANT


def test_without_results_a_target_is_a_row_with_a_reason() -> None:
    plan = Plan(Options(target="./server", typed="@class.toml#bob"))
    lost = {**NOTHING_CAME, "exit": 6, "stopped": []}
    said = "conformance: cannot start './server': no such command\n"
    results = results_of(plan, {**lost, "said": said})
    assert results.header["target"] == "@class.toml#bob"
    assert results.footer["exit"] == 6
    assert results.footer["faults"] == ["cannot start './server': no such command"]
    # A status of 0 without results is not a success.
    assert results_of(plan, {**lost, "exit": 0, "said": ""}).footer["exit"] == 8


@pytest.mark.parametrize(
    "file", ["conformance/docs/for-teachers.md", "examples/gradescope/server.toml"]
)
def test_limits_of_the_examples_allow_a_thread_for_each_client(file: str) -> None:
    [limit] = re.findall(r"^processes = (\d+)", (ROOT / file).read_text(), re.MULTILINE)
    assert int(limit) >= 2 * IDLE_CLIENTS


def test_error_of_the_suite_is_shown_in_the_line_of_its_target(tmp_path: Path) -> None:
    broken = "import conformance.__main__ as main; main._run = lambda words: 1 / 0; main.run()"
    done = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 3
    first, *trace = done.stderr.splitlines()
    assert first == "conformance: internal error: ZeroDivisionError: division by zero"
    assert trace[0].startswith("Traceback")

    screen = io.StringIO()
    plan = Plan(Options(target="./server", typed="@class.toml#bob"))
    report = ClassReport({"bob": plan}, tmp_path, screen)
    report.take("bob", {**NOTHING_CAME, "exit": 3, "stopped": [], "said": done.stderr})
    assert "bob: internal error: ZeroDivisionError: division by zero in 0.0 s" in screen.getvalue()
