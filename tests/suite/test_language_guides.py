"""The examples in step-language.md and judge-your-protocol.md do what these guides say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.core.verdict import WrongUsage
from conformance.language import fields
from conformance.language.kinds import ALIASES, KINDS
from conformance.loading import load
from conformance.plan import Options

from .. import forking
from .judging import ROOT
from .test_language import SHOUT, no_reaper, outcome, played, profile_of

__all__ = ["no_reaper"]

DOCS = ROOT / "conformance" / "docs"
LANGUAGE = (DOCS / "step-language.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "judge-your-protocol.md").read_text(encoding="utf-8")


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{re.escape(kind)}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def first_cells(heading: str) -> set[str]:
    """Return the code words in the first column of the tables under a heading."""
    section = LANGUAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| ")]
    return {word for cell in cells for word in re.findall(r"`\[*([a-z-]+)", cell)}


@pytest.mark.parametrize("steps", blocks(LANGUAGE, "steps"))
def test_steps_of_the_page_are_played(steps: str, tmp_path: Path) -> None:
    assert played(tmp_path, steps).message == ""


def test_files_of_the_page(tmp_path: Path) -> None:
    (text,) = blocks(LANGUAGE, "toml file")
    assert outcome(profile_of(tmp_path, text), "again").message == ""
    (text,) = blocks(LANGUAGE, "toml datagrams")
    profile = profile_of(tmp_path, text)
    assert outcome(profile, "several", f"{SHOUT} udp", transport="udp").message == ""


def test_errors_of_the_page(tmp_path: Path) -> None:
    (block,) = blocks(LANGUAGE, "wrong")
    step, _, said = block.partition("\n=> ")
    with pytest.raises(WrongUsage) as raised:
        played(tmp_path, f"{step}\n")
    assert said.strip() in str(raised.value)


def test_failure_of_the_page(tmp_path: Path) -> None:
    (block,) = blocks(LANGUAGE, "failure")
    steps = "".join(f"{line}\n" for line in block.splitlines() if not line.startswith("=> "))
    came = re.sub(r"shout\.toml:\d+", "shout.toml:N", played(tmp_path, steps).message)
    for line in block.splitlines():
        assert not line.startswith("=> ") or line[3:] in came


def test_page_names_every_step_and_every_key() -> None:
    words = first_cells("Steps")
    assert words == set(KINDS)
    assert all(f"`{alias}`" in LANGUAGE for alias in ALIASES)
    keys = first_cells("The keys of the file")
    known = {*fields.TOP, *fields.SESSION, *fields.REQUIREMENT}
    assert keys | {"session", "requirement"} == known


def guide(folder: Path) -> None:
    """The files of the guide, saved as a reader would save them."""
    for name in ("shout.py", "shout.toml", "target.toml"):
        (block,) = (one for kind in ("python", "toml") for one in blocks(GUIDE, f"{kind} {name}"))
        (folder / name).write_text(block, encoding="utf-8")


def append(folder: Path) -> None:
    path = folder / "shout.toml"
    (more,) = blocks(GUIDE, "toml append shout.toml")
    path.write_text(path.read_text(encoding="utf-8") + "\n" + more, encoding="utf-8")
    server = (folder / "shout.py").read_text(encoding="utf-8")
    (old, new) = ("for line in lines:", "while line := client.recv(4096):")
    assert f"`{new}` in place of `{old}`" in re.sub(r"\s+", " ", GUIDE)
    (folder / "hasty.py").write_text(server.replace(old, new), encoding="utf-8")


def typed(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the guide with the suite under test."""
    words = shlex.split(command)
    assert words[0] == "pync-conformance"
    words = [word.replace("python3", shlex.quote(sys.executable)) for word in words[1:]]
    return forking.run(
        [sys.executable, "-m", "conformance", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def stable(text: str) -> list[str]:
    """Return the lines without times, and with the interpreter's name as in the guide."""
    text = text.replace(shlex.quote(sys.executable), "python3")
    return [re.sub(r"\d+\.\d s", "N s", line) for line in text.splitlines()]


@pytest.mark.parametrize("number", [0, 1])
def test_output_is_as_shown_in_the_guide(number: int, tmp_path: Path) -> None:
    guide(tmp_path)
    shown = blocks(GUIDE, "console")[number]
    if number:
        append(tmp_path)
    command, _, lines = shown.removeprefix("$ ").partition("\n")
    done = typed(command, tmp_path)
    printed = stable(done.stdout + done.stderr)
    assert [line for line in stable(lines) if line not in printed] == [], done.stdout
    (status,) = re.findall(r"\(exit (\d)\)", lines)
    assert done.returncode == int(status)


def test_other_commands_of_the_guide(tmp_path: Path) -> None:
    guide(tmp_path)
    append(tmp_path)
    _, with_set, with_target, _ = blocks(GUIDE, "sh")
    (tmp_path / "target.toml").write_text(
        (tmp_path / "target.toml")
        .read_text(encoding="utf-8")
        .replace("python3", sys.executable.replace("\\", "/")),
        encoding="utf-8",
    )
    done = typed(f"{with_target.strip()} --case shout/apart", tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    path = tmp_path / "shout.toml"
    (fragment,) = [one for one in blocks(GUIDE, "toml") if "[parameters]" in one]
    parameters, _, opens = fragment.partition("[session]\n")
    text = path.read_text(encoding="utf-8")
    text = text.replace("[session]", f"{parameters}[session]")
    text = re.sub(r"^open = .*\n", lambda _: opens, text, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    done = typed(f"{with_set.strip()} --case shout/upper", tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout


def test_file_of_the_guide_is_complete(tmp_path: Path) -> None:
    guide(tmp_path)
    _, catalogue = load(Options(profile=str(tmp_path / "shout.toml")))
    words = {one.word for one in catalogue.profiles["shout"].requirements}
    assert {"upper", "quit", "concurrent", "sigterm-idle"} < words
