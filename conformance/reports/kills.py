"""The kill matrix: which requirement kills which mutant (``selftest --matrix``).

No I/O, except for writing the files. Each mutant is a target: a column on the page, with a red
cell for every requirement that has detected it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ..mutants.catalogue import MUTANTS
from ..profiles import REQUIREMENTS
from .matrix import write_matrix
from .proof import as_plain
from .results import Results
from .rollup import of_results
from .writing import write_whole

#: The most mutants listed for a requirement; the others are only counted.
_NAMED = 6


class Kills(NamedTuple):
    """The kills of a self-test.

    ``killed``: requirement -> mutants that it kills. ``killers``: mutant -> requirements
    that kill it. ``signatures``: (requirement, mutant) -> how it died.
    """

    killed: dict[str, list[str]]
    killers: dict[str, list[str]]
    signatures: dict[tuple[str, str], str]

    @property
    def idle(self) -> list[str]:
        """The requirements that kill nothing, so that it is not known whether they can."""
        return [name for name, mutants in self.killed.items() if not mutants]

    @property
    def survivors(self) -> list[str]:
        """The mutants that no requirement kills."""
        return [name for name, requirements in self.killers.items() if not requirements]

    def alone(self, requirement: str) -> list[str]:
        """Return the mutants that only this requirement kills."""
        return [name for name in self.killed[requirement] if len(self.killers[name]) == 1]


def shown(kills: Kills, mutant: str) -> list[str]:
    """Return the requirements that a normal run would report as broken for a mutant.

    These are the killers that are not skipped because of their needs (needs.py).
    """
    killers = kills.killers[mutant]
    left: dict[str, bool] = {}

    def is_left(name: str) -> bool:
        """Return whether a requirement is not judged because of its needs."""
        if name not in left:
            one = REQUIREMENTS.get(name)
            needs, unless = (one.needs, one.unless) if one else ((), ())
            left[name] = any(fails(other) or is_left(other) for other in needs)
            left[name] = left[name] or any(fails(other) for other in unless)
        return left[name]

    def fails(name: str) -> bool:
        return name in killers and not is_left(name)

    return [name for name in killers if fails(name)]


def accused(kills: Kills) -> list[tuple[str, str, list[str]]]:
    """Return the mutants for which a run would report other clauses than the broken one.

    A scenario on a terminal sees the same as another clause: for these, any one clause is right.
    """
    found = []
    for mutant in kills.killers:
        breaks, named = _breaks(mutant), shown(kills, mutant)
        alone = len(named) == 1 and breaks.endswith("/terminal")
        if breaks in REQUIREMENTS and named and named != [breaks] and not alone:
            found.append((mutant, breaks, named))
    return found


def _needed_by(name: str) -> set[str]:
    """Return all requirements that a requirement needs, also indirectly."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = REQUIREMENTS.get(waiting.pop())
        # A requirement in ``unless`` is not needed indirectly.
        news = set(one.needs if one else ()) - found
        found |= news
        waiting += news
    one = REQUIREMENTS.get(name)
    return found | set(one.unless if one else ())


def idle_needs(kills: Kills) -> list[tuple[str, str]]:
    """Return pairs of a requirement and its need without a mutant that both of them kill.

    A mutant killed by a requirement that needs the first one counts too, because a need is
    declared only at the first requirement of a chain.
    """
    mutants = {
        name: {
            mutant
            for other in kills.killed
            if other == name or name in _needed_by(other)
            for mutant in kills.killed[other]
        }
        for name in kills.killed
    }
    return [
        (name, need)
        for name in kills.killed
        if name in REQUIREMENTS
        for need in (*REQUIREMENTS[name].needs, *REQUIREMENTS[name].unless)
        if need in kills.killed and not mutants[name] & set(kills.killed[need])
    ]


