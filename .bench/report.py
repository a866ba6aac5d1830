"""The results in three forms: a table for the terminal, JSON, a picture (SVG)."""

from __future__ import annotations

import json
import os
import platform
from html import escape
from typing import NamedTuple

from measure import Compared, Sample, spread

#: The name in place of a counterpart for a case that only pync can do.
ITSELF = "(itself)"


class Row(NamedTuple):
    """One case: its description, its goal and its results."""

    name: str
    what: str
    goal: str
    unit: str
    compared: list[Compared]
    skipped: list[str]


def table(rows: list[Row]) -> str:
    """Return the table for the terminal: a line for each case and program."""
    lines = [
        f"{'case':18} {'against':10} {'ratio':>6} {'lowest':>6} {'highest':>7} {'ours':>12} "
        f"{'theirs':>12} {'CPU':>5} {'ours':>10} {'theirs':>10} {'memory':>7} {'theirs':>7}"
    ]
    for row in rows:
        for one in row.compared:
            low, middle, high = spread(one.ratios())
            cpu = _cpu_ratio(one)
            lines.append(
                f"{row.name:18} {one.name:10} {middle:6.2f} {low:6.2f} {high:7.2f} "
                f"{_shown(row.unit, one.ours):>12} {_shown(row.unit, one.theirs):>12} "
                f"{f'{cpu:.2f}' if cpu else '-':>5} "
                f"{_cpu(row.unit, one.ours):>10} {_cpu(row.unit, one.theirs):>10} "
                f"{_memory(one.ours):>7} {_memory(one.theirs):>7}"
            )
        lines += [f"{row.name:18} SKIP {reason}" for reason in row.skipped]
        if row.goal:
            lines.append(f"{'':18} goal: {row.goal}")
    lines.append(
        "ratio: theirs by ours, pair by pair, median; above 1 pync is better. CPU likewise: "
        "user and system\ntime, for each GiB, each of what is counted, or each start. "
        "memory: resident at most."
    )
    return "\n".join(lines)


def as_json(rows: list[Row]) -> str:
    """Return all figures, for programs."""
    machine = {
        "system": platform.platform(),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    cases = [
        {
            "case": row.name,
            "what": row.what,
            "goal": row.goal,
            "skipped": row.skipped,
            "against": [
                {
                    "program": one.name,
                    "ratio": dict(zip(("lowest", "median", "highest"), spread(one.ratios()))),
                    "cpu_ratio": _cpu_ratio(one),
                    "cpu": {"ours": _cpu(row.unit, one.ours), "theirs": _cpu(row.unit, one.theirs)},
                    "memory": {"ours": _memory(one.ours), "theirs": _memory(one.theirs)},
                    "ours": [sample._asdict() for sample in one.ours],
                    "theirs": [sample._asdict() for sample in one.theirs],
                }
                for one in row.compared
            ],
        }
        for row in rows
    ]
    return json.dumps({"machine": machine, "cases": cases}, indent=1)


#: Pixels: the picture's width, a bar's height and distance, where names and bars start, the length
#: of a ratio of 1; and the ratio at which a bar is cut.
_WIDTH, _BAR, _STEP, _NAMES, _LEFT, _ONE = 760, 14, 18, 150, 250, 110
_MOST = 4.0

#: It must be readable on white and on black pages.
_STYLE = """
text { font: 12px sans-serif; fill: #1f2328 } .title { font-size: 15px; font-weight: bold }
.case { font-weight: bold } .note { fill: #59636e }
.better { fill: #2da44e } .worse { fill: #d4772c } .spread { stroke: #1f2328 }
.even { stroke: #59636e; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .note { fill: #9198a1 } .better { fill: #3fb950 } .worse { fill: #db8b45 }
.spread { stroke: #e6edf3 } .even { stroke: #9198a1 } }
"""


def as_svg(rows: list[Row]) -> str:
    """Return the picture: a bar for each case and program; at the line, both are equal."""
    parts, top = [], 58.0
    for row in rows:
        # Bytes and instructions are not a speed; what only pync can do has no counterpart.
        speed = row.unit not in ("B", "I")
        others = [one for one in row.compared if speed and one.name != ITSELF]
        if others:
            parts.append(_text(10, top, escape(row.name), "case"))
        for one in others:
            parts += _bar(one, top)
            top += _STEP
        top += 8 if others else 0
    end = _LEFT + _ONE
    even = f'<line class="even" x1="{end}" x2="{end}" y1="42" y2="{top:.0f}"/>'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + 26:.0f}">',
            f"<style>{_STYLE}</style>",
            _text(10, 16, "How many times faster pync is", "title"),
            _text(10, 34, f"the median of pairs in turn, and their spread; {_machine()}", "note"),
            *parts,
            even,
            _text(end, top + 14, "equal", "note", 'text-anchor="middle"'),
            "</svg>\n",
        ]
    )


def _bar(one: Compared, top: float) -> list[str]:
    low, middle, high = spread(one.ratios())
    width, least, most = (min(value, _MOST) * _ONE for value in (middle, low, high))
    centre = top - _BAR / 2 + 3
    kind = "better" if middle >= 1 else "worse"
    said = f"{middle:.2f}" if middle < 10 else f"{middle:.0f}"
    return [
        _text(_NAMES, top, escape(one.name)),
        f'<rect class="{kind}" x="{_LEFT}" y="{top - _BAR + 3:.1f}" width="{width:.1f}" '
        f'height="{_BAR}"/>',
        f'<line class="spread" x1="{_LEFT + least:.1f}" x2="{_LEFT + most:.1f}" '
        f'y1="{centre:.1f}" y2="{centre:.1f}"/>',
        _text(round(_LEFT + max(width, most) + 6), top, said),
    ]


def _text(left: float, top: float, said: str, kind: str = "", more: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{left}" y="{top:.0f}" {more}>{said}</text>'


def _machine() -> str:
    return (
        f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores"
    )


def _cpu_ratio(one: Compared) -> float | None:
    ratios = one.ratios(lambda sample: sample.cpu)
    return spread(ratios)[1] if ratios else None


def _cpu(unit: str, samples: list[Sample]) -> str:
    seconds = spread([sample.cpu / (sample.amount or 1) for sample in samples])[1]
    if not seconds:
        return "-"
    return {
        "GB/s": lambda: f"{seconds * 2**30:.2f} s/GiB",
        "ms": lambda: f"{seconds * 1e3:.1f} ms",
    }.get(unit, lambda: f"{seconds * 1e6:.1f} us")()


def _memory(samples: list[Sample]) -> str:
    most = max(sample.memory for sample in samples)
    return f"{most / 1e6:.1f} MB" if most > 1e5 else "-"


def _shown(unit: str, samples: list[Sample]) -> str:
    seconds = spread([sample.seconds for sample in samples])[1]
    amount = samples[0].amount
    return {
        "GB/s": lambda: f"{amount / seconds / 1e9:.2f} GB/s",
        "/s": lambda: f"{amount / seconds:,.0f}/s",
        "ms": lambda: f"{seconds / amount * 1000:.1f} ms",
        "I": lambda: f"{seconds / 1e6:,.0f} million",
        "B": lambda: f"{seconds:,.0f} B",
    }[unit]()
