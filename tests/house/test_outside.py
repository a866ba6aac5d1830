"""A separate package with its own profile: the public interface pync_conformance.api.

The package is built from the code blocks of the guide, and installed as a wheel together with
this project's wheel, in an environment without the source tree. Every command of the two
guides is run there without changes.
"""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
from pathlib import Path

import pytest

from ..tree import ROOT
from .test_wheel import Environment, pip, scripts, write  # noqa: F401 - scripts is a fixture

DOCS = ROOT / "conformance" / "docs"
IN_PYTHON = (DOCS / "judge-your-protocol-in-python.md").read_text(encoding="utf-8")
FOR_TEACHERS = (DOCS / "for-teachers.md").read_text(encoding="utf-8")


def files(guide: str) -> dict[str, str]:
    """The files of the guide, by name."""
    blocks = re.findall(r"^```\w+ (\S+)\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    assert len(blocks) == len(dict(blocks))
    return dict(blocks)


def commands(guide: str) -> list[str]:
    """The lines of its ``sh`` blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def guided(tmp_path: Path, scripts: Path) -> Environment:  # noqa: F811
    """The environment with the project's wheel, and a folder with the guide's files."""
    folder = tmp_path / "frames"
    write(folder, files(IN_PYTHON))
    return Environment(scripts, folder, Path(sysconfig.get_path("purelib")))


def installed(guided: Environment) -> Environment:
    """Do what ``pip install .`` does, without network access, and only for this test."""
    at = guided.folder.parent
    pip("wheel", "--no-build-isolation", f"--wheel-dir={at / 'built'}", str(guided.folder))
    [wheel] = (at / "built").glob("*.whl")
    pip("install", f"--target={at / 'installed'}", str(wheel))
    for made in ("build", "frames_checks.egg-info"):
        shutil.rmtree(guided.folder / made, ignore_errors=True)
    (guided.folder / "frames.py").unlink()  # the package contains it
    return guided._replace(needs=Path(f"{at / 'installed'}{os.pathsep}{guided.needs}"))


def run(environment: Environment, line: str, status: int = 0) -> str:
    """Run a line of the guide in a shell."""
    done = environment.run("sh", "-c", line)
    assert done.returncode == status, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.long
def test_commands_of_the_python_guide(guided: Environment) -> None:
    said = {}
    for line in commands(IN_PYTHON):
        if line == "python3 -m pip install .":
            guided = installed(guided)
        elif "pip install" not in line:
            said[line] = run(guided, line)
    assert len(said) >= 7
    assert "2 of 2 faults noticed" in "".join(said.values())
    shown = "\n".join(said.values())
    assert shown.startswith("frames: each frame is answered by its checksum (PROTOCOL.md)")
    assert "clause      PROTOCOL.md 2.2" in shown
    assert len(re.findall(r"^26 PASS in", shown, re.MULTILINE)) == 1


def test_fault_of_the_python_guide(guided: Environment) -> None:
    server = guided.folder / "server.py"
    server.write_text(server.read_text().replace("zlib.crc32", "zlib.adler32"))
    said = run(guided, "pync-conformance run 'python3 server.py {port}' --profile ./frames.py", 1)
    [promised] = re.findall(r"^```text\n(FAIL.*?)^```$", IN_PYTHON, re.DOTALL | re.MULTILINE)
    assert promised in said
    assert "FAIL" not in said.partition(promised)[2].replace("1 FAIL,", "")


@pytest.mark.long
def test_commands_of_the_page_for_teachers(guided: Environment) -> None:
    here = guided.folder
    write(here, files(FOR_TEACHERS))
    right = (here / "server.py").read_text()
    write(here, {"ada/server.py": right, "grace/server.py": right.replace("crc32", "adler32")})
    own, marking, marks = commands(FOR_TEACHERS)
    assert "PASS" in run(guided, own.replace("./my-server", "python3 server.py"))
    said = run(guided, f"{marking} --case 'frames/s*' --case frames/next-client", status=1)
    assert "grace" in said
    assert (here / "marks" / "matrix.html").exists()
    ada, grace = run(guided, marks).splitlines()
    assert ada == "ada 6/6", ada
    assert grace.startswith("grace 1/"), grace
    assert grace.endswith(" frames/sum")


def test_example_profiles_run_from_the_wheel(guided: Environment) -> None:
    examples = ROOT / "examples" / "profiles"
    for name, requirements in (("http11", 53), ("irc", 51)):
        listed = run(guided, f"pync-conformance list --profile {examples}/{name}/{name}.py")
        own = re.findall(rf"^  {name}/\S+ +(?:MUST|SHOULD) +[^7]", listed, re.MULTILINE)
        assert len(own) >= requirements, listed
    target = f"@{examples}/http11/servers.toml#python"
    words = "--case http11/get --case http11/close --case http11/length --transport tcp"
    assert "3 PASS" in run(guided, f"pync-conformance run {target} {words}")
