"""The servers in the guides pass unchanged, and the names in the guides exist in the suite."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from conformance.profiles import REQUIREMENTS

from .judging import PYTHON, ROOT, judge, works

DOCS = ROOT / "conformance" / "docs"
SERVERS = (DOCS / "write-a-server.md").read_text(encoding="utf-8")

#: The program that builds or runs a guide's server, and its Debian package.
PACKAGES = {
    "gcc": "gcc",
    "node": "nodejs",
    "go": "golang-go",
    "rustc": "rustc",
    "javac": "default-jdk-headless",
}


class Guide(NamedTuple):
    """A server of a guide: its file, what it needs, how it is built and started."""

    file: str
    needs: str
    build: str
    target: str


GUIDES = [
    Guide("server.py", "python", "", "{python} {folder}/server.py {{port}}"),
    Guide("server.js", "node", "", "node {folder}/server.js {{port}}"),
    Guide(
        "server.c",
        "gcc",
        "gcc -O2 -Wall -Wextra -Werror -pthread -o server server.c",
        "{folder}/server {{port}}",
    ),
    Guide("server.go", "go", "go build -o server server.go", "{folder}/server {{port}}"),
    Guide("server.rs", "rustc", "rustc -O -D warnings server.rs", "{folder}/server {{port}}"),
    Guide("Server.java", "javac", "javac Server.java", "@{folder}/target.toml#mine"),
]


def block(file: str) -> str:
    """Return the code that the guide says to save under this name."""
    found = re.findall(rf"^```\w+ {re.escape(file)}\n(.*?)^```$", SERVERS, re.DOTALL | re.MULTILINE)
    assert len(found) == 1, file
    return str(found[0])


def test_every_block_of_the_guide_is_judged() -> None:
    named = set(re.findall(r"^```\w+ (\S+)$", SERVERS, re.MULTILINE))
    assert named == {one.file for one in GUIDES} | {"target.toml"}


def test_guide_names_existing_requirements() -> None:
    table = SERVERS.partition("| mind |")[2].partition("\n\n")[0]
    named = {name.rstrip("…") for name in re.findall(r"`([a-z0-9-]+…?)`", table)}
    assert len(named) >= 12
    known = [
        identity.partition("/")[2] for identity in REQUIREMENTS if identity.startswith("echo/")
    ]
    assert [name for name in named if not any(one.startswith(name) for one in known)] == []


@pytest.mark.long
@pytest.mark.parametrize("guide", GUIDES, ids=[one.file for one in GUIDES])
def test_server_of_the_guide_passes(guide: Guide, tmp_path: Path) -> None:
    if guide.needs != "python" and not works(guide.needs):
        pytest.skip(f"{guide.needs} is missing (Debian: {PACKAGES[guide.needs]})")
    (tmp_path / guide.file).write_text(block(guide.file), encoding="utf-8")
    target = block("target.toml").replace("java Server", f"java -cp {tmp_path} Server")
    (tmp_path / "target.toml").write_text(target, encoding="utf-8")
    if guide.build:
        words = guide.build.split()
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    judged = judge(
        tmp_path / "report", guide.target.format(folder=tmp_path, python=PYTHON), "--profile=echo"
    )
    assert judged.status == 0, judged.stdout
    assert judged.footer["counts"].keys() == {"PASS"}
    assert len(judged.results) >= 25
