"""``make site``: build a web site from the documents with mkdocs.

    python .ci/site.py [FOLDER]

This copies every tracked Markdown file of the documents, and the files that they show, to
build/site-source with the same paths as in the repository, so that links between them stay valid;
then it builds FOLDER (build/site). A link to a page or a heading that does not exist is an error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "build" / "site-source"

#: The files of the site; README.md is the home page.
SHOWN = ("README.md", "CHANGELOG.md", "docs/*.*", "conformance/*.md", "conformance/docs/*.md")

#: New names for some files, because mkdocs ignores names that begin with a dot.
RENAMED = {
    ".github/CONTRIBUTING.md": "github/CONTRIBUTING.md",
    ".github/SECURITY.md": "github/SECURITY.md",
}


def collect(source: Path) -> None:
    """Copy the documents into the folder ``source``."""
    shutil.rmtree(source, ignore_errors=True)
    paths = [path for pattern in SHOWN for path in sorted(ROOT.glob(pattern))]
    for path in [*paths, *(ROOT / name for name in RENAMED)]:
        name = path.relative_to(ROOT).as_posix()
        if name == "docs/mkdocs.yml":
            continue
        target = source / RENAMED.get(name, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            text = path.read_text(encoding="utf-8")
            for hidden, visible in RENAMED.items():
                text = text.replace(f"{hidden})", f"{visible})")
            target.write_text(text, encoding="utf-8")
        else:
            shutil.copyfile(path, target)


def main(folder: Path) -> int:
    """Build the site; return mkdocs' exit status."""
    collect(SOURCE)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--clean"]
    config = ROOT / "docs" / "mkdocs.yml"
    # The theme prints an advertisement for its successor.
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [*command, "-f", config, "-d", folder.resolve()], env=environment, check=False
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"))
