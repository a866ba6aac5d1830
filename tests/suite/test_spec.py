"""SPEC.md, the catalogue and the mutants agree with each other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import conformance
from conformance.core.verdict import Level
from conformance.mutants.catalogue import MUTANTS
from conformance.profiles import PROFILES, REQUIREMENTS

SPEC = (Path(conformance.__file__).parent / "SPEC.md").read_text(encoding="utf-8")
CLAUSES = dict(re.findall(r"^- \*\*(\d+\.\d+)\*\* (.*)$", SPEC, re.MULTILINE))


def test_every_requirement_has_its_clause_and_every_clause_its_requirement() -> None:
    assert {one.clause for one in REQUIREMENTS.values()} == set(CLAUSES)


def test_level_of_a_clause_is_that_of_its_requirement() -> None:
    for one in REQUIREMENTS.values():
        says_should = CLAUSES[one.clause].startswith("SHOULD")
        assert says_should == (one.level == Level.SHOULD), one.id


def test_every_default_text_is_in_the_spec() -> None:
    for profile in PROFILES.values():
        for name, text in profile.parameters.items():
            shown = text.decode().replace("\n", "\\n")
            assert f"`{name}` =" in SPEC
            assert shown in SPEC, f"{profile.name}: {shown}"


def test_every_requirement_is_broken_by_a_mutant() -> None:
    assert [one.id for one in REQUIREMENTS.values() if not one.mutants] == []


def test_every_mutant_breaks_a_requirement_of_its_profile() -> None:
    for name, mutant in MUTANTS.items():
        assert mutant.breaks in REQUIREMENTS, name
        assert name.partition("/")[0] == mutant.breaks.partition("/")[0]
        assert mutant.text.endswith("."), name


def test_each_family_has_at_least_a_dozen_mutants() -> None:
    families = Counter(name.partition("/")[0] for name in MUTANTS)
    assert set(families) == set(PROFILES)
    assert min(families.values()) >= 12
