"""``make zipapp``: pync as one file, run by a Python without any other packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..peer import DEADLINE, listening

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("zipapp") / "pync.pyz"
    build = [sys.executable, str(ROOT / ".ci" / "one_file.py"), str(target)]
    subprocess.run(build, check=True, capture_output=True, timeout=60)
    return str(target)


def run(pyz: str, *words: str, given: bytes = b"") -> tuple[int, str, str]:
    # -I -S: use neither the checkout nor installed packages.
    done = subprocess.run(
        [sys.executable, "-I", "-S", pyz, *words],
        input=given,
        capture_output=True,
        timeout=DEADLINE,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_archive_connects(pyz: str) -> None:
    with listening() as server:
        status, _, said = run(pyz, "-vz", "127.0.0.1", server.port)
        assert status == 0
        assert server.port in said


def test_archive_contains_the_dialects(pyz: str) -> None:
    status, shown, said = run(pyz, "--as=ncat", "--version")
    assert status == 0
    assert "Ncat: Version" in shown + said


def test_archive_without_suite_is_an_error(pyz: str) -> None:
    status, shown, said = run(pyz, "conformance", "list")
    assert (status, shown) == (2, "")
    assert said.startswith("pync: the conformance suite is not in this copy of pync: ")
