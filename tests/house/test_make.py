"""Arguments of make reach the programs unchanged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the Makefile is for POSIX")

#: Replaces the Python of the virtual environment: records its arguments.
RECORDER = """#!{python} -IS
import json, os, sys
with open({log!r}, "a") as log:
    print(json.dumps([sys.argv[1:], dict(os.environ)]), file=log)
sys.exit(int(os.environ.get("STATUS", "0")))
"""


class Call(NamedTuple):
    """One call of Python from make."""

    words: list[str]
    environment: dict[str, str]


class Checkout:
    """A folder with the Makefile, and a finished environment that records its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "calls"
        self._log.touch()
        for name in ("Makefile", "pyproject.toml", ".ci/constraints.txt"):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)

    def get_ready(self) -> None:
        """Install the recorder as Python, newer than the files that it depends on."""
        python = self.folder / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(RECORDER.format(python=sys.executable, log=str(self._log)))
        python.chmod(0o755)
        ready = self.folder / ".venv" / "ready"
        ready.touch()
        for source in ("pyproject.toml", ".ci/constraints.txt"):
            self.age(source, 7200)
        self.age(".venv/ready", 3600)

    def age(self, name: str, seconds: float) -> None:
        """Set the age of a file."""
        then = (self.folder / ".venv" / "bin" / "python").stat().st_mtime - seconds
        os.utime(self.folder / name, (then, then))

    def make(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run make here."""
        inherited = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        return subprocess.run(
            ["make", *words],
            cwd=self.folder,
            env=inherited | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def calls(self) -> list[Call]:
        """The recorded calls of Python."""
        return [Call(*json.loads(line)) for line in self._log.read_text().splitlines()]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout whose virtual environment is ready."""
    ready = Checkout(tmp_path)
    ready.get_ready()
    return ready


@pytest.mark.parametrize(
    "value",
    [
        r"greeting=Hello client!\n",
        "greeting=a;farewell=b",
        'it\'s "quoted" and `backed`',
        "./server --port {port}",
        "costs $5, $HOME, $$, $(shell exit), ${x}",
        "a # b \\ c % d * ? [e]",
        "tab\there, line\nthere",
        "greeting= edges ",
        "ä✓",
        "-x",
    ],
)
def test_arguments_are_passed_unchanged(checkout: Checkout, value: str) -> None:
    done = checkout.make("conformance", f"SET={value}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [call.words for call in checkout.calls()] == [
        ["-m", "conformance", "run", f"--set={value}"]
    ]


def test_every_variable_of_the_command_line_is_passed_on(checkout: Checkout) -> None:
    names = ["profile", "at", "set", "case", "report", "jobs", "level", "expect", "deadline"]
    names += ["seed", "client", "transport"]
    words = [f"{name.upper()}=the {name}" for name in names]
    checkout.make("conformance", "TARGET=node server.js", *words)
    [call] = checkout.calls()
    assert call.words[:4] == ["-m", "conformance", "run", "node server.js"]
    assert sorted(call.words[4:]) == sorted(f"--{name}=the {name}" for name in names)


def test_make_alone_judges_the_reference(checkout: Checkout) -> None:
    checkout.make()
    assert [call.words for call in checkout.calls()] == [["-m", "conformance", "run"]]


def test_variables_may_come_from_the_environment(checkout: Checkout) -> None:
    checkout.make("conformance", TARGET="tcp://[::1]:9", SET=r"greeting=$\n")
    [call] = checkout.calls()
    assert call.words[3:] == ["tcp://[::1]:9", r"--set=greeting=$\n"]


def test_recursive_make_keeps_its_own_variables(checkout: Checkout) -> None:
    checkout.make("-j2", "conformance", "TARGET=make serve", "PROFILE=echo", "JOBS=2")
    [call] = checkout.calls()
    ours = {"MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "TARGET", "PROFILE", "JOBS"}
    assert ours & set(call.environment) == set()


def test_make_reports_the_suite_s_status(checkout: Checkout) -> None:
    done = checkout.make("conformance", STATUS="6")
    assert done.returncode == 2
    assert done.stderr.rstrip().endswith("conformance] Error 6")


def test_transfers_takes_a_number_and_a_seed(checkout: Checkout) -> None:
    checkout.make("transfers", "RUNS=300", "SEED=7")
    (call,) = checkout.calls()
    assert call.words == [".ci/transfers.py", "--runs=300", "--seed=7"]


def test_soak_takes_the_same_arguments(checkout: Checkout) -> None:
    checkout.make("soak", "RUNS=3", "TARGET=ref:node", "PROFILE=echo")
    [call] = checkout.calls()
    assert call.words == [".ci/soak.py", "3", "ref:node", "--profile=echo"]


def test_finished_environment_is_not_set_up_again(checkout: Checkout) -> None:
    checkout.make("conformance")
    checkout.make("conformance")
    assert all("pip" not in call.words for call in checkout.calls())


def test_changed_environment_is_set_up_again(checkout: Checkout) -> None:
    checkout.age(".ci/constraints.txt", 1800)
    done = checkout.make("conformance", f"PYTHON={checkout.folder / '.venv/bin/python'}")
    assert "setting up .venv" in done.stderr
    installed = [call.words for call in checkout.calls() if "install" in call.words]
    assert len(installed) == 2
    assert all(".ci/constraints.txt" in words for words in installed)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "there is no"),
        ("exit 1", "is older than 3.10"),
        ('case "$2" in *ensurepip*) exit 1; esac', "apt install python3-venv"),
    ],
    ids=["missing", "too old", "without venv"],
)
def test_unsuitable_python_is_reported_in_one_line(
    tmp_path: Path, script: str | None, said: str
) -> None:
    checkout = Checkout(tmp_path)
    python = tmp_path / "python"
    if script is not None:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    done = checkout.make("conformance", f"PYTHON={python}")
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert said in lines[0]
    assert str(python) in lines[0]
    assert lines[1].startswith("make: ***")
    assert len(lines) == 2
    assert not (tmp_path / ".venv").exists()


def test_each_call_of_mypy_has_its_own_cache(checkout: Checkout) -> None:
    """A call with other options would check again all that the cache holds, in each make check."""
    checkout.make("check")
    calls = [call.words for call in checkout.calls() if call.words[:2] == ["-m", "mypy"]]
    caches = [next((w for w in words if w.startswith("--cache-dir=")), "") for words in calls]
    assert len(caches) > 1
    assert len(set(caches)) == len(caches)
