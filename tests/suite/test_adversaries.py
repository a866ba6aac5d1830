"""Servers that try to get a better verdict than they deserve, or to harm the others.

tests/implementations/adversaries/ holds them, one trick in each. conformance/docs/isolation.md
shows what holds under which isolation.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.batch.boxes import BUBBLEWRAP, NONE, why_no_box
from conformance.targets.ports import reserved_port

from .judging import ROOT, conformance, read
from .test_class import CASE, judged, on_linux, still_there, written

ADVERSARIES = ROOT / "tests/implementations/adversaries"

ISOLATION = ROOT / "conformance/docs/isolation.md"

#: The limits of these classes; each trick is bounded by itself as well.
LIMITS = "[limits]\nprocesses = 60\nmemory = 400\ndisk = 100\nfiles = 512\ntime = 90\n"

pytestmark = on_linux

#: Trick -> exit statuses of a class's target that plays it: what is lost, is lost by itself.
LOST = (1, 6, 8)
TRICKS: dict[str, tuple[int, ...]] = {
    "forge_file": LOST,
    "forge_link": (0, *LOST),
    "kill_parent": LOST,
    "kill_scan": (0,),
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
}


@pytest.fixture(params=[BUBBLEWRAP, NONE])
def isolate(request: pytest.FixtureRequest) -> str:
    way = str(request.param)
    if way == BUBBLEWRAP and why_no_box():
        pytest.skip(why_no_box())
    return way


def adversary(folder: Path, trick: str, words: str = "{port}", key: str | None = None) -> str:
    """The table of a target that plays this trick, in a folder of its own."""
    own = folder / (key or trick)
    own.mkdir()
    for name in ("echo", "loot", trick):
        shutil.copy(ADVERSARIES / f"{name}.py", own)
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


def test_in_a_box_nothing_is_forged_nobody_survives_and_no_neighbour_is_disturbed(
    tmp_path: Path,
) -> None:
    """All tricks at once, and right servers among them, one at a fixed address."""
    if why_no_box():
        pytest.skip(why_no_box())
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
        targets = [adversary(tmp_path, trick, words.get(trick, "{port}")) for trick in TRICKS]
        half = len(targets) // 2
        targets.insert(half, f'{fixed}at = "tcp://127.0.0.1:{port}"\n')
        targets.append(adversary(tmp_path, "right", key="last"))
        said, rows = judge_class(tmp_path, "".join(targets), BUBBLEWRAP, "--seed=4242424242")
    assert rows["fixed"]["exit"] == rows["last"]["exit"] == 0, said
    wrong = {name: rows[name] for name in TRICKS if rows[name]["exit"] not in TRICKS[name]}
    assert wrong == {}, said
    for name in ("forge_file", "kill_parent"):
        assert rows[name]["counts"] == {}
    assert victim.read_text() == "as it was"
    assert not list(tmp_path.glob("victim.d/*"))
    assert {name: loot(tmp_path, name) for name in TRICKS if loot(tmp_path, name)} == {}
    assert still_there(tmp_path) == []


@pytest.mark.parametrize("trick", ["forge_file", "forge_link", "kill_parent"])
def test_no_verdict_is_forged(trick: str, isolate: str, tmp_path: Path) -> None:
    targets = adversary(tmp_path, trick) + adversary(tmp_path, "right")
    said, rows = judge_class(tmp_path, targets, isolate)
    assert rows["right"]["exit"] == 0, said
    assert rows[trick]["exit"] in TRICKS[trick], said
    if rows[trick]["exit"] == 8:
        assert rows[trick]["faults"] == ["not judged: the judge was killed (SIGKILL)"]
    assert still_there(tmp_path) == []


@pytest.mark.parametrize("trick", ["daemonize", "fork_bomb", "memory", "ignore_sigterm"])
def test_without_a_box_nobody_survives_either(trick: str, tmp_path: Path) -> None:
    targets = adversary(tmp_path, trick, f"{{port}} {tmp_path}/") + adversary(tmp_path, "right")
    said, rows = judge_class(tmp_path, targets, NONE)
    assert "isolation: none was asked for; a target can reach its judge and the others" in said
    assert rows["right"]["exit"] == 0, said
    assert rows[trick]["exit"] in TRICKS[trick], said
    assert still_there(tmp_path) == []


def test_answers_for_the_usual_seed_are_worth_nothing_in_a_class(
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


def test_every_trick_is_in_the_table_of_the_documents() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", ISOLATION.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted([*TRICKS, "table"])


def test_a_single_run_leaves_no_daemon_behind(tmp_path: Path) -> None:
    command = f"{sys.executable} {ADVERSARIES / 'daemonize.py'} {{port}} {tmp_path}/"
    done = conformance("run", command, CASE, f"--report={tmp_path / 'report'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert still_there(tmp_path) == []


@pytest.mark.parametrize("way", ["vm", "bubblewrap"])
def test_a_way_that_there_is_not_is_refused_before_anything_starts(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == BUBBLEWRAP:
        monkeypatch.setenv("PATH", str(tmp_path))
    at = written(tmp_path, adversary(tmp_path, "right"))
    done = conformance("run", at, "--all", f"--isolate={way}", f"--report={tmp_path / 'report'}")
    assert done.returncode == 4
    (line,) = done.stderr.splitlines()
    assert line in (
        "conformance: --isolate: 'vm' is none of auto, bubblewrap, none",
        "conformance: --isolate=bubblewrap: bwrap is missing (Debian: bubblewrap)",
    )
    assert not (tmp_path / "report").exists()


def test_where_nothing_keeps_them_apart_it_is_said_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    at = written(tmp_path, adversary(tmp_path, "right"))
    done, rows = judged(at, tmp_path / "report", CASE)
    assert done.stdout.splitlines()[1] == (
        "isolation: none, bwrap is missing (Debian: bubblewrap); "
        "a target can reach its judge and the others"
    )
    assert (rows["right"]["exit"], rows["right"]["isolation"]) == (0, "none")


def test_a_right_server_has_the_same_verdicts_in_a_box(tmp_path: Path) -> None:
    """Signals, statuses, descriptors and children are the server's, not bubblewrap's."""
    if why_no_box():
        pytest.skip(why_no_box())
    at = written(tmp_path, adversary(tmp_path, "right"))
    cases = [f"--case=echo/{one}" for one in ("sigterm-*", "leak-*", "restart", "port-free")]
    verdicts = []
    for way in (BUBBLEWRAP, NONE):
        report = tmp_path / way
        done, rows = judged(at, report, f"--isolate={way}", *cases)
        assert rows["right"]["exit"] == 0, done.stdout
        assert rows["right"]["isolation"] == way
        _, results, _ = read(report / "right")
        verdicts.append({(one["id"], one["transport"]): one["verdict"] for one in results})
    assert verdicts[0] == verdicts[1]
    assert len(verdicts[0]) >= 5
