"""``make zipapp``: pync as one file for any Python 3.10 or later.

    python .ci/one_file.py [FILE]

FILE (build/pync.pyz) contains the package pync, but not the conformance suite, which has to start
its own files. Options that need another package say so, as in any installation.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipapp
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(target: Path) -> None:
    """Write the zipapp."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "pync.pyz")
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "pync", folder / "pync", ignore=unwanted)
        shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE")
        target.parent.mkdir(parents=True, exist_ok=True)
        zipapp.create_archive(
            folder, target, "/usr/bin/env python3", "pync.__main__:run", compressed=True
        )
        target.chmod(0o755)


if __name__ == "__main__":
    archive = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "pync.pyz"
    build(archive)
    print(archive.relative_to(Path.cwd()) if archive.is_relative_to(Path.cwd()) else archive)
