"""Servers that attack the suite: they try to forge their verdict or to harm other servers.

Each server in tests/implementations/adversaries/ tries one attack. conformance/docs/isolation.md
shows which attacks each kind of isolation stops.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.batch.boxes import (
    BUBBLEWRAP,
    NONE,
    PODMAN,
    has_own_network,
    usable_podman,
    why_no_box,
)
from conformance.targets.ports import reserved_port

from .judging import ROOT, conformance, read
from .test_class import CASE, judged, on_linux, still_there, written

ADVERSARIES = ROOT / "tests/implementations/adversaries"

ISOLATION = ROOT / "conformance/docs/isolation.md"

#: The limits of these classes; each attack also limits itself.
LIMITS = "[limits]\nprocesses = 60\nmemory = 400\ndisk = 100\nfiles = 512\ntime = 90\n"

#: The owner of their folders, if root judges.
STUDENT = 12345

pytestmark = on_linux

#: Attack -> the allowed exit statuses of the attacking target: it can only harm itself.
LOST = (1, 6, 8)
TRICKS: dict[str, tuple[int, ...]] = {
    "forge_file": LOST,
    "forge_link": (0, *LOST),
    "kill_parent": LOST,
    "kill_scan": (0,),
    "kill_worker": (0,),
    "ptrace_judge": (0, *LOST),
    "daemonize": (0,),
    "fork_bomb": (0, *LOST),
    "memory": LOST,
    "disk": LOST,
    "flood": (0,),
    "descriptors": LOST,
    "ignore_sigterm": (0,),
    "false_listening": LOST,
    "steal_port": (0,),
    "symlinks": (0,),
    "read_neighbour": (0,),
    "read_seed": (0,),
    "read_secret": (0,),
    "leave_group": LOST,
}

#: The neighbour's exit status without isolation: 8 is "not judged", 1 and 6 are wrong verdicts.
HARMFUL: dict[str, tuple[int, ...]] = {
    "kill_scan": (0, 8),
    "kill_worker": (0,),
    "false_listening": (0,),
    "steal_port": (0, 1, 6),
}

#: The attacks that need the neighbour's network.
OF_A_PORT = {"false_listening", "steal_port"}

#: Without isolation these read data of others: always, and only as root or by chance.
FOUND_BY_ALL = {"read_neighbour", "disk"}
FOUND_BY_SOME = {"read_seed", "read_secret", "leave_group"}


def usable(way: str) -> str:
    why = why_no_box() if way == BUBBLEWRAP else usable_podman()[1] if way == PODMAN else ""
    if why:
        pytest.skip(why)
    return way


@pytest.fixture(params=[BUBBLEWRAP, NONE])
def isolate(request: pytest.FixtureRequest) -> str:
    return usable(str(request.param))


@pytest.fixture(params=[BUBBLEWRAP, PODMAN])
def boxed_by(request: pytest.FixtureRequest) -> str:
    return usable(str(request.param))


def adversary(folder: Path, trick: str, words: str = "{port}", key: str | None = None) -> str:
    """Return the table of a target that tries this attack, in its own folder."""
    own = folder / (key or trick)
    own.mkdir()
    for name in ("echo", "loot", trick):
        shutil.copy(ADVERSARIES / f"{name}.py", own)
    if os.getuid() == 0:
        # Owned by a student. If root owned it, an isolated target would get a copy, and its loot
        # would be lost.
        for path in (*own.iterdir(), own):
            os.chown(path, STUDENT, STUDENT)
    return (
        f'[targets.{key or trick}]\ncommand = "{sys.executable} {trick}.py {words}"\n'
        f'directory = "{own}"\n'
    )


def judge_class(
    folder: Path, targets: str, isolate: str, *words: str
) -> tuple[str, dict[str, dict[str, Any]]]:
    at = written(folder, targets, LIMITS)
    done, rows = judged(
        *(at, folder / "report", CASE, "--deadline=5", "--jobs=2", f"--isolate={isolate}"),
        *words,
        timeout=400,
    )
    return done.stdout, rows


def loot(folder: Path, trick: str) -> str:
    found = folder / trick / "loot.txt"
    return found.read_text() if found.exists() else ""


def test_isolated_attackers_have_no_effect(boxed_by: str, tmp_path: Path) -> None:
    """All attacks run at once, with correct servers among them, one of these at a fixed address."""
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    with reserved_port() as port:
        words = {
            "daemonize": f"{{port}} {tmp_path}/",
            "false_listening": str(port),
            "steal_port": f"{{port}} {port}",
            "symlinks": f"{{port}} {tmp_path / 'report'} {victim}",
            "read_neighbour": f"{{port}} {tmp_path / 'report'}",
        }
        fixed = adversary(tmp_path, "right", str(port), "fixed")
        # A user's containers share the network of the host.
        shares_network = boxed_by == PODMAN and not has_own_network()
        tricks = [one for one in TRICKS if not (shares_network and one in OF_A_PORT)]
        targets = [adversary(tmp_path, trick, words.get(trick, "{port}")) for trick in tricks]
        half = len(targets) // 2
        targets.insert(half, f'{fixed}at = "tcp://127.0.0.1:{port}"\n')
        targets.append(adversary(tmp_path, "right", key="last"))
        said, rows = judge_class(tmp_path, "".join(targets), boxed_by, "--seed=4242424242")
    assert rows["fixed"]["exit"] == rows["last"]["exit"] == 0, said
    wrong = {name: rows[name] for name in tricks if rows[name]["exit"] not in TRICKS[name]}
    assert wrong == {}, said
    for name in ("forge_file", "kill_parent"):
        assert rows[name]["counts"] == {}
    assert victim.read_text() == "as it was"
    assert not list(tmp_path.glob("victim.d/*"))
    assert {name: loot(tmp_path, name) for name in tricks if loot(tmp_path, name)} == {}
    assert still_there(tmp_path) == []


def test_attackers_without_isolation_cannot_forge_results_or_leave_processes(
    tmp_path: Path,
) -> None:
    """Runs the attacks that cannot harm a neighbour even without isolation."""
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    words = {
        "daemonize": f"{{port}} {tmp_path}/",
        "fork_bomb": f"{{port}} {tmp_path}/",
        "symlinks": f"{{port}} {tmp_path / 'report'} {victim}",
        "read_neighbour": f"{{port}} {tmp_path / 'report'}",
    }
    tricks = [one for one in TRICKS if one not in (*HARMFUL, "ptrace_judge")]
    targets = [adversary(tmp_path, trick, words.get(trick, "{port}")) for trick in tricks]
    targets.append(adversary(tmp_path, "right"))
    said, rows = judge_class(tmp_path, "".join(targets), NONE, "--seed=4242424242")
    assert (
        "isolation: none, as requested; a target can reach its judge and the other targets" in said
    )
    assert rows["right"]["exit"] == 0, said
    wrong = {name: rows[name] for name in tricks if rows[name]["exit"] not in TRICKS[name]}
    assert wrong == {}, said
    for name in ("forge_file", "kill_parent"):
        assert rows[name]["faults"] == ["not judged: the judge was killed (SIGKILL)"]
    assert victim.read_text() == "as it was"
    assert not list(tmp_path.glob("victim.d/*"))
    found = {name for name in tricks if loot(tmp_path, name)}
    assert FOUND_BY_ALL <= found <= FOUND_BY_ALL | FOUND_BY_SOME
    assert still_there(tmp_path) == []


@pytest.mark.parametrize("trick", sorted(HARMFUL))
def test_attackers_without_isolation_can_prevent_the_verdict_of_a_neighbour(
    trick: str, tmp_path: Path
) -> None:
    with reserved_port() as port:
        words = {"false_listening": str(port), "steal_port": f"{{port}} {port}"}
        fixed = adversary(tmp_path, "right", str(port), "fixed")
        targets = adversary(tmp_path, trick, words.get(trick, "{port}"))
        targets += f'{fixed}at = "tcp://127.0.0.1:{port}"\n'
        said, rows = judge_class(tmp_path, targets, NONE)
    assert rows["fixed"]["exit"] in HARMFUL[trick], said
    assert still_there(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root may trace it")
def test_root_without_isolation_can_stop_its_judge_until_the_time_limit(tmp_path: Path) -> None:
    at = written(tmp_path, adversary(tmp_path, "ptrace_judge"), "[limits]\ntime = 8\n")
    done, rows = judged(at, tmp_path / "report", CASE, "--isolate=none")
    assert rows["ptrace_judge"]["faults"] == ["the run took more than 8 s"], done.stdout
    assert still_there(tmp_path) == []


def test_connections_in_time_wait_at_a_fixed_port_change_no_verdict(
    isolate: str, tmp_path: Path
) -> None:
    """A neighbour uses the same port next, and sets SO_REUSEADDR as servers should."""
    with reserved_port() as port:
        targets = ""
        for trick in ("time_wait", "right"):
            targets += f'{adversary(tmp_path, trick, str(port))}at = "tcp://127.0.0.1:{port}"\n'
        said, rows = judge_class(tmp_path, targets, isolate)
    assert {name: row["exit"] for name, row in rows.items()} == {"time_wait": 0, "right": 0}, said


def test_answers_prepared_for_the_default_seed_fail_in_a_class(
    isolate: str, tmp_path: Path
) -> None:
    at = written(tmp_path, adversary(tmp_path, "table"))
    large, way = "--case=echo/large", f"--isolate={isolate}"
    done, rows = judged(at, tmp_path / "known", large, way, "--seed=1", "--deadline=5")
    assert rows["table"]["exit"] == 0, done.stdout
    done, rows = judged(at, tmp_path / "report", large, way, "--deadline=5")
    assert rows["table"]["exit"] == 1, done.stdout
    (seed,) = re.findall(r"^seed: (\d+) \(--seed=\1 judges", done.stdout, re.MULTILINE)
    assert int(seed) > 1


def test_every_attack_is_in_the_table_of_the_documents() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", ISOLATION.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted([*TRICKS, "table", "time_wait"])


def test_single_run_leaves_no_daemon_behind(tmp_path: Path) -> None:
    command = f"{sys.executable} {ADVERSARIES / 'daemonize.py'} {{port}} {tmp_path}/"
    done = conformance("run", command, CASE, f"--report={tmp_path / 'report'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert still_there(tmp_path) == []


@pytest.mark.parametrize("way", ["vm", BUBBLEWRAP, PODMAN])
def test_missing_isolation_is_an_error_before_the_start(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way != "vm":
        monkeypatch.setenv("PATH", str(tmp_path))
    at = written(tmp_path, adversary(tmp_path, "right"))
    done = conformance("run", at, "--all", f"--isolate={way}", f"--report={tmp_path / 'report'}")
    assert done.returncode == 4
    (line,) = done.stderr.splitlines()
    assert line in (
        "conformance: --isolate: 'vm' is not one of auto, bubblewrap, podman, user, none",
        "conformance: --isolate=bubblewrap: bwrap is missing (Debian: bubblewrap)",
        "conformance: --isolate=podman: podman is missing (Debian: podman)",
    )
    assert not (tmp_path / "report").exists()


def test_missing_isolation_is_reported_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    at = written(tmp_path, adversary(tmp_path, "right"))
    done, rows = judged(at, tmp_path / "report", CASE)
    assert done.stdout.splitlines()[1] == (
        "isolation: none, bwrap is missing (Debian: bubblewrap), "
        "and podman is missing (Debian: podman); a target can reach its judge and the other targets"
    )
    assert re.fullmatch(
        r"limits: (the kernel enforces memory and processes \(cgroup version [12]\)"
        r"|memory and processes are watched, not enforced \(.+\))",
        done.stdout.splitlines()[2],
    )
    assert rows["right"]["limits"] == ("enforced" if "enforces" in done.stdout else "watched")
    assert (rows["right"]["exit"], rows["right"]["isolation"]) == (0, "none")


def test_correct_server_has_the_same_verdicts_in_a_box(boxed_by: str, tmp_path: Path) -> None:
    """The suite sees the signals, exit status, descriptors and children of the server itself."""
    at = written(tmp_path, adversary(tmp_path, "right"))
    cases = [f"--case=echo/{one}" for one in ("sigterm-*", "leak-*", "restart", "port-free")]
    verdicts = []
    for way in (boxed_by, NONE):
        report = tmp_path / way
        done, rows = judged(at, report, f"--isolate={way}", *cases)
        assert rows["right"]["exit"] == 0, done.stdout
        assert rows["right"]["isolation"] == way
        _, results, _ = read(report / "right")
        verdicts.append({(one["id"], one["transport"]): one["verdict"] for one in results})
    assert verdicts[0] == verdicts[1]
    assert len(verdicts[0]) >= 5
