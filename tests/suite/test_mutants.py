"""Each mutant has exactly one fault, and no two have the same.

``selftest`` shows that the suite detects every mutant; these tests check the table itself.
"""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest

from conformance import mutants
from conformance.core.verdict import Level, Verdict
from conformance.mutants.catalogue import MUTANTS
from conformance.mutants.signatures import SIGNATURES
from conformance.plan import Case
from conformance.profiles import PROFILES, REQUIREMENTS
from conformance.reference.python.client import Client
from conformance.reference.python.services import SERVICES
from conformance.runner.proof import _by_embedded
from conformance.scenario.profile import StreamProfile

from .judging import conformance, judge, read

FOLDER = Path(mutants.__file__).parent

#: Requirements whose mutants were once detected only by chance (order of events, buffer size).
DELICATE = ("half-sent", "reset-while-writing", "stall-then-reset", "stalled-reader")


def test_no_two_mutants_are_the_same_server() -> None:
    services = [mutant.service for mutant in MUTANTS.values()]
    assert len(set(services)) == len(services)
    right = {**SERVICES, "client-echo": Client}
    for name, mutant in MUTANTS.items():
        family = name.partition("/")[0]
        assert issubclass(mutant.service, right[family]), name
        assert mutant.service is not right[family], name


def test_sentences_of_a_family_are_unique() -> None:
    for family in PROFILES:
        told = [one.text for name, one in MUTANTS.items() if name.startswith(f"{family}/")]
        assert len(set(told)) == len(told)


def test_every_must_is_broken_in_every_family_that_has_it() -> None:
    broken = {mutant.breaks for mutant in MUTANTS.values()}
    musts = {one.id for one in REQUIREMENTS.values() if one.level == Level.MUST}
    assert musts - broken == set()


def test_signature_of_each_mutant() -> None:
    assert set(SIGNATURES) == set(MUTANTS)


def test_unexpected_signature_is_reported() -> None:
    case = Case(REQUIREMENTS["echo/binary"], "tcp", mutant="echo/stops-at-nul")
    (expected,) = SIGNATURES["echo/stops-at-nul"]
    assert _by_embedded(case, Verdict.FAIL, expected, "x") == (Verdict.PASS, expected, "x")
    verdict, signature, message = _by_embedded(case, Verdict.FAIL, "died", "x")
    assert (verdict, signature) == (Verdict.WARN, "died")
    assert message.splitlines()[0] == (
        f"echo/stops-at-nul dies of died, and {expected} was expected "
        "(the expected signatures are in mutants/signatures.py)"
    )
    assert _by_embedded(case, Verdict.PASS, "", "")[0] == Verdict.FAIL


def test_no_mutant_recognizes_the_texts_of_the_suite() -> None:
    """A fault that is triggered by the text of one scenario would prove nothing."""
    streams = [one for one in PROFILES.values() if isinstance(one, StreamProfile)]
    words = {profile.half_input for profile in streams}
    words |= {profile.first_input for profile in PROFILES.values()}
    words = {word for word in words if word}
    words |= {b"served in full", b"Hello server", b"This is", b"not asked", b"half a"}
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
                found = [word for word in words if word[:7] in node.value]
                assert found == [], f"{file.name}:{node.lineno}"


@pytest.mark.long
@pytest.mark.parametrize("attempt", ["1st", "2nd", "3rd", "4th", "5th"])
def test_death_of_a_mutant_is_always_noticed(attempt: str, tmp_path: Path) -> None:
    """Its death must not be mistaken for an orderly end after an answer."""
    cases = [f"--case=*/{words}" for words in DELICATE]
    done = conformance("selftest", *cases, f"--report={tmp_path}", "--jobs=1")
    _, results, _ = read(tmp_path)
    assert {one["mutant"]: one["verdict"] for one in results} == {
        name: "PASS"
        for name, mutant in MUTANTS.items()
        if mutant.breaks.partition("/")[2] in DELICATE
    }
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("mutant", "broken"),
    [
        ("echo/leaks-on-reset", {"leak-reset"}),
        ("echo/says-bye", {"nothing-else"}),
        ("half-open/counts-in-16-bits", {"large"}),
        ("reset/closes-instead", {"reset"}),
        ("greet/ends-with-status-1", {"sigterm-idle"}),
    ],
)
def test_mutant_fails_only_the_requirements_that_its_fault_breaks(
    mutant: str, broken: set[str], tmp_path: Path
) -> None:
    judged = judge(tmp_path, f"mutant:{mutant}", "--transport=tcp")
    family = mutant.partition("/")[0]
    assert judged.status == 1
    assert judged.ids("FAIL") == {f"{family}/{words}" for words in broken}
    # Requirements that need the broken one are not judged; the others pass.
    rest = {one["id"] for one in judged.results if "needs" not in one} - judged.ids("FAIL")
    assert judged.ids("PASS") == rest


@pytest.mark.parametrize("words", ["idle-64", "leak-fin", "leak-reset"])
def test_sequential_server_does_not_slow_down_the_run(words: str, tmp_path: Path) -> None:
    """If none of 200 clients is accepted, the suite waits for one deadline, not for 200."""
    began = time.monotonic()
    done = conformance(
        *("run", "mutant:echo/one-at-a-time", f"--case=echo/{words}", "--transport=tcp"),
        *("--deadline=1", f"--report={tmp_path}"),
    )
    assert done.returncode in (0, 1), done.stderr
    assert time.monotonic() - began < 40
