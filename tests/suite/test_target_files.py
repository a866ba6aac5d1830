"""Target files: their keys, what is refused, and that the suite follows them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.core.verdict import WrongUsage
from conformance.plan import Options
from conformance.profiles import REQUIREMENTS
from conformance.runner.preflight import resolved
from conformance.targets.files import TargetFile, read_target, read_targets

from .judging import ROOT, conformance, judge

CLASS = r"""
[targets.slides]
command = "node server.js {port}"
profiles = ["echo", "greet"]
set = {greeting = 'Hello;\n', farewell = "bye"}
environment = {MODE = "test"}
directory = "slides"
expect = "known.toml"
level = "should"
deadline = 3
scope = "worker"

[targets.running]
addresses = {echo = "tcp://127.0.0.1:7", greet = "unix:/run/greet"}
"""


def written(folder: Path, text: str, name: str = "class.toml") -> str:
    (folder / name).write_text(text)
    return f"@{folder / name}"


def test_every_key_is_read(tmp_path: Path) -> None:
    at = written(tmp_path, CLASS)
    assert read_target(f"{at}#slides") == TargetFile(
        "slides",
        target="node server.js {port}",
        profiles=("echo", "greet"),
        settings=r"greeting=Hello\;\n;farewell=bye",
        environment=(("MODE", "test"),),
        directory=str(tmp_path / "slides"),
        expect=str(tmp_path / "known.toml"),
        level="should",
        deadline=3.0,
        scope="worker",
    )
    assert read_target(f"{at}#running").profiles == ("echo", "greet")
    assert list(read_targets(str(tmp_path / "class.toml"))) == ["slides", "running"]


def test_one_target_needs_no_name(tmp_path: Path) -> None:
    at = written(tmp_path, 'address = "tcp://127.0.0.1:7"', "mine.toml")
    assert read_target(at).name == "mine"
    assert read_target(f"{at}#mine") == read_target(at)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "give one of command, address and addresses"),
        ('command = "x"\naddress = "unix:y"', "give one of command, address and addresses"),
        ('command = "x"\nprofile = ["echo"]', "unknown key 'profile'"),
        ('command = "x"\nprofiles = "echo"', "profiles must be a list of profiles"),
        ('command = "x"\nset = {a = 1}', "set must be a table of texts"),
        ('command = "x"\ndeadline = true', "deadline must be seconds"),
        ('command = "x"\nscope = "ever"', "scope must be scenario or worker"),
        ('command = "tcp://h:1"', "'tcp://h:1' is an address"),
        ('address = "./server"', "'./server' is not a valid address"),
        ('command = "@other.toml"', "a target file cannot name another one"),
        ('[targets.a]\ncommand = "x"\n[targets.b]\ncommand = "y"', "name one of its targets: @"),
        ('command = "x"\n[targets.a]\ncommand = "y"', "'command' does not belong beside"),
        ("targets = 1", "'targets' does not belong"),
        ("[targets]\na = 1", r"write \[targets.a\]"),
        ("command = ", "Invalid value"),
    ],
)
def test_error_names_the_invalid_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(WrongUsage, match=said):
        read_target(written(tmp_path, text))


def test_missing_file_or_name(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="no such file"):
        read_target(f"@{tmp_path}/none.toml")
    with pytest.raises(WrongUsage, match=r"no such target \(there are slides, running\)"):
        read_target(f"{written(tmp_path, CLASS)}#other")


def test_options_override_the_target_file(tmp_path: Path) -> None:
    at = f"{written(tmp_path, CLASS)}#slides"
    options = resolved(Options(target=at, profile="greet", settings="farewell=later"))
    assert (options.typed, options.target) == (at, "node server.js {port}")
    assert (options.profile, options.level, options.deadline) == ("greet", "should", 3.0)
    assert options.settings == r"greeting=Hello\;\n;farewell=later"
    assert resolved(Options(target=at, deadline=5.0)).deadline == 5.0
    assert resolved(Options(target="unix:x")) == Options(target="unix:x")


def test_folder_and_variables_of_a_server(tmp_path: Path) -> None:
    """The command's path is relative to its folder, and it sees the environment of the file."""
    folder = tmp_path / "server"
    folder.mkdir()
    start = folder / "start"
    start.write_text(
        f'#!/bin/sh\n[ "$MODE" = test ] && exec "{sys.executable}" -I -S '
        f'{ROOT / "conformance/reference/python/server.py"} echo tcp://127.0.0.1:$PORT "$@"\n'
    )
    start.chmod(0o755)
    at = written(
        tmp_path,
        'command = "./start greeting=hi"\ndirectory = "server"\n'
        'environment = {MODE = "test"}\nset = {greeting = "hi"}\nprofiles = ["echo"]\n',
    )
    judged = judge(tmp_path / "report", at, "--case=echo/greeting", "--case=echo/sigterm-idle")
    assert judged.status == 0, judged.stdout + judged.stderr
    assert judged.header["target"] == at


def test_profile_at_each_address(tmp_path: Path) -> None:
    server = ROOT / "conformance/reference/python/server.py"
    running, addresses = [], {}
    try:
        for profile in ("echo", "quit"):
            command = [sys.executable, str(server), profile, "tcp://127.0.0.1:0"]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            running.append(process)
            assert process.stdout is not None
            addresses[profile] = process.stdout.readline().split()[1].decode()
        lines = [f'{profile} = "{address}"' for profile, address in addresses.items()]
        at = written(tmp_path, "[addresses]\n" + "\n".join(lines))
        judged = judge(tmp_path / "report", at)
        assert judged.status == 0, judged.stdout + judged.stderr
        assert {row["profile"] for row in judged.results} == {"echo", "quit"}
        refused = conformance("run", at, "--profile=greet", f"--report={tmp_path}")
        assert "has no address for greet" in refused.stderr
    finally:
        for process in running:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


COUNTS_ITS_STARTS = """
import os, sys
with open({starts!r}, "a") as file:
    file.write(".")
words = [{server!r}, "echo", "tcp://127.0.0.1:" + os.environ["PORT"]]
os.execv(sys.executable, [sys.executable, *words])
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_slow_server_is_started_once_per_worker(jobs: int, tmp_path: Path) -> None:
    starts, script = tmp_path / "starts", tmp_path / "slow.py"
    server = str(ROOT / "conformance/reference/python/server.py")
    script.write_text(COUNTS_ITS_STARTS.format(starts=str(starts), server=server))
    at = written(tmp_path, f'command = "{sys.executable} {script}"\nscope = "worker"\n')
    judged = judge(tmp_path / "report", at, f"--jobs={jobs}")
    assert judged.status == 0, judged.stdout + judged.stderr
    spawned = sum(REQUIREMENTS[row["id"]].spawned for row in judged.results)
    # Once before the run, once for each worker, and again where the start or the end is judged.
    assert len(starts.read_text()) <= 1 + jobs + spawned < len(judged.results)
