"""If a file cannot be written: one line, status 3, and existing files are kept."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.core.verdict import NotWritten, WrongUsage
from conformance.reports.writing import make_folder, not_written, staged, write_whole

from .judging import ROOT, conformance
from .test_plugin import pytest_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell is needed")

needs_dev_full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="this system has no /dev/full"
)

CASE = ("--case=echo/simple", "--transport=tcp")
RED = ("run", "mutant:echo/answers-twice", *CASE)


def by_shell(how: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the suite by a shell; {} in ``how`` is replaced by the command."""
    command = shlex.join([sys.executable, "-m", "conformance", *arguments])
    return subprocess.run(
        ["sh", "-c", how.format(command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


#: Otherwise Python would write incomplete bytecode files, and every later start would fail.
NO_BYTECODE = "export PYTHONDONTWRITEBYTECODE=1; "

#: No file may grow: this acts like a full disk for one process and its children.
FULL_DISK = NO_BYTECODE + "ulimit -f 0; exec {}"

#: A few KiB are left: enough for temporary files, but not for a report.
ALMOST_FULL_DISK = NO_BYTECODE + "ulimit -f 6; exec {}"


@needs_dev_full
@pytest.mark.parametrize("words", [("list",), ("explain", "echo/simple"), ("--version",), RED])
def test_full_output_is_not_a_verdict(words: tuple[str, ...], tmp_path: Path) -> None:
    more = (f"--report={tmp_path}",) if words is RED else ()
    done = by_shell("{} >/dev/full", *words, *more)
    assert (done.returncode, done.stderr) == (
        3,
        "conformance: standard output: no space left on device\n",
    )
    # The run continued, and wrote its report.
    assert (tmp_path / "results.jsonl").exists() == (words is RED)


@pytest.mark.parametrize("words", [("list",), RED])
def test_closed_output_is_not_a_verdict(words: tuple[str, ...]) -> None:
    done = by_shell("{} >&-", *words)
    assert (done.returncode, done.stderr) == (3, "conformance: standard output is closed\n")


def test_run_needs_no_stdin_and_no_stderr(tmp_path: Path) -> None:
    done = by_shell("{} <&- 2>&-", *RED, f"--report={tmp_path}")
    assert done.returncode == 1
    assert done.stdout.endswith("not conformant (exit 1)\n")


@needs_dev_full
def test_unwritable_error_message_keeps_the_status() -> None:
    assert by_shell("{} 2>/dev/full", "run", "--profile=none").returncode == 4
    done = by_shell("{} 2>&-", "run", "--profile=none")
    assert (done.returncode, done.stdout) == (4, "")


def test_closed_reader_keeps_the_verdict(tmp_path: Path) -> None:
    done = by_shell("{{ {}; echo $? >&2; }} | true", *RED, f"--report={tmp_path}")
    assert done.stderr == "1\n"


def test_full_disk_is_not_a_verdict_and_keeps_earlier_reports(tmp_path: Path) -> None:
    assert conformance("run", *CASE, f"--report={tmp_path}").returncode == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = by_shell(ALMOST_FULL_DISK, *RED, f"--report={tmp_path}")
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"ERROR report {tmp_path}: file too large" in done.stdout
    assert done.stdout.endswith("internal error (exit 3)\n")
    assert "Traceback" not in done.stdout + done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_full_disk_in_pytest_of_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "judged").mkdir()
    # A folder that cannot be replaced by a file.
    (tmp_path / "judged" / "results.jsonl").mkdir()
    (tmp_path / "judged" / "results.jsonl" / "x").write_text("")
    words = ("--conformance-target=ref:python", "--conformance-case=echo/simple")
    status, shown = pytest_run(tmp_path, *words, "--conformance-report=judged")
    assert status == 3, shown
    assert "conformance: report judged: is a directory" in shown


def test_full_disk_destroys_no_expectations(tmp_path: Path) -> None:
    report, known = tmp_path / "report", tmp_path / "known.toml"
    assert conformance(*RED, f"--report={report}").returncode == 1
    text = '# by hand\n[[expected]]\nid = "echo/half-close"\nreason = "issue 12"\n'
    known.write_text(text)
    words = ("baseline", f"--report={report}", f"--expect={known}")
    done = by_shell(FULL_DISK, *words)
    assert (done.returncode, done.stderr) == (3, f"conformance: --expect {known}: file too large\n")
    assert known.read_text() == text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["known.toml", "report"]
    assert conformance(*words).returncode == 0
    assert known.read_text() != text


@pytest.mark.parametrize(
    "text", ['expected = [{id = "echo/simple", reason = "x"}]\n', "expected = []\n[[expected"]
)
def test_invalid_expectations_are_not_overwritten(text: str, tmp_path: Path) -> None:
    report, known = tmp_path / "report", tmp_path / "known.toml"
    assert conformance(*RED, f"--report={report}").returncode == 1
    known.write_text(text)
    done = conformance("baseline", f"--report={report}", f"--expect={known}")
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert known.read_text() == text


@needs_dev_full
def test_unwritable_page(tmp_path: Path) -> None:
    report = tmp_path / "report"
    assert conformance(*RED, f"--report={report}").returncode == 1
    done = conformance("matrix", str(report), "--output=/dev/full")
    assert (done.returncode, "--output /dev/full: no space left" in done.stderr) == (3, True)
    done = conformance("matrix", str(report), f"--output={tmp_path}/none/page.html")
    assert (done.returncode, "no such file or directory" in done.stderr) == (4, True)
    done = conformance("matrix", str(report), "--output=/dev/stdout")
    assert (done.returncode, done.stdout.startswith("<!doctype html>")) == (0, True)


def test_no_space_for_temporary_files_is_not_a_verdict(tmp_path: Path) -> None:
    done = by_shell(FULL_DISK, *RED, f"--report={tmp_path}/report")
    assert done.returncode == 3
    assert done.stderr.startswith("conformance: no usable temporary directory")
    assert len(done.stderr.splitlines()) == 1


def test_symlink_and_mode_are_kept(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("before")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "after"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640


def test_files_are_written_atomically(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("before")
    with pytest.raises(OSError), staged(tmp_path) as stage:  # noqa: PT012
        (stage / "one").write_text("after")
        raise OSError("no space")
    assert (tmp_path / "one").read_text() == "before"
    with staged(tmp_path) as stage:
        (stage / "one").write_text("after")
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert (tmp_path / "one").read_text() == "after"


def test_missing_folder_is_a_usage_error_but_a_full_disk_is_not() -> None:
    assert isinstance(not_written("x", FileNotFoundError(2, "none")), WrongUsage)
    assert isinstance(not_written("x", OSError(28, "No space left on device")), NotWritten)


def test_default_folder_is_ignored_by_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_folder(Path("build/conformance"))
    assert Path("build/conformance/.gitignore").read_text() == "*\n"
    make_folder(Path("kept"))
    assert os.listdir("kept") == []
