"""A class that root judges: each target runs as its own user, without privileges."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.batch.boxes import BUBBLEWRAP, NONE, USER, why_no_box
from conformance.targets.users import moved, why_no_user

from .judging import ROOT, conformance
from .test_adversaries import ADVERSARIES, LIMITS, adversary
from .test_class import CASE, judged, on_linux, still_there, written

#: Reports its user and groups, and checks what it can do in its folder.
TELLS = """
import os
from pathlib import Path

from loot import keep

assert Path("only-mine").read_text() == "hers"
assert os.getuid() > 1234 and os.getgroups() == []
Path("written").write_text("by me")
keep(f"{os.getuid()} {os.getgid()} {os.getgroups()}")

from echo import serve

serve()
"""

#: A Python interpreter that every user can run.
PYTHON = shutil.which("python3", path="/usr/local/bin:/usr/bin") or sys.executable

pytestmark = on_linux


@pytest.fixture(autouse=True)
def root_judges() -> None:
    if why_no_user():
        pytest.skip(why_no_user())


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may write to."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o1777)
        yield Path(folder)


def teller(folder: Path, name: str, loot: Path | None = None, owner: int = 0) -> str:
    table = adversary(folder, "right", key=name).replace(sys.executable, PYTHON)
    own = folder / name
    (own / "right.py").write_text(TELLS)
    (own / "only-mine").write_text("hers")
    if loot is not None:
        (own / "loot.elsewhere").write_text(str(loot / name))
    for path in (*own.iterdir(), own):
        path.chmod(0o700)
        os.chown(path, owner, owner)
    return table


def users_of(*tellings: Path) -> list[int]:
    users = []
    for one in tellings:
        (line,) = set(one.read_text().splitlines())
        user, group, groups = line.split(" ", 2)
        assert (user, groups) == (group, "[]")
        users.append(int(user))
    return users


def about(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_uid, stat.S_IMODE(found.st_mode)


def test_files_of_an_isolated_target_keep_their_owner(tmp_path: Path) -> None:
    if why_no_box():
        pytest.skip(why_no_box())
    targets = teller(tmp_path, "roots") + teller(tmp_path, "alices", owner=1234)
    at = written(tmp_path, targets)
    done, rows = judged(at, tmp_path / "report", CASE, "--jobs=2", f"--isolate={BUBBLEWRAP}")
    assert [row["exit"] for row in rows.values()] == [0, 0], done.stdout
    assert "isolation: bubblewrap (own user, processes, files and network" in done.stdout
    assert len({0, 1234, *users_of(tmp_path / "alices/loot.txt")}) == 3
    assert (tmp_path / "alices/written").stat().st_uid == 1234
    for name, owner in (("roots", 0), ("alices", 1234)):
        assert about(tmp_path / name / "only-mine") == (owner, 0o700)
    # A file there would be owned by root, and could have the set-user-ID bit.
    assert not (tmp_path / "roots/written").exists()


def test_target_without_isolation_runs_in_a_copy(tmp_path: Path, public: Path) -> None:
    targets = teller(tmp_path, "roots", public) + teller(tmp_path, "alices", public, owner=1234)
    at = written(tmp_path, targets)
    done, rows = judged(at, tmp_path / "report", CASE, "--jobs=2", f"--isolate={USER}")
    assert [row["exit"] for row in rows.values()] == [0, 0], done.stdout
    assert {row["isolation"] for row in rows.values()} == {USER}
    users = users_of(public / "roots", public / "alices")
    assert len({0, 1234, os.getuid(), *users}) == 4
    assert not (tmp_path / "roots/written").exists()
    assert about(tmp_path / "roots/only-mine") == (0, 0o700)
    assert still_there(tmp_path) == []


def test_files_are_copied_if_the_file_system_has_no_id_mapping(tmp_path: Path) -> None:
    """This is so on overlayfs, which Docker containers use."""
    if why_no_box():
        pytest.skip(why_no_box())
    for name in ("lower", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    merged = tmp_path / "merged"
    teller(tmp_path / "lower", "alices", owner=1234)
    table = f'[targets.alices]\ncommand = "{PYTHON} right.py {{port}}"\ndirectory = "alices"\n'
    written(tmp_path / "lower", table)
    layers = ",".join(f"{name}dir={tmp_path / name}" for name in ("lower", "upper", "work"))
    mounted = f'mount -t overlay overlay -o "{layers}" "{merged}" || exit 99; exec "$@"'
    argv = ["unshare", "--mount", "sh", "-c", mounted, "sh", sys.executable, "-m", "conformance"]
    words = ["run", f"@{merged}/class.toml", "--all", CASE, f"--report={tmp_path / 'report'}"]
    done = subprocess.run(
        [*argv, *words], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode in (1, 99) and "conformance:" not in done.stdout:
        pytest.skip(f"this system makes no mount namespaces ({done.stderr.strip()})")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [one for one in (tmp_path / "upper").rglob("*") if one.is_file()] == []


@pytest.mark.parametrize(
    ("way", "names", "owner"),
    [
        (BUBBLEWRAP, ["one"], 0),  # in a copy
        (BUBBLEWRAP, ["one"], 1234),
        (BUBBLEWRAP, ["one", "two"], 0),  # in a shared folder
        (USER, ["one"], 0),
    ],
)
def test_files_of_the_suite_may_be_in_a_folder_of_a_target(
    way: str, names: list[str], owner: int, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These are the class's file, its report, and the folder for temporary files."""
    if way == BUBBLEWRAP and why_no_box():
        pytest.skip(why_no_box())
    folder = public / "class"
    (folder / "scratch").mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(folder / "scratch"))
    shutil.copy(ADVERSARIES / "echo.py", folder)
    (folder / "right.py").write_text("from echo import serve\n\nserve()\n")
    table = f'[targets.NAME]\ncommand = "{PYTHON} right.py {{port}}"\n'
    at = written(folder, "".join(table.replace("NAME", name) for name in names))
    for path in (*folder.glob("*.py"), folder):
        os.chown(path, owner, owner)
        path.chmod(0o755)
    done, rows = judged(at, folder / "report", CASE, f"--isolate={way}")
    assert {row["exit"] for row in rows.values()} == {0}, done.stdout
    assert list((folder / "scratch").glob("conformance-class-*")) == []


