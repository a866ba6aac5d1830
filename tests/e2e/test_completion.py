"""Completion in the real shells: what Tab offers, and that nothing else is printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from ..programs import PYNC, needs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows")

#: Typed text -> a word that must be offered.
TYPED = {
    "pync --proxy-t": "--proxy-type",
    "pync -T inetc": "inetcontrol",
    "pync -p 80 --exit-codes d": "detailed",
    "pync --output=here": "here.txt",
    "pync -lU her": "here.txt",
    "pync install-l": "install-links",
    "pync --as=te": "--as=telnet",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file name to complete, and the completion scripts that pync prints."""
    (tmp_path / "here.txt").write_text("")
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run([*PYNC, f"--completion={shell}"], capture_output=True, check=True)
        (tmp_path / ("_pync" if shell == "zsh" else f"pync.{shell}")).write_bytes(done.stdout)
    return tmp_path


def test_bash(folder: Path) -> None:
    bash = needs("bash")
    # readline treats = as a separate word.
    lines = ["compopt() { :; }; source ./pync.bash"]
    for typed in TYPED:
        lines.append(f"COMP_WORDS=({typed.replace('=', ' = ')})")
        lines += ["COMP_CWORD=$((${#COMP_WORDS[@]} - 1))", "_pync"]
        lines.append('echo "${COMPREPLY[*]}"')
    done = subprocess.run(
        [bash, "--norc", "-c", "\n".join(lines)], cwd=folder, capture_output=True, text=True
    )
    assert done.stderr == ""
    for answer, (typed, wanted) in zip(done.stdout.splitlines(), TYPED.items(), strict=True):
        assert wanted.rpartition("=")[2] in answer, typed


def test_fish(folder: Path) -> None:
    fish = needs("fish")
    for typed, wanted in TYPED.items():
        done = subprocess.run(
            [fish, "--no-config", "-c", f"source pync.fish; complete -C '{typed}'"],
            cwd=folder,
            env={**os.environ, "HOME": str(folder)},
            capture_output=True,
            text=True,
        )
        assert done.stderr == ""
        assert wanted in done.stdout, typed


def test_zsh(folder: Path) -> None:
    zsh = needs("zsh")
    shell = pexpect.spawn(
        zsh,
        ["-f"],
        cwd=str(folder),
        env={**os.environ, "TERM": "dumb", "HOME": str(folder)},
        encoding="utf-8",
        timeout=30,
        dimensions=(50, 200),
    )
    shell.delaybeforesend = None
    try:
        shell.sendline(
            "unset zle_bracketed_paste; setopt no_auto_menu; fpath=($PWD $fpath)"
            '; autoload -Uz compinit; compinit -u -D; pync() { print -r - "got ${(j:,:)@}" }'
            "; PROMPT='REA''DY>'"
        )
        for typed, wanted in TYPED.items():
            shell.expect("READY>")
            shell.send(f"{typed}\t\r")
            shell.expect(r"got ([^\r]*)\r")
            assert shell.match.group(1).split(",")[-1].removesuffix("=").endswith(wanted), typed
    finally:
        shell.close(force=True)
