"""The verdicts of the self-test: a requirement must be red against a broken server.

A requirement is fragile if a lawful change turns it red, or if it turns red although a fault has
changed nothing that the requirement could see.
"""

from __future__ import annotations

import sys

from ..core.verdict import Verdict
from ..faults.table import BY_NAME, NONE
from ..mutants.catalogue import MUTANTS
from ..mutants.signatures import SIGNATURES
from ..plan import Case, Plan
from ..plan.proofs import is_lawful, own_mutant
from .needs import NEEDS, Outcome
from .over_line import LINE
from .preflight import shows_resets

NO_RESETS = "this system shows no RST (Wine)"

#: The messages for a fault that was not noticed. They are counted as the reasons of a SKIP.
UNSEEN, UNCHANGED = "a fault that it does not see", "the fault changed nothing that it could see"

Judged = tuple[Verdict, str, str]


def proved(plan: Plan, case: Case, came: Outcome) -> Judged:
    """Return the verdict, the signature and the message for a case of the self-test."""
    if case.fault:
        return _by_fault(plan, case, came)
    if own_mutant(plan, case) is not None:
        return _by_own(plan, case, came)
    return _by_embedded(case, came.verdict, came.signature, came.message)


def _by_fault(plan: Plan, case: Case, came: Outcome) -> Judged:
    verdict, signature, message = came.verdict, came.signature, came.message
    if case.fault == NONE.name or verdict == Verdict.ERROR:
        return verdict, signature, message
    if signature == "not-ready":
        # The server is started and checked without the proxy.
        return Verdict.ERROR, signature, message
    is_red = verdict in (Verdict.FAIL, Verdict.WARN)
    if is_red and (is_lawful(plan, case) or not came.acted):
        change = BY_NAME[case.fault].text if came.acted else UNCHANGED
        said = f"{case.requirement.id} is fragile: it fails, but nothing is broken: {change}"
        return Verdict.FAIL, signature, f"{said}\n{message}"
    if is_red:
        return Verdict.PASS, signature, message
    if verdict == Verdict.PASS and not is_lawful(plan, case):
        return Verdict.SKIP, "survived", UNSEEN if came.acted else UNCHANGED
    return verdict, signature, message


def _by_own(plan: Plan, case: Case, came: Outcome) -> Judged:
    mutant = own_mutant(plan, case)
    assert mutant is not None
    assert case.mutant is not None
    if came.verdict in (Verdict.FAIL, Verdict.WARN):
        return Verdict.PASS, came.signature, came.message
    if came.verdict == Verdict.ERROR or came.signature == NEEDS:
        return came.verdict, came.signature, came.message
    if mutant.breaks != case.requirement.word:
        return Verdict.SKIP, "survived", UNSEEN
    said = f"{case.mutant} survives: {case.requirement.id} found nothing wrong with it"
    return Verdict.FAIL, "survived", said


def _needs_reset(mutant: str) -> bool:
    """Return whether only an RST in place of FIN shows this mutant, and the system shows no RST."""
    return "rst-instead-of-fin" in SIGNATURES.get(mutant, ()) and not shows_resets()


def _by_embedded(case: Case, verdict: Verdict, signature: str, message: str) -> Judged:
    assert case.mutant is not None
    named = MUTANTS[case.mutant].breaks == case.requirement.id
    if verdict in (Verdict.FAIL, Verdict.WARN):
        expected = SIGNATURES.get(case.mutant, frozenset())
        if named and signature not in expected:
            awaited = " or ".join(sorted(expected)) or "nothing known"
            said = (
                f"{case.mutant} dies of {signature}, and {awaited} was expected "
                "(the expected signatures are in mutants/signatures.py)"
            )
            return Verdict.WARN, signature, f"{said}\n{message}"
        return Verdict.PASS, signature, message
    if named and signature == LINE:
        return verdict, signature, message
    if not named and verdict != Verdict.ERROR:
        # In the kill matrix: this requirement does not have to find the fault, and has not.
        return Verdict.SKIP, "survived", UNSEEN
    if sys.platform == "win32" and (verdict == Verdict.SKIP or _needs_reset(case.mutant)):
        return Verdict.SKIP, "survived", message or NO_RESETS
    if verdict == Verdict.PASS:
        said = f"{case.mutant} survives: {case.requirement.id} found nothing wrong with it"
        return Verdict.FAIL, "survived", said
    if verdict == Verdict.SKIP:
        return Verdict.FAIL, "survived", f"{case.mutant} was not judged: {message}"
    return verdict, signature, message
