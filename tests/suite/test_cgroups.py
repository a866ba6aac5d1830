"""Control groups: where one can be created, and that the kernel enforces its limits."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.targets import cgroups
from conformance.targets.cgroup_places import Place, found_places
from conformance.targets.cgroups import Group, entering, usable_places
from conformance.targets.owner import owner
from conformance.targets.usage import living

from ..programs import until
from .judging import ROOT

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: control groups"
)

MIB = 1 << 20

#: Starts 80 processes, each of which waits.
BREEDS = """
import os, signal
for _ in range(80):
    try:
        if not os.fork():
            break
    except OSError:
        pass
signal.alarm(30)
signal.pause()
"""

#: Three processes of 60 MiB each.
EATS = """
import os, signal
signal.alarm(30)
for _ in range(3):
    if not os.fork():
        signal.alarm(30)
        eaten = b"x" * (60 << 20)
        signal.pause()
signal.pause()
"""


@pytest.fixture
def places() -> list[Place]:
    found, why = usable_places()
    if not found:
        pytest.skip(why)
    return found


@pytest.fixture
def group(places: list[Place]) -> Iterator[Group]:
    group = Group(places, 100 * MIB, 20)
    yield group
    group.remove()


def started(group: Group, program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        entering(group.files, [sys.executable, "-S", "-c", program]), start_new_session=True
    )


def test_80_processes_do_not_pass_a_limit_of_20(group: Group) -> None:
    with started(group, BREEDS) as process:
        until(lambda: group.refused("pids") >= 60, "60 processes were refused")
        assert len(group.members()) == 20
        group.kill()
    assert process.returncode == -9
    assert group.members() == set()


def test_memory_limit_applies_to_all_processes_together(group: Group) -> None:
    with started(group, EATS):
        until(lambda: group.refused("memory") >= 1, "a process was ended")
        until(lambda: len(group.members()) < 4, "it is gone")
        group.kill()


def test_group_can_be_reused_after_its_processes_were_stopped(group: Group) -> None:
    with started(group, BREEDS):
        until(lambda: group.refused("pids") >= 60, "60 processes were refused")
        group.kill()
    done = subprocess.run(entering(group.files, ["echo", "again"]), capture_output=True, check=True)
    assert done.stdout == b"again\n"


def test_group_is_removed_completely(places: list[Place]) -> None:
    group = Group(places, 100 * MIB, 20)
    with started(group, BREEDS):
        until(lambda: len(group.members()) == 20, "the group is full")
        group.remove()
    assert not any(Path(one).parent.exists() for one in group.files)


def test_no_process_starts_in_a_group_that_cannot_be_entered(tmp_path: Path) -> None:
    done = subprocess.run(entering([f"{tmp_path}/no/cgroup.procs"], ["echo", "started"]),
        capture_output=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (126, b"")


def test_groups_of_killed_workers_are_removed(tmp_path: Path) -> None:
    here = owner()
    pid, start, namespace = here.split(".")
    dead = [f"999999999.7.{namespace}", f"{pid}.{int(start) + 1}.{namespace}"]
    others = [here, f"999999999.7.{int(namespace) + 1}"]
    for one in (*dead, *others):
        (tmp_path / f"conformance-{one}-00").mkdir()
    (tmp_path / "conformance-1-00").mkdir()
    cgroups._sweep([Place(str(tmp_path), 1, ())])
    left = {one.name for one in tmp_path.iterdir()}
    assert left == {*(f"conformance-{one}-00" for one in others), "conformance-1-00"}


#: Creates a group, starts a process in it that stays, and is killed.
LEAVES = """
import os, signal, subprocess, sys
from conformance.targets.cgroups import Group, entering, usable_places

group = Group(usable_places()[0], 64 << 20, 16)
stays = "echo in; trap '' TERM; while :; do read x; done"
words = entering(group.files, ["sh", "-c", stays])
with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as process:
    process.stdout.readline()
    print(process.pid, *group.files, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.usefixtures("places")
def test_next_run_stops_processes_left_by_a_killed_worker() -> None:
    argv = [sys.executable, "-c", LEAVES]
    with tempfile.TemporaryFile() as said:
        subprocess.run(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=said, check=False)
        said.seek(0)
        pid, *files = said.read().decode().split()
    assert all(pid in Path(one).read_text().split() for one in files)
    usable_places.cache_clear()
    usable_places()
    assert not any(Path(one).exists() for one in files)
    until(lambda: not living(int(pid)), "its end")


def mounted(folder: Path, kind: str = "cgroup2", options: str = "rw", root: str = "/") -> str:
    return f"35 31 0:32 {root} {folder} rw,relatime shared:9 - {kind} {kind} {options}\n"


def second_version(folder: Path, handed_down: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.subtree_control").write_text(handed_down)
    (folder / "cgroup.procs").write_text("")
    return folder


def test_version_2_is_used_if_the_group_delegates_memory_and_pids(tmp_path: Path) -> None:
    second_version(tmp_path, "cpu memory pids\n")
    assert found_places("0::/\n", mounted(tmp_path)) == [
        Place(str(tmp_path), 2, ("memory", "pids"))
    ]


def test_user_services_have_a_sibling_group(tmp_path: Path) -> None:
    """A group that has processes cannot delegate controllers, but its parent group can."""
    above = second_version(tmp_path / "app.slice", "memory pids\n")
    second_version(above / "run-1.scope", "")
    assert found_places("0::/app.slice/run-1.scope\n", mounted(tmp_path)) == [
        Place(str(above), 2, ("memory", "pids"))
    ]


def test_controllers_missing_in_version_2_are_taken_from_version_1(tmp_path: Path) -> None:
    """A hybrid system: version 2 has no controllers, but it can kill a whole group at once."""
    unified = second_version(tmp_path / "unified", "")
    for name in ("memory", "pids"):
        (tmp_path / name / "session").mkdir(parents=True)
    mounts = mounted(tmp_path / "memory", "cgroup", "rw,memory")
    mounts += mounted(tmp_path / "pids", "cgroup", "rw,pids") + mounted(unified)
    own = "8:pids:/session\n4:memory:/session\n0::/\n"
    assert found_places(own, mounts) == [
        Place(str(unified), 2, ()),
        Place(f"{tmp_path}/pids/session", 1, ("pids",)),
        Place(f"{tmp_path}/memory/session", 1, ("memory",)),
    ]


def test_own_group_is_the_root_of_the_mount_in_a_container(tmp_path: Path) -> None:
    (tmp_path / "pids/sub").mkdir(parents=True)
    mounts = mounted(tmp_path / "pids", "cgroup", "rw,pids", root="/docker/1f")
    assert found_places("8:pids:/docker/1f/sub\n", mounts) == [
        Place(f"{tmp_path}/pids/sub", 1, ("pids",))
    ]
    assert found_places("8:pids:/docker/2e\n", mounts) == []


def test_files_of_cgroup_version_2(tmp_path: Path) -> None:
    group = Group([Place(str(tmp_path), 2, ("memory", "pids"))], 100 * MIB, 20)
    (folder,) = tmp_path.glob("conformance-*")
    assert {file.name: file.read_text() for file in folder.iterdir()} == {
        "memory.max": str(100 * MIB),
        "memory.swap.max": "0",
        "pids.max": "20",
    }
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\n")
    (folder / "pids.events").write_text("max 5\n")
    assert (group.refused("memory"), group.refused("pids")) == (2, 5)
