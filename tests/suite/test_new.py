"""new: the files that it writes work without changes, and so do the commands that it prints."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.cli import main

from .judging import ROOT, conformance


def lines_of(text: str, mark: str) -> list[str]:
    return [line.removeprefix(mark) for line in text.splitlines() if line.startswith(mark)]


def runs(line: str, folder: Path, report: Path, status: int) -> str:
    """Return the output of a command that is run in a folder."""
    words = shlex.split(line)
    if words[0] in ("python", "python3"):
        words[0] = sys.executable
    if "run" in words:
        words += ["--jobs=1", f"--report={report}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=240)
    assert done.returncode == status, (line, done.stdout, done.stderr)
    return done.stdout


@pytest.mark.parametrize("form", ["toml", "py"])
def test_printed_commands_and_written_files_work(form: str, tmp_path: Path) -> None:
    folder = tmp_path / "it"
    options = ["--python"] if form == "py" else []
    done = conformance("new", "my-shout", *options, str(folder))
    assert done.returncode == 0, done.stderr
    written = [Path(line) for line in done.stdout.splitlines() if not line.startswith("next: ")]
    assert [one.name for one in written] == [f"my-shout.{form}", "my-shout-server.py", "README.md"]
    assert sorted(folder.iterdir()) == sorted(written)
    in_readme = lines_of((folder / "README.md").read_text(), "    ")
    said = lines_of(done.stdout, "next: ")
    assert len(in_readme) == len(said) == 3
    # The printed commands are run here, those of the README in its folder; half of each.
    lines, where = (said, ROOT) if form == "toml" else (in_readme, folder)
    right, broken, requirements = lines
    assert "PASS in" in runs(right, where, tmp_path, 0)
    assert "FAIL my-shout/upper" in runs(broken, where, tmp_path, 1)
    assert "my-shout/upper" in runs(requirements, where, tmp_path, 0)


@pytest.mark.parametrize("name", ["Shout", "a_b", "1", "-x", "a/b", "echo", "client-echo"])
def test_invalid_name_is_rejected(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", name]) == 4
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["x.toml", "x-server.py", "README.md"])
def test_existing_files_are_not_overwritten(
    there: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / there).write_text("mine")
    assert main(["new", "x", str(tmp_path)]) == 4
    assert f"{there} exists already" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_read_only_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["new", "x", str(tmp_path / "file" / "x")]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_no_placeholder_of_the_template_is_left(tmp_path: Path) -> None:
    for form, options in (("toml", []), ("py", ["--python"])):
        folder = tmp_path / form
        assert main(["new", "x", *options, str(folder)]) == 0
        for path in folder.iterdir():
            text = path.read_text()
            words = ("NAME", "FORM", "PYTHON ", "SUITE", "PACKAGE", "LINES")
            assert [word for word in words if word in text] == [], path
