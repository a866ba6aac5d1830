"""The wheel, installed in its own environment as a user does.

It uses the dependencies of the Python that runs the tests: nothing is downloaded.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from ..tree import ROOT, tracked

fcntl = pytest.importorskip("fcntl", reason="not on Windows")

#: Seconds that one command may take on a busy machine.
TIMEOUT = 600


class Environment(NamedTuple):
    """A virtual environment with the wheel, and a folder to work in."""

    scripts: Path
    folder: Path
    needs: Path

    def run(self, *words: str, on_path: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command from PATH, with an empty home folder."""
        path = f"{self.scripts}{os.pathsep}{os.environ['PATH']}" if on_path else os.environ["PATH"]
        program = shutil.which(words[0], path=path) or words[0]
        return subprocess.run(
            [program, *words[1:]],
            cwd=self.folder,
            env={
                "PATH": path,
                "PYTHONPATH": str(self.needs),
                "HOME": str(self.folder.parent),
                "LC_ALL": "C.UTF-8",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process of pytest-xdist at a time."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, created once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    at = shared / "environment"
    with alone(shared / "environment.lock"):
        if not at.exists():
            source = copied(shared / "source")
            built = shared / "wheel"
            pip("wheel", "--no-build-isolation", f"--wheel-dir={built}", str(source))
            venv.create(at, symlinks=True, with_pip=False)
            [wheel] = built.glob("*.whl")
            pip("install", str(wheel), python=at / "bin" / "python")
    return at / "bin"


def copied(folder: Path) -> Path:
    """A copy of the tracked files, because a build leaves files in its source."""
    for name in tracked():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def pip(command: str, *words: str, python: Path | None = None) -> None:
    other = [f"--python={python}"] if python else []
    call = [sys.executable, "-m", "pip", "--disable-pip-version-check", *other, command]
    call += ["--quiet", "--no-deps", "--no-index", *words]
    done = subprocess.run(call, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def environment(tmp_path: Path, scripts: Path) -> Environment:
    (tmp_path / "project").mkdir()
    return Environment(scripts, tmp_path / "project", Path(sysconfig.get_path("purelib")))


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


#: A project with its own package named conformance: tests, a plugin, a conftest.py.
PROJECT = {
    "conformance/__init__.py": "RULES = ['ours']\n",
    "conformance/plugin.py": "import pytest\n\n\n@pytest.fixture\ndef rules():\n"
    "    from conformance import RULES\n\n    return RULES\n",
    "conformance/conftest.py": "def pytest_addoption(parser):\n    parser.addoption('--target')\n",
    "conformance/test_conformance.py": "def test_inside(rules):\n    assert rules == ['ours']\n",
    "conftest.py": "pytest_plugins = ['conformance.plugin']\n",
    "tests/test_outside.py": "def test_outside(rules):\n    assert rules == ['ours']\n",
}


@pytest.mark.parametrize(
    "words",
    [
        ("python", "-c", "import pytest; raise SystemExit(pytest.main([]))"),  # as `pytest`
        ("python", "-m", "pytest", "-n2"),
        ("python", "-m", "pytest", "--target=x", "conformance"),
    ],
)
def test_project_with_a_package_named_conformance_is_not_affected(
    environment: Environment, words: tuple[str, ...]
) -> None:
    write(environment.folder, PROJECT)
    done = environment.run(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{1 if words[-1] == 'conformance' else 2} passed" in done.stdout
    # Even its name is not in the header.
    header = [line for line in done.stdout.splitlines() if line.startswith("plugins:")]
    assert "pync" not in "".join(header)


def test_plugin_can_be_enabled(environment: Environment) -> None:
    write(environment.folder, {"test_own.py": "def test_own():\n    pass\n"})
    target = "--conformance-target=mutant:echo/answers-twice"
    words = ("python", "-m", "pytest", "-p", "pync_conformance.plugin", target, "-n2")
    done = environment.run(*words, "--conformance-case=echo/simple", "--conformance-transport=tcp")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert re.search(r"reproduce pync-conformance run mutant:echo/answers-twice", done.stdout)
    # With the short options, next to a folder named conformance.
    (environment.folder / "conformance").mkdir()
    short = ("pync_conformance", "--target=inetd:cat", "--case=echo/simple", "--transport=tcp")
    done = environment.run(*words[:5], *short)
    assert done.returncode == 0, done.stdout + done.stderr


#: How the suite is started -> whether the environment is on PATH.
STARTS = {
    "pync-conformance": True,
    "pync conformance": True,
    "python -m pync_conformance": True,
    "{scripts}/pync conformance": False,
}


def test_every_printed_command_can_be_run(environment: Environment) -> None:
    write(environment.folder, PROJECT)
    for start, on_path in STARTS.items():
        command = start.format(scripts=environment.scripts)
        done = environment.run(*command.split(), "explain", "echo/simple", on_path=on_path)
        assert done.returncode == 0, done.stderr
        [line] = re.findall(r"try it +(.*)", done.stdout)
        assert line == f"{command} run ref:python --case echo/simple"
    wrong = ("mutant:echo/answers-twice", "--case=echo/simple", "--transport=tcp")
    done = environment.run("pync-conformance", "run", *wrong)
    assert done.returncode == 1, done.stdout + done.stderr
    [line] = re.findall(r"reproduce +(.*)", done.stdout)
    assert line == "pync-conformance run mutant:echo/answers-twice --case echo/simple"
    again = environment.run(*shlex.split(line), "--transport=tcp")
    assert re.findall(r"reproduce +(.*)", again.stdout) == [line]


def test_new_profile_can_be_run_at_once(environment: Environment) -> None:
    for options in ([], ["--python", "in-python"]):
        done = environment.run("pync-conformance", "new", "shout", *options)
        assert done.returncode == 0, done.stderr
        line = re.findall("next: (.*)", done.stdout)[0]
        done = environment.run(*shlex.split(line), "--case=shout/upper", "--jobs=1")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command", ["pync-conformance", "pync conformance", "python -m pync_conformance"]
)
def test_missing_package_is_one_error_line(
    environment: Environment, tmp_path: Path, command: str
) -> None:
    bare = environment._replace(needs=tmp_path)
    done = bare.run(*command.split(), "list")
    assert (done.returncode, done.stdout) == (3, "")
    assert re.fullmatch(
        r"conformance: \w+ is not installed: "
        r"python -m pip install docopt-ng pexpect pytest pytest-xdist(?: tomli)?\n",
        done.stderr,
    ), done.stderr
    assert bare.run(*command.split(), "--help").stdout.startswith("Test a socket server")


def test_version_shows_the_folder_of_pync(environment: Environment) -> None:
    assert str(environment.scripts.parent) in environment.run("pync", "--version").stdout


def test_manual_pages_and_completions_are_installed(environment: Environment) -> None:
    share = environment.scripts.parent / "share"
    installed = {path.relative_to(share).as_posix() for path in share.rglob("*") if path.is_file()}
    pages = (
        "pync",
        "pync-conformance",
        "pync-nc",
        "pync-nc.traditional",
        "pync-busybox",
        "pync-ncat",
        "pync-telnet",
    )
    assert installed == {
        *(f"man/man1/{name}.1" for name in pages),
        *(f"bash-completion/completions/{name}" for name in pages[:2]),
        *(f"zsh/site-functions/_{name}" for name in pages[:2]),
        *(f"fish/vendor_completions.d/{name}.fish" for name in pages[:2]),
    }


def test_links_start_the_dialects(environment: Environment) -> None:
    (environment.folder / "bin").mkdir()
    made = environment.run("pync", "install-links", "bin")
    assert made.returncode == 0, made.stderr
    done = environment.run(str(environment.folder / "bin" / "ncat"), "--version")
    assert "Ncat: Version" in done.stdout + done.stderr


def test_source_distribution_contains_the_repository(tmp_path: Path) -> None:
    code = "import sys; from setuptools import build_meta as b; print(b.build_sdist(sys.argv[1]))"
    call = [sys.executable, "-c", code, str(tmp_path)]
    source = copied(tmp_path / "source")
    done = subprocess.run(call, cwd=source, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    [archive] = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {one.name.partition("/")[2] for one in files.getmembers() if one.isfile()}
    made = {name for name in names if ".egg-info/" in name} | {"PKG-INFO", "setup.cfg"}
    assert names - made == {name for name in tracked() if (ROOT / name).is_file()}
