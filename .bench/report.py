"""What was measured, three times: a table for the terminal, JSON, a picture (SVG)."""

from __future__ import annotations

import json
import platform
from html import escape
from typing import NamedTuple

from measure import Compared, Sample, spread


class Row(NamedTuple):
    """One case: what it is, what it should be, and what came out."""

    name: str
    what: str
    goal: str
    unit: str
    compared: list[Compared]
    skipped: list[str]


def table(rows: list[Row]) -> str:
    """For the terminal: a line for each case and program."""
    lines = [
        f"{'case':22} {'against':11} {'ratio':>6} {'lowest':>7} {'highest':>7} "
        f"{'ours':>12} {'theirs':>12} {'CPU':>6}"
    ]
    for row in rows:
        for one in row.compared:
            low, middle, high = spread(one.ratios())
            cpu = _cpu_ratio(one)
            lines.append(
                f"{row.name:22} {one.name:11} {middle:6.2f} {low:7.2f} {high:7.2f} "
                f"{_shown(row.unit, one.ours):>12} {_shown(row.unit, one.theirs):>12} "
                f"{f'{cpu:.2f}' if cpu else '-':>6}"
            )
        lines += [f"{row.name:22} SKIP {reason}" for reason in row.skipped]
        if row.goal:
            lines.append(f"{'':22} goal: {row.goal}")
    lines.append(
        "ratio: theirs by ours, pair by pair, median; above 1 pync is better. CPU likewise."
    )
    return "\n".join(lines)


def as_json(rows: list[Row]) -> str:
    """Everything, for programs."""
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
                    "ours": [sample._asdict() for sample in one.ours],
                    "theirs": [sample._asdict() for sample in one.theirs],
                }
                for one in row.compared
            ],
        }
        for row in rows
    ]
    return json.dumps({"machine": machine, "cases": cases}, indent=1)


#: Pixels: width, height of a bar, left margin; how far a ratio of 1 lies from it.
_WIDTH, _BAR, _LEFT, _ONE = 760, 18, 250, 110
_MOST = 4.0


def as_svg(rows: list[Row]) -> str:
    """One picture: a bar for each case and program; the line is where both are equal."""
    bars = [(row, one) for row in rows for one in row.compared]
    height = 50 + len(bars) * (_BAR + 6)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        '<text x="10" y="20" font-size="14">pync beside the others: how many times faster '
        "(median, with the spread of the pairs)</text>",
    ]
    for number, (row, one) in enumerate(bars):
        low, middle, high = (min(value, _MOST) for value in spread(one.ratios()))
        top = 36 + number * (_BAR + 6)
        color = "#2a7" if middle >= 1 else "#c73"
        label = escape(f"{row.name} / {one.name}")
        centre = top + _BAR / 2
        parts += [
            f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end">{label}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{middle * _ONE:.1f}" height="{_BAR}" '
            f'fill="{color}"/>',
            f'<line x1="{_LEFT + low * _ONE:.1f}" x2="{_LEFT + high * _ONE:.1f}" y1="{centre}" '
            f'y2="{centre}" stroke="#333"/>',
            f'<text x="{_LEFT + max(middle, high) * _ONE + 6:.1f}" y="{top + 13}">'
            f"{spread(one.ratios())[1]:.1f}x</text>",
        ]
    parts.append(
        f'<line x1="{_LEFT + _ONE}" x2="{_LEFT + _ONE}" y1="30" y2="{height - 8}" '
        'stroke="#000" stroke-dasharray="3 3"/></svg>'
    )
    return "\n".join(parts) + "\n"


def _cpu_ratio(one: Compared) -> float | None:
    ratios = one.ratios(lambda sample: sample.cpu / sample.amount if sample.amount else sample.cpu)
    return spread(ratios)[1] if ratios else None


def _shown(unit: str, samples: list[Sample]) -> str:
    seconds = spread([sample.seconds for sample in samples])[1]
    amount = samples[0].amount
    return {
        "GB/s": lambda: f"{amount / seconds / 1e9:.2f} GB/s",
        "/s": lambda: f"{amount / seconds:,.0f}/s",
        "s": lambda: f"{seconds:.2f} s",
        "ms": lambda: f"{seconds / amount * 1000:.1f} ms",
        "B": lambda: f"{seconds:,.0f} B",
    }[unit]()
