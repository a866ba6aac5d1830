"""The files of the project: those that git tracks, or those of a source distribution."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def tracked() -> list[str]:
    """Return their names; skip the test if neither is available."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        names = []
    else:
        names = done.stdout.split("\0")[:-1] if done.returncode == 0 else []
    # An unpacked source distribution may be inside another project's checkout.
    sources = ROOT / "pync_nc.egg-info" / "SOURCES.txt"
    if "pyproject.toml" not in names and sources.exists() and (ROOT / "PKG-INFO").exists():
        names = sources.read_text(encoding="utf-8").splitlines()
        names = [name for name in names if not name.startswith("pync_nc.egg-info/")]
    if "pyproject.toml" not in names:
        pytest.skip("neither a git checkout nor a source distribution", allow_module_level=True)
    return names
