"""Known failures: a TOML file that names them, with a reason and an expiry date.

    [[expected]]
    id = "echo/half-close"          # * stands for any text (echo/sigterm-*)
    transport = "tcp"               # optional
    signature = "ended-early"       # optional: how it fails
    reason = "issue 12"
    until = 2030-01-31              # optional
    flaky = true                    # optional: it fails sometimes, and may pass

An entry is stale if its requirement passes or fails in another way, if it names no requirement,
or if it has expired; stale is red. A requirement that a run did not judge (``--case``, another
profile) does not make an entry stale.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import toml
from ..core.verdict import Verdict, WrongUsage
from ..scenario.requirement import matches
from ..targets.address import TRANSPORTS

if TYPE_CHECKING:
    from . import Case

_KEYS = {"id": str, "transport": str, "signature": str, "reason": str, "flaky": bool}

#: Verdicts that confirm an entry, and those that contradict it.
_FAILS, _HOLDS = ("FAIL", "FLAKY", "WARN", "XFAIL"), ("PASS", "XPASS")


class Expected(NamedTuple):
    """One entry of the file."""

    id: str
    reason: str
    transport: str | None = None
    signature: str | None = None
    until: datetime.date | None = None
    flaky: bool = False

    def covers(self, identity: str, transport: str) -> bool:
        """Return whether the entry is about this requirement over this transport."""
        return matches(self.id, identity) and self.transport in (None, transport)

    def unjudged(self, results: list[dict[str, Any]], requirements: Iterable[str]) -> list[str]:
        """Return the requirements named by the entry for which a run has no verdict."""
        seen = [one for one in results if self.covers(one["id"], one["transport"])]
        judged = {one["id"] for one in seen if one["verdict"] in (*_FAILS, *_HOLDS)}
        # It may have been judged over one transport, but could still fail over another one.
        judged -= {one["id"] for one in seen if one["verdict"] == "ERROR" or _was_left(one)}
        named = [name for name in requirements if matches(self.id, name)]
        return [name for name in named if name not in judged]


class Expectations:
    """The entries in force.

    Arguments:
        entries: the entries of the file.
        today: the date by which entries expire.
    """

    def __init__(self, entries: list[Expected], today: datetime.date | None = None) -> None:
        self.entries = entries
        self._today = today or datetime.date.today()

    def as_plain(self) -> dict[str, Any]:
        """Return the entries and the date as plain values, for another process."""
        entries = [{**one._asdict(), "until": one.until and str(one.until)} for one in self.entries]
        return {"today": str(self._today), "entries": entries}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Expectations:
        """Return the expectations from the result of as_plain()."""
        date = datetime.date.fromisoformat
        entries = [
            {**one, "until": one["until"] and date(one["until"])} for one in plain["entries"]
        ]
        return cls([Expected(**one) for one in entries], date(plain["today"]))

    def apply(
        self, case: Case, verdict: Verdict, signature: str, message: str
    ) -> tuple[Verdict, str]:
        """Return the verdict with known failures taken into account, and the message."""
        for entry in self.entries:
            if not entry.covers(case.requirement.id, case.transport) or self._expired(entry):
                continue
            if verdict == Verdict.PASS and entry.flaky:
                return verdict, message
            if verdict == Verdict.PASS:
                return Verdict.XPASS, f"passes, although a failure is expected: {entry.reason}"
            if verdict == Verdict.FLAKY and not entry.flaky:
                always = f"  expected  to fail always ({entry.reason}); write flaky = true"
                return verdict, f"{message}\n{always}"
            if verdict in (Verdict.FAIL, Verdict.WARN, Verdict.FLAKY):
                if entry.signature in (None, signature):
                    return Verdict.XFAIL, message
                other = f"  expected  to fail as {entry.signature!r} ({entry.reason})"
                return verdict, f"{message}\n{other}, and failed as {signature!r}"
        return verdict, message

    def expects(self, identity: str, transport: str) -> bool:
        """Return whether a failure of a requirement is expected."""
        return any(
            entry.covers(identity, transport) and not self._expired(entry) for entry in self.entries
        )

    def stale(self, results: list[dict[str, Any]], requirements: Collection[str]) -> list[str]:
        """Return one line for each entry that no failure confirms, given all results.

        Arguments:
            requirements: the ids of all that the run could judge.
        """
        lines = []
        for entry in self.entries:
            seen = [one for one in results if entry.covers(one["id"], one["transport"])]
            if self._expired(entry):
                lines.append(f"{entry.id}: the expectation expired on {entry.until}")
            elif not any(matches(entry.id, name) for name in requirements):
                lines.append(f"{entry.id}: the expectation names no requirement")
            elif entry.flaky:
                continue  # a single run in which it passes proves nothing
            elif not entry.unjudged(results, requirements) and not any(
                one["verdict"] in _FAILS for one in seen
            ):
                lines.append(f"{entry.id}: passes, although a failure is expected")
        return lines

    def _expired(self, entry: Expected) -> bool:
        return entry.until is not None and entry.until < self._today


def _was_left(result: dict[str, Any]) -> bool:
    """Return whether other failures prevented the judging (needs, --max-failures)."""
    return "needs" in result or result.get("signature") == "stopped"


def read(path: str | None) -> Expectations:
    """Read an expectations file; None gives no expectations.

    Raises WrongUsage, with the wrong line.
    """
    if path is None:
        return Expectations([])
    document = toml.read(path, f"--expect {path}")
    unknown = set(document) - {"expected"}
    if unknown:
        raise WrongUsage(f"--expect {path}: unknown key {min(unknown)!r}")
    entries = document.get("expected", [])
    if not isinstance(entries, list):
        raise WrongUsage(f"--expect {path}: write [[expected]]")
    return Expectations([_entry(path, entry) for entry in entries])


def _entry(path: str, entry: Any) -> Expected:
    if not isinstance(entry, dict):
        raise WrongUsage(f"--expect {path}: write [[expected]]")
    for key, value in entry.items():
        wanted = datetime.date if key == "until" else _KEYS.get(key)
        if wanted is None:
            raise WrongUsage(f"--expect {path}: unknown key {key!r}")
        if not isinstance(value, wanted):
            raise WrongUsage(f"--expect {path}: {key} = {value!r} is not of type {wanted.__name__}")
    for key in ("id", "reason"):
        if not entry.get(key):
            raise WrongUsage(f"--expect {path}: an entry has no {key}")
    if entry.get("transport", TRANSPORTS[0]) not in TRANSPORTS:
        known = ", ".join(TRANSPORTS)
        raise WrongUsage(f"--expect {path}: transport {entry['transport']!r} (known: {known})")
    if isinstance(entry.get("until"), datetime.datetime):
        entry["until"] = entry["until"].date()
    return Expected(**entry)
