"""An interrupted run stops its processes, leaves no files, and reports its results so far."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.authoring import client
from conformance.core import interruption
from conformance.core.interruption import end_as_interrupted, held
from conformance.targets import scratch

from .. import forking
from ..programs import until
from .judging import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="only on POSIX: SIGTERM")

#: Who gets the signal: timeout(1) and a terminal signal all processes, a supervisor only the first.
WHO: dict[str, Callable[[int, int], None]] = {}
if hasattr(os, "killpg"):
    WHO = {"the first": os.kill, "all": os.killpg}

#: A class of two, as `run --all` takes it.
CLASS = """
[targets.one]
command = "inetd:cat"
[targets.two]
command = "inetd:cat"
"""


@pytest.fixture
def hearing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Handle signals in this process as a run does."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGHUP] = signal.getsignal(signal.SIGHUP)
    monkeypatch.setattr(interruption, "_heard", False)
    end_as_interrupted()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("hearing")
def test_held_block_is_completed_before_the_interruption() -> None:
    done = []

    def together() -> None:
        with held():
            signal.raise_signal(signal.SIGTERM)
            done.append("all of it")
        done.append("and no more")

    with pytest.raises(KeyboardInterrupt):
        together()
    assert done == ["all of it"]


@pytest.mark.usefixtures("hearing")
def test_held_block_can_be_interrupted_at_a_safe_point() -> None:
    done = []

    def together() -> None:
        with held() as look, held():
            look()
            signal.raise_signal(signal.SIGTERM)
            done.append("looked for")
            look()
            done.append("not reached")

    with pytest.raises(KeyboardInterrupt):
        together()
    assert done == ["looked for"]


def started(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a run whose files are in a folder."""
    (folder / "tmp").mkdir()
    return forking.Popen(
        [sys.executable, "-m", "conformance", *words, f"--report={folder / 'report'}"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        start_new_session=True,
    )


def left(folder: Path) -> list[Path]:
    """Return what the suite has in the folder for temporary files."""
    return list((folder / "tmp").glob("conformance-*"))


def is_judging(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for the first servers of the scenarios."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert re.match(rb"conformance: (echo over|2 targets of) ", line), line
    # (not the first folder itself: it may be made just now)
    until(lambda: list((folder / "tmp").glob("conformance-*/*")), "a server to be started")


@pytest.mark.parametrize(
    ("name", "who"),
    [("SIGTERM", "the first"), ("SIGTERM", "all"), ("SIGHUP", "all"), ("SIGINT", "all")],
)
def test_interrupted_run(tmp_path: Path, name: str, who: str) -> None:
    with started(tmp_path, "run", "--profile=echo", "--jobs=2") as process:
        is_judging(process, tmp_path)
        WHO[who](process.pid, getattr(signal, name))
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 2, said
    assert said.endswith(b"interrupted (exit 2)\n")
    assert b"Warning" not in said
    assert b"Traceback" not in said
    assert (tmp_path / "report" / "matrix.html").exists()
    until(lambda: not left(tmp_path), "the folders to be removed")


def test_second_signal_is_ignored(tmp_path: Path) -> None:
    with started(tmp_path, "run", "--profile=echo", "--jobs=2") as process:
        is_judging(process, tmp_path)
        for name in ("SIGTERM", "SIGHUP", "SIGTERM"):
            os.killpg(process.pid, getattr(signal, name))
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 2, said
    until(lambda: not left(tmp_path), "the folders to be removed")


@pytest.mark.parametrize("who", WHO)
def test_interrupted_class(tmp_path: Path, who: str) -> None:
    file = tmp_path / "class.toml"
    file.write_text(CLASS)
    words = "run", f"@{file}", "--all", "--profile=echo", "--jobs=2"
    with started(tmp_path, *words) as process:
        is_judging(process, tmp_path)
        WHO[who](process.pid, signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 2, said
    until(lambda: not left(tmp_path), "the folders to be removed")
    assert b"Traceback" not in said, said


def test_interrupt_before_the_first_case(tmp_path: Path) -> None:
    """The run is waiting for a server that never listens."""
    target = "sh -c cat {port}"
    with started(tmp_path, "run", target, "--profile=echo") as process:
        until(lambda: list((tmp_path / "tmp").glob("conformance-*/*")), "the server to be started")
        os.kill(process.pid, signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, left(tmp_path), said) == (2, [], b"")


@contextmanager
def comes_at_the_end() -> Iterator[None]:
    """Like held(), with an interruption that was held back meanwhile."""
    yield
    raise KeyboardInterrupt


def test_interrupt_while_a_folder_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "held", comes_at_the_end)
    monkeypatch.setattr(scratch, "_made", [])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        scratch.new_folder()
    assert len(list(tmp_path.iterdir())) == 1
    scratch.remove()
    assert list(tmp_path.iterdir()) == []


def test_interrupt_stops_a_client_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Popen(subprocess.Popen[bytes]):
        def __init__(self, argv: list[str]) -> None:
            super().__init__(argv)
            started.append(self)

    monkeypatch.setattr(client, "held", comes_at_the_end)
    monkeypatch.setattr(subprocess, "Popen", Popen)
    with pytest.raises(KeyboardInterrupt):
        client.Client("sleep {port}", "localhost", 60, datagrams=False)
    assert started[0].returncode is not None
