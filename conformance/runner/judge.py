"""Judge one case: run the scenario and turn its outcome into a result.

This is the only place where exceptions of a scenario become verdicts. A result is a plain
dictionary, in the form of a line of results.jsonl.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from typing import Any

from ..core.hints import hint_for
from ..core.load import held_up, longer
from ..core.message import failure
from ..core.transcript import Transcript, render
from ..core.verdict import (
    Level,
    NotJudged,
    NotOverLine,
    SuiteFailed,
    TooSlow,
    Unreachable,
    Verdict,
    Violation,
    WrongUsage,
)
from ..plan import Case, Plan
from ..plan.expectations import Expectations
from ..scenario.requirement import spec_of
from ..scenario.session import Session
from ..targets.address import TCP, UNIX
from ..targets.launch import ServerSpec
from .needs import SLOW, Board, Outcome
from .over_line import LINE, check_after, check_before
from .preflight import shows_resets
from .proof import NO_RESETS, proved

Result = dict[str, Any]


def judge(plan: Plan, case: Case, expectations: Expectations, board: Board | None = None) -> Result:
    """Run one case's scenario against its server and return the result.

    Arguments:
        board: the known outcomes of the requirements that the case needs; None if there are none.
    """
    came = (board or Board(run)).outcome(plan, case)
    verdict, signature, message = came.verdict, came.signature, came.message
    if case.mutant:
        verdict, signature, message = proved(plan, case, came)
    elif not case.skip:
        verdict, message = expectations.apply(case, verdict, signature, message)
    return {
        "type": "result",
        "id": case.requirement.id,
        "profile": case.requirement.profile,
        "transport": case.transport,
        "level": case.requirement.level.value,
        "clause": case.requirement.clause,
        **spec_of(case.requirement),
        "verdict": verdict.value,
        "signature": signature,
        "message": message,
        "transcript": list(came.transcript),
        "seconds": came.seconds,
        **({"mutant": case.mutant} if case.mutant else {}),
        **({"acted": came.acted} if case.fault else {}),
        **({"needs": came.needs} if came.needs else {}),
    }


def run(plan: Plan, case: Case) -> Outcome:
    """Run a case's scenario without checking what it needs; with --repeat, run it many times."""
    began = time.monotonic()
    first = _run_once(plan, case)
    if plan.options.repeat == 1 or case.mutant or first.verdict == Verdict.SKIP:
        return first
    all_ = [first, *(_run_once(plan, case) for _ in range(plan.options.repeat - 1))]
    return _of_many(all_)._replace(seconds=round(time.monotonic() - began, 3))


def _run_once(plan: Plan, case: Case) -> Outcome:
    if case.skip:
        return Outcome(Verdict.SKIP, "", case.skip)
    wanted, before = plan.wanted(case), held_up()
    outcome = _play(plan, case, wanted)
    if outcome.verdict in (Verdict.FAIL, Verdict.WARN) and not case.mutant:
        # On a busy machine, a deadline that has passed does not prove a fault of the server.
        more = longer(wanted.deadline, held_up() - before, outcome.seconds)
        if more is not None:
            again = _play(plan, case, wanted._replace(deadline=more))
            # If it fails in the same way, report the run with the deadline that was asked for.
            same = (again.verdict, again.signature) == (outcome.verdict, outcome.signature)
            seconds = round(outcome.seconds + again.seconds, 3)
            outcome = (outcome if same else again)._replace(seconds=seconds)
    return outcome


def _play(plan: Plan, case: Case, wanted: ServerSpec) -> Outcome:
    began = time.monotonic()
    session = Session(
        wanted,
        plan.catalogue.profiles[case.requirement.profile],
        plan.parameters[case.requirement.profile],
        # As bytes: --seed may contain a byte that is not UTF-8 (PEP 383).
        os.fsencode(f"{plan.options.seed}/{case.name}"),
        plan.options.client,
    )
    verdict, signature, message = _run(plan, case, session)
    seconds = round(time.monotonic() - began, 3)
    events = tuple(session.transcript.as_json())
    return Outcome(verdict, signature, message, events, seconds, acted=session.acted)


def _of_many(outcomes: list[Outcome]) -> Outcome:
    """Combine the outcomes of several runs of a scenario: FLAKY if only some of them failed."""
    judged = [one for one in outcomes if one.verdict != Verdict.SKIP]
    errors = [one for one in judged if one.verdict == Verdict.ERROR]
    failed = [one for one in judged if one.verdict in (Verdict.FAIL, Verdict.WARN)]
    if errors or not failed:
        return (errors or judged)[0]
    if len(failed) == len(judged):
        return failed[0]
    how_often = f"failed {len(failed)} of {len(judged)} times"
    first, *rest = failed[0].message.split("\n", 1)
    message = "\n".join([f"{first} ({how_often})", *rest])
    # A broken SHOULD is not red, so a SHOULD that is only sometimes broken is not red either.
    verdict = Verdict.FLAKY if failed[0].verdict == Verdict.FAIL else Verdict.WARN
    return failed[0]._replace(verdict=verdict, message=message)


def _run(plan: Plan, case: Case, session: Session) -> tuple[Verdict, str, str]:
    try:
        _check_expressible(case)
        check_before(case.requirement, session.traffic)
        with session:
            case.requirement.scenario(session)
            check_after(case.requirement, session)
    except TooSlow as reason:
        return Verdict.SKIP, SLOW, str(reason)
    except NotOverLine as reason:
        return Verdict.SKIP, LINE, str(reason)
    except NotJudged as reason:
        return Verdict.SKIP, "", str(reason)
    except Violation as violation:
        return _violated(plan, case, violation, session.transcript)
    except Unreachable as error:
        not_ready = Violation("not-ready", str(error))
        not_ready.server_output = error.output
        return _violated(plan, case, not_ready, session.transcript)
    except (SuiteFailed, WrongUsage) as error:
        return Verdict.ERROR, "suite", str(error)
    except Exception:
        return Verdict.ERROR, "suite", traceback.format_exc()
    return Verdict.PASS, "", ""


def _check_expressible(case: Case) -> None:
    """Raise NotJudged if this system lacks what the case needs: Unix sockets, or visible RSTs."""
    if case.transport == UNIX and sys.platform == "win32":
        raise NotJudged("Python has no Unix sockets on Windows")
    transports = case.requirement.transports
    if TCP in transports and UNIX not in transports and not shows_resets():
        raise NotJudged(NO_RESETS)


def _violated(
    plan: Plan, case: Case, violation: Violation, transcript: Transcript
) -> tuple[Verdict, str, str]:
    requirement = case.requirement
    message = failure(
        violation,
        identity=requirement.id,
        level=requirement.level.value,
        clause=f"{requirement.spec} {requirement.clause}",
        transport=case.transport,
        text=requirement.text,
        line=str(plan.line or ""),
        hint=hint_for(violation) or requirement.hint,
        transcript=render(transcript.as_json()),
        reproduce=plan.reproduce(case),
    )
    red = requirement.level == Level.MUST or plan.should_is_red
    return (Verdict.FAIL if red else Verdict.WARN), violation.kind, message
