"""Examples must not damage the machine on which they run."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: A command that replaces the mode of the parent folder, which may be /tmp.
REPLACES = re.compile(r"chmod [0-7]{3,4} .*\.\.|\.chmod\(0o")


def test_no_example_replaces_the_mode_of_a_folder() -> None:
    assert REPLACES.search('chmod 755 "$folder" "$folder/.."')
    assert not REPLACES.search('chmod a+rx "$folder/.."')
    files = [path for path in (ROOT / "examples").rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace")
        assert not REPLACES.search(text), path
