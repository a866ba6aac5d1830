"""The outcome of a self-test behind the proxy: which fault is noticed by which requirement.

No I/O. A row of such a run is for one requirement and one fault. This module combines them into
one line for each fault (noticed or not), for each lawful change (green or fragile) and for each
broken server of the profile. A fault that has changed nothing in the traffic proves nothing about
the requirements: it does not apply to the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..faults.fault import Fault
from ..faults.table import BY_NAME, NONE
from ..plan import Plan
from ..plan.proofs import moot_of

Row = dict[str, Any]

#: The most requirements named in a line; the others are only counted.
_NAMED = 4


class Line(NamedTuple):
    """One fault, lawful change or broken server, over all requirements of a profile.

    ``fault`` is its entry in the table; None for a broken server of the profile. ``red`` are the
    rows of requirements that failed, ``touched`` those of requirements that could have seen it.
    """

    profile: str
    name: str
    fault: Fault | None
    is_lawful: bool
    red: list[Row]
    touched: list[Row]
    rows: list[Row]

    @property
    def verdict(self) -> str:
        """PASS, FAIL, or SKIP if it has changed nothing."""
        if self.is_lawful:
            return "FAIL" if self.red else "PASS"
        if self.red:
            return "PASS"
        return "FAIL" if self.touched else "SKIP"

    @property
    def text(self) -> str:
        """One sentence that says what was found."""
        by = _listed([row["id"].partition("/")[2] for row in self.red])
        if self.fault is None:
            return f"detected by {by}" if self.red else "nobody notices that this server is broken"
        if self.is_lawful and self.red:
            return f"fragile: {by} must not fail because {self.fault.text}"
        if self.is_lawful:
            return f"green, although {self.fault.text}"
        if self.red:
            return f"noticed by {by}"
        if not self.touched:
            return f"does not apply: nothing that was sent changes when {self.fault.text}"
        return f"nobody would notice that {self.fault.text}"


class Proof(NamedTuple):
    """All lines of a run.

    ``wrong`` are the requirements that the correct server breaks, ``moot`` the faults that were not
    judged: profile -> fault -> why no client of such a service could see it.
    """

    lines: list[Line]
    wrong: list[str]
    fragile: list[Row]
    moot: dict[str, dict[str, str]]

    def of(self, verdict: str, lawful: bool = False) -> list[Line]:
        """Return the lines with this verdict: faults and broken servers, or lawful changes."""
        return [one for one in self.lines if one.is_lawful is lawful and one.verdict == verdict]

    @property
    def score(self) -> str:
        """The score, such as ``41 of 43 faults noticed``, without faults that do not apply."""
        noticed = len(self.of("PASS"))
        return f"{noticed} of {noticed + len(self.of('FAIL'))} faults noticed"

    @property
    def ratio(self) -> str:
        """The score for a badge, such as ``41/43``."""
        noticed = len(self.of("PASS"))
        return f"{noticed}/{noticed + len(self.of('FAIL'))}"

    @property
    def is_whole(self) -> bool:
        """Whether every fault is noticed, and nothing is fragile."""
        return not (self.wrong or self.fragile or self.of("FAIL"))

    @property
    def verdict(self) -> str:
        """The score, and any other errors."""
        fragile = len({row["id"] for row in self.fragile})
        told = [self.score]
        if fragile:
            told.append(f"{fragile} fragile {'requirements' if fragile > 1 else 'requirement'}")
        if self.wrong:
            told.append(f"the right server breaks {_listed(self.wrong)}")
        return ", ".join(told)


def proof_of(rows: list[Row], known: Mapping[str, Any]) -> Proof:
    """Return the proof from the rows of a self-test behind the proxy.

    Arguments:
        known: the result of terms().
    """
    allowed = known.get("allowed", {})
    lines: dict[str, Line] = {}
    wrong = []
    fragile = []
    for row in rows:
        profile, _, name = row["mutant"].partition("/")
        fault = BY_NAME.get(name) if "acted" in row else None
        is_red = row["verdict"] in ("FAIL", "WARN")
        if name == NONE.name:
            if is_red:
                wrong.append(row["id"])
            continue
        is_lawful = fault is not None and (fault.is_lawful or name in allowed.get(profile, ()))
        line = lines.setdefault(row["mutant"], Line(profile, name, fault, is_lawful, [], [], []))
        line.rows.append(row)
        if fault is None or row["acted"]:
            line.touched.append(row)
        if fault is not None and row["verdict"] == "FAIL":
            fragile.append(row)
        if row["verdict"] == ("FAIL" if is_lawful else "PASS"):
            line.red.append(row)
    return Proof(list(lines.values()), wrong, fragile, known.get("moot", {}))


def terms(plan: Plan) -> dict[str, Any]:
    """Return, for each profile, the faults that its contract allows, and those that are moot."""
    moot = {profile.name: moot_of(plan, profile) for profile in plan.profiles}
    return {
        "allowed": {one.name: list(one.allows) for one in plan.profiles if one.allows},
        "moot": {name: reasons for name, reasons in moot.items() if reasons},
    }


def as_text(proof: Proof, every: bool = False) -> str:
    """Return a line for each fault, and for an unnoticed one the step that would notice it.

    Arguments:
        every: whether every requirement has judged every fault, so that the requirements that
            notice none can be listed.
    """
    width = max([len(one.name) for one in proof.lines], default=0)
    several = len({one.profile for one in proof.lines} | set(proof.moot)) > 1
    lines = []
    for one in proof.lines:
        if one.verdict != "SKIP":
            name = f"{one.profile}/{one.name}" if several else one.name
            lines.append(f"{name:{width}}  {one.text}")
            if one.verdict == "FAIL" and one.fault is not None and not one.is_lawful:
                lines.append(f"{'':{width}}  what would: {one.fault.finds}")
    nothing = [one.name for one in proof.of("SKIP")]
    if nothing:
        lines.append(f"do not apply (they change nothing here): {', '.join(nothing)}")
    for profile, reasons in proof.moot.items():
        of = f" to {profile}" if several else ""
        for reason in dict.fromkeys(reasons.values()):
            names = [name for name, why in reasons.items() if why == reason]
            lines.append(f"do not apply{of} ({reason}): {', '.join(names)}")
    for profile, blind in _blind(proof).items() if every else ():
        lines.append(f"{profile}: no fault is noticed by {_listed(blind, len(blind))}")
    return "\n".join(lines)


def as_plain(proof: Proof) -> dict[str, Any]:
    """Return the proof as plain values, for kills.json."""
    return {
        "score": {"noticed": len(proof.of("PASS")), "unnoticed": len(proof.of("FAIL"))},
        "unnoticed": {
            f"{one.profile}/{one.name}": one.fault.finds if one.fault else ""
            for one in proof.of("FAIL")
        },
        "fragile": sorted({f"{row['id']} {row['mutant']}" for row in proof.fragile}),
        "not_applicable": [f"{one.profile}/{one.name}" for one in proof.of("SKIP")],
        "moot": proof.moot,
        "wrong": proof.wrong,
    }


def _blind(proof: Proof) -> dict[str, list[str]]:
    """Return the requirements that were judged against faults and noticed none, by profile."""
    seen: dict[str, set[str]] = {}
    judged: dict[str, dict[str, None]] = {}
    for line in proof.lines:
        if not line.is_lawful:
            judged.setdefault(line.profile, {}).update(
                (row["id"].partition("/")[2], None)
                for row in line.rows
                if row["signature"] == "survived"
            )
            seen.setdefault(line.profile, set()).update(
                row["id"].partition("/")[2] for row in line.red
            )
    found = {name: [one for one in judged[name] if one not in seen[name]] for name in judged}
    return {name: words for name, words in found.items() if words}


def _listed(names: list[str], most: int = _NAMED) -> str:
    shown = names[:most]
    more = len(names) - len(shown)
    return ", ".join([*shown, *([f"{more} more"] if more else [])])
