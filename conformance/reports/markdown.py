"""summary.md, for $GITHUB_STEP_SUMMARY, and the ::error lines of GitHub Actions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.verdict import MEANING, RED, Exit
from .results import Results

#: The most failures shown in full, and characters of each; a step's summary may have 1 MiB.
_WHOLE, _MESSAGE = 20, 3000

#: The most annotations that GitHub shows for one step.
_ANNOTATIONS = 10


def write_markdown(path: Path, results: Results) -> None:
    """Write the summary of a run."""
    path.write_text(summary(results), encoding="utf-8", errors="backslashreplace")


def summary(results: Results) -> str:
    """Return the run as Markdown: the verdict, a table of profiles, the failures."""
    exit_ = Exit(results.footer["exit"])
    verdict = results.footer.get("score") or MEANING[exit_]
    lines = [
        f"## {verdict}: {_code(str(results.header['target']))}",
        "",
        *_line(results),
        "| profile | " + " | ".join(_columns(results)) + " |",
        "|---|" + "---:|" * len(_columns(results)),
    ]
    for profile in results.header["profiles"]:
        counts = [
            sum(row["profile"] == profile and row["verdict"] == verdict for row in results.results)
            for verdict in _columns(results)
        ]
        lines.append(f"| {profile} | " + " | ".join(map(str, counts)) + " |")
    for fault in [*results.footer["stale"], *results.footer["faults"]]:
        lines += ["", f"- {_code(fault.splitlines()[0])}"]
    red = [row for row in results.results if row["verdict"] in RED]
    for row in red[:_WHOLE]:
        lines += ["", *_failure(row)]
    if len(red) > _WHOLE:
        lines += ["", f"and {len(red) - _WHOLE} more: see matrix.html"]
    return "\n".join(lines) + "\n"


def workflow_commands(results: Results) -> list[str]:
    """Return a workflow command for each failure, up to the number that GitHub shows."""
    red = [row for row in results.results if row["verdict"] in RED]
    lines = []
    for row in red[:_ANNOTATIONS]:
        title = f"{row['id']} over {row['transport']}"
        lines.append(f"::error title={_property(title)}::{_data(row['message'])}")
    return lines


def _line(results: Results) -> list[str]:
    link = results.header.get("link")
    return [f"over the line {_code('; '.join(link))}", ""] if link else []


def _columns(results: Results) -> list[str]:
    order = ("PASS", "FAIL", "FLAKY", "ERROR", "WARN", "XFAIL", "XPASS", "SKIP")
    return [verdict for verdict in order if results.footer["counts"].get(verdict)]


def _failure(row: dict[str, Any]) -> list[str]:
    first = (row["message"].splitlines() or [""])[0]
    fence = "`" * max(3, 1 + _longest_run(row["message"], "`"))
    return [
        f"<details><summary>{row['verdict']} {_escaped(first)}</summary>",
        "",
        f"{fence}text",
        _printable(row["message"][:_MESSAGE]),
        fence,
        "",
        "</details>",
    ]


def _longest_run(text: str, letter: str) -> int:
    longest = 0
    while letter * (longest + 1) in text:
        longest += 1
    return longest


def _code(text: str) -> str:
    fence = "`" * (1 + _longest_run(text, "`"))
    space = " " if "`" in text else ""
    return f"{fence}{space}{_printable(text)}{space}{fence}"


def _escaped(text: str) -> str:
    return _printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _printable(text: str) -> str:
    return "".join(one if one == "\n" or one.isprintable() else ascii(one)[1:-1] for one in text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
