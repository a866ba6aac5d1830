"""Compare two runs: find the changes between their results. No I/O."""

from __future__ import annotations

from typing import NamedTuple

from .results import Results

_GREEN = frozenset({"PASS", "WARN", "SKIP", "XFAIL"})


class Change(NamedTuple):
    """One case with a different verdict or way to fail; ``-`` if it was not judged."""

    case: str
    before: str
    after: str

    @property
    def worse(self) -> bool:
        """Whether the case was green and is red now."""
        return _is_green(self.before) and not _is_green(self.after)

    @property
    def better(self) -> bool:
        """Whether the case was judged and is green now; an unjudged case may be unchanged."""
        return _is_green(self.after) and _word(self.after) not in ("-", "SKIP")

    def __str__(self) -> str:
        sign = "-" if self.worse else "+" if self.better else " "
        return f"{sign} {self.case}: {self.before} -> {self.after}"


def changes(before: Results, after: Results) -> list[Change]:
    """Return all cases that have changed, those that became worse first."""
    was, now = _verdicts(before), _verdicts(after)
    found = [
        Change(case, was.get(case, "-"), now.get(case, "-"))
        for case in dict.fromkeys([*was, *now])
        if was.get(case) != now.get(case)
    ]
    return sorted(found, key=lambda change: not change.worse)


def _verdicts(results: Results) -> dict[str, str]:
    return {
        f"{row['id']} over {row['transport']}{' ' + row['mutant'] if 'mutant' in row else ''}": (
            f"{row['verdict']} ({row['signature']})" if row["signature"] else row["verdict"]
        )
        for row in results.results
    }


def _is_green(verdict: str) -> bool:
    return verdict == "-" or _word(verdict) in _GREEN


def _word(verdict: str) -> str:
    return verdict.split(maxsplit=1)[0]
