"""conformance/docs/faults.md: the list of faults, and the requirement that detects each one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import conformance
from conformance.mutants.catalogue import MUTANTS
from conformance.profiles import PROFILES

PAGE = Path(conformance.__file__).parent / "docs" / "faults.md"
SECTIONS = dict(re.findall(r"^## (.+)\n((?:.|\n(?!## ))*)", PAGE.read_text("utf-8"), re.MULTILINE))
ROW = re.compile(r"^\| (.+) \| `(.+)` \| `(.+)` \|$", re.MULTILINE)


@pytest.mark.parametrize("section", ["Every stream service", *PROFILES])
def test_twenty_faults_are_listed_and_each_has_its_mutant(section: str) -> None:
    family = section if section in PROFILES else "echo"
    rows = ROW.findall(SECTIONS[section])
    assert len({name for _, _, name in rows}) == len(rows) >= 20
    for text, found, name in rows:
        mutant = MUTANTS[f"{family}/{name}"]
        assert (mutant.text, mutant.breaks) == (text, f"{family}/{found}")