#: Attacks that fail as a separate user without isolation; the first ones end because of it.
ENDED_BY_THEMSELVES = ("forge_file", "kill_parent", "kill_scan", "kill_worker", "leave_group")
REFUSED = (*ENDED_BY_THEMSELVES, "forge_link", "ptrace_judge", "read_secret", "read_seed", "right")


def test_target_of_another_user_cannot_kill_trace_or_read_its_judge(
    tmp_path: Path, public: Path
) -> None:
    targets = ""
    for trick in REFUSED:
        targets += adversary(tmp_path, trick).replace(sys.executable, PYTHON)
        (tmp_path / trick / "loot.elsewhere").write_text(str(public / trick))
    at = written(tmp_path, targets, LIMITS)
    words = ("--deadline=5", "--jobs=2", f"--isolate={USER}", "--seed=4242424242")
    done, rows = judged(at, tmp_path / "report", CASE, *words, timeout=300)
    assert {name for name, row in rows.items() if "killed" in str(row["faults"])} == set()
    assert {name for name, row in rows.items() if row["exit"]} <= {*ENDED_BY_THEMSELVES}, (
        done.stdout
    )
    assert list(public.iterdir()) == []
    assert still_there(tmp_path) == []


def test_missing_program_is_an_error_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    at = written(tmp_path, adversary(tmp_path, "right"))
    done = conformance("run", at, "--all", f"--isolate={USER}")
    assert done.returncode == 4
    assert done.stderr == "conformance: --isolate=user: setpriv is missing (Debian: util-linux)\n"


def test_paths_in_a_command_move_with_its_folder() -> None:
    command = "java -cp=/c/a/lib:/c/a/more '/c/a/Main' /x/c/a/y /c/ab /c/a"
    assert moved(command, "/c/a", "/new") == (
        "java -cp=/new/lib:/new/more '/new/Main' /x/c/a/y /c/ab /c/a"
    )


def test_root_without_isolation_can_read_secret_files(tmp_path: Path) -> None:
    at = written(tmp_path, adversary(tmp_path, "read_secret"))
    done, rows = judged(at, tmp_path / "report", CASE, f"--isolate={NONE}")
    assert rows["read_secret"]["exit"] == 0, done.stdout
    assert "/etc/shadow" in (tmp_path / "read_secret/loot.txt").read_text()