def kills_of(results: list[dict[str, Any]]) -> Kills:
    """Return the kills from the results of a self-test, in which PASS means a kill."""
    kills = Kills({}, {}, {})
    for row in results:
        requirement, mutant = row["id"], row["mutant"]
        kills.killed.setdefault(requirement, [])
        kills.killers.setdefault(mutant, [])
        if row["verdict"] in ("PASS", "WARN"):
            kills.killed[requirement].append(mutant)
            kills.killers[mutant].append(requirement)
            kills.signatures[requirement, mutant] = row["signature"]
    return kills


def _breaks(mutant: str) -> str:
    return str(MUTANTS[mutant].breaks) if mutant in MUTANTS else ""


def faults(kills: Kills) -> list[str]:
    """Return a line for each fault of the suite itself."""
    return [
        *(f"mutant:{mutant} survives: no requirement detects it" for mutant in kills.survivors),
        *(f"{name} kills nothing: no mutant proves that it can fail" for name in kills.idle),
        *(f"{name} needs {need}, and no mutant shows why" for name, need in idle_needs(kills)),
        *(
            f"mutant:{mutant} breaks {breaks}; a run names {', '.join(named)}"
            for mutant, breaks, named in accused(kills)
        ),
    ]


def as_text(kills: Kills) -> str:
    """Return a line for each requirement, then the sole killers, then the faults."""
    head = "requirement"
    width = max(map(len, [head, *kills.killed]))
    lines = [f"{head:{width}}  kills  alone"]
    for requirement, mutants in kills.killed.items():
        alone = kills.alone(requirement)
        lines.append(f"{requirement:{width}}  {len(mutants):5}  {_named(alone)}".rstrip())
    lines += [f"ERROR {fault}" for fault in faults(kills)]
    sole = sum(len(requirements) == 1 for requirements in kills.killers.values())
    lines.append(
        f"{len(kills.killers)} mutants, {len(kills.survivors)} survive, {sole} have one killer; "
        f"{len(kills.killed)} requirements, {len(kills.idle)} kill nothing"
    )
    return "\n".join(lines)


def as_json(kills: Kills, more: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Return the matrix as JSON, with the results of a self-test behind the proxy."""
    return json.dumps(
        {
            **more,
            "requirements": {
                name: {"kills": mutants, "alone": kills.alone(name)}
                for name, mutants in kills.killed.items()
            },
            "mutants": {
                mutant: {name: kills.signatures[name, mutant] for name in requirements}
                for mutant, requirements in kills.killers.items()
            },
            "survivors": kills.survivors,
            "idle": kills.idle,
        },
        indent=1,
    )


def write_kills(folder: Path, run: Results) -> Kills:
    """Write kills.json and kills.html, and return their content. Raises OSError."""
    more: dict[str, Any] = {}
    if "faults" in run.header:
        proof = of_results(run)
        more = as_plain(proof)
        run = run._replace(results=[row for line in proof.lines for row in line.rows])
    kills = kills_of(run.results)
    write_whole(folder / "kills.json", as_json(kills, more) + "\n")
    write_matrix(folder / "kills.html", [_as_target(run, mutant) for mutant in kills.killers])
    return kills


def _as_target(run: Results, mutant: str) -> Results:
    """Return the run as it would look with this mutant as the target."""
    rows = []
    for row in run.results:
        if row["mutant"] == mutant:
            shown = {key: value for key, value in row.items() if key != "mutant"}
            verdict = {"PASS": "FAIL", "WARN": "FAIL", "FAIL": "PASS"}.get(
                row["verdict"], row["verdict"]
            )
            rows.append({**shown, "verdict": verdict})
    name = mutant if "faults" in run.header else f"mutant:{mutant}"
    header = {**run.header, "target": name, "selftest": False}
    found = sum(row["verdict"] == "FAIL" for row in rows)
    counts = {"FAIL": found, "PASS": len(rows) - found}
    return Results(header, rows, {**run.footer, "counts": counts, "exit": 1 if found else 0})


def _named(mutants: list[str]) -> str:
    names = [name.partition("/")[2] for name in mutants[:_NAMED]]
    more = len(mutants) - len(names)
    return ", ".join([*names, *([f"{more} more"] if more else [])])
