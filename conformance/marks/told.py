"""The information about a run for a student, in plain words: the source of every page and form.

Requirements that the teacher has hidden do not appear: neither their names and sentences, nor as
the reason why another one was not judged. The command that judges a case again has the student's
own command, not the teacher's file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..core.invocation import joined
from ..core.verdict import MEANING, Exit
from ..profiles import REQUIREMENTS
from ..reports.results import Results
from .score import Mark, Score, is_not_reached, shown

#: Lines of a message that are replaced here, or are only for the teacher.
_OTHERWISE = re.compile(r"  (reproduce|requires|hint     |expected  to fail) ")

_HINT = re.compile(r"^  hint      (.*)$", re.MULTILINE)


class Broken(NamedTuple):
    """A requirement over one transport that earned nothing."""

    transport: str
    verdict: str
    summary: str
    details: str
    hint: str


class Own(NamedTuple):
    """The information about one requirement."""

    requires: str
    clause: str
    broken: tuple[Broken, ...]
    not_reached: str
    unjudged: tuple[tuple[str, str], ...]
    reproduce: str

    @property
    def text(self) -> str:
        """The whole information as one text."""
        parts = [
            f"over {one.transport}: {one.summary}"
            + (f"\n{one.details}" if one.details else "")
            + (f"\nhint: {one.hint}" if one.hint else "")
            for one in self.broken
        ]
        if self.broken:
            parts.append(f"to try it: {self.reproduce}")
        if self.not_reached:
            parts.append(f"not judged yet: {self.not_reached}")
        parts += [f"not judged over {where}: {why}" for where, why in self.unjudged]
        return "\n\n".join(parts)


class Told(NamedTuple):
    """The information about a target."""

    introduction: tuple[str, ...]
    requirements: Mapping[str, Own]

    def of(self, mark: Mark) -> Own:
        """Return the information about a requirement."""
        return self.requirements[mark.id]


def told(results: Results, score: Score) -> Told:
    """Return the information about a target."""
    hidden = {mark.id for mark in score.marks if mark.hidden}
    return Told(
        tuple(_introduction(results, score)),
        {mark.id: _own(mark.id, results, hidden) for mark in score.marks},
    )


def _introduction(results: Results, score: Score) -> list[str]:
    lines = []
    if score.total is None:
        return ["There is no score: the server could not be judged. Ask your teacher."]
    lines.append(f"{shown(score.total)} of {shown(score.points)} points")
    if not score.marks and results.footer["exit"] == Exit.UNREACHABLE:
        lines.append(MEANING[Exit.UNREACHABLE][0].upper() + MEANING[Exit.UNREACHABLE][1:] + ".")
    # A fault of the suite names cases; one of the server (it exceeded a limit) does not.
    profiles = "|".join(re.escape(one) for one in results.header["profiles"])
    case = re.compile(rf"\b({profiles})/[\w-]+")
    lines += [fault for fault in results.footer["faults"] if not case.search(fault)]
    if any(mark.maximum for mark in score.marks if mark.hidden):
        lines.append("The score includes requirements that are not shown here.")
    return lines


def _own(identity: str, results: Results, hidden: set[str]) -> Own:
    rows = [row for row in results.results if row["id"] == identity]
    own = results.header.get("requirements", {}).get(identity)
    known = REQUIREMENTS.get(identity)
    requires = str(own["text"]) if own else known.text if known else ""
    broken, unjudged, builds_on = [], [], ""
    for row in rows:
        verdict, message = str(row["verdict"]), str(row["message"])
        if is_not_reached(row):
            root = str(row.get("needs", ""))
            builds_on = _why(row) if not root else _builds_on(root, hidden)
        elif verdict in ("FAIL", "FLAKY", "WARN", "XFAIL"):
            broken.append(_broken(row))
        elif verdict in ("SKIP", "ERROR"):
            # A traceback of the suite is only for the teacher.
            why = message if verdict == "SKIP" else "the suite failed; ask your teacher"
            unjudged.append((str(row["transport"]), why))
    clause = f"{rows[0].get('spec', 'SPEC')} {rows[0]['clause']}"
    again = _reproduce(identity, results)
    return Own(requires, clause, tuple(broken), builds_on, tuple(unjudged), again)


def _builds_on(root: str, hidden: set[str]) -> str:
    return f"it builds on {'something else' if root in hidden else root}, which is broken"


def _why(row: Mapping[str, Any]) -> str:
    """Return why a slow server was not judged, without the requirement, which may be hidden."""
    said = str(row["message"])
    return "something that it builds on is too slow" if said.startswith("needs ") else said


def _broken(row: Mapping[str, Any]) -> Broken:
    first, *rest = str(row["message"]).split("\n")
    kept = [line for line in rest if not _OTHERWISE.match(line)]
    hint = _HINT.search(str(row["message"]))
    # In "echo/simple (MUST, SPEC 2.2, tcp): wrong byte" the page shows the first part elsewhere.
    summary = first.partition("): ")[2] or first
    return Broken(
        str(row["transport"]),
        str(row["verdict"]),
        summary,
        "\n".join(kept),
        hint[1] if hint else "",
    )


def _reproduce(identity: str, results: Results) -> str:
    header = results.header
    words = ["pync-conformance", "run", str(header.get("command") or header["target"])]
    words += ["--case", identity]
    for option, key in (("--at", "at"), ("--set", "set")):
        if header.get(key):
            words += [option, str(header[key])]
    return joined(*words)
