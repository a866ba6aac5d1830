"""The conclusion with its evidence, and the findings that several kinds of server share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .seen import Seen
from .talk import quoted
from .texts import value_of


class Row(NamedTuple):
    """One finding: its subject, the finding, and what was sent and answered."""

    heading: str
    finding: str
    evidence: str


@dataclass
class Conclusion:
    """A profile with its parameters; or the nearest one, with the reason why it does not fit."""

    profile: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    because: str = ""
    #: Whether the server ends with its clients, or with one of them.
    ends: bool = False
    rows: list[Row] = field(default_factory=list)
    #: Remarks for a person: another profile that fits, a server that ends.
    remarks: list[str] = field(default_factory=list)

    def add(self, heading: str, finding: str, evidence: object) -> None:
        """Add a finding."""
        self.rows.append(Row(heading, finding.replace("\\;", ";"), str(evidence)))

    def no(self, nearest: str, because: str) -> Conclusion:
        """Record that no profile fits, and why the nearest one does not."""
        self.profile, self.because = nearest, because
        return self


def said_at_start(found: Conclusion, key: str, samples: list[bytes]) -> str | None:
    """Add what the server sends first, as a text or a pattern; return None if it is neither."""
    value = value_of(samples)
    different = list(dict.fromkeys(samples))[:2]
    evidence = " and ".join(map(quoted, different))
    if value is None:
        found.add(key, "varies", f"connected  answered {evidence}")
        return None
    found.add(key, str(value), f"connected  answered {evidence}")
    found.settings[key] = value
    return value


def note_clients(seen: Seen, found: Conclusion) -> None:
    """Add whether clients are served at the same time."""
    if not seen.clients:
        return
    found.add("clients", seen.clients, seen.clients_because)
    if seen.clients == "1":
        found.settings["clients"] = "1"
    if seen.one_shot:
        found.ends = True
        found.remarks.append(
            "it serves one client and ends; run needs a server that stays, and will say so"
        )


def without_greeting(profile: str, seen: Seen, found: Conclusion, greeting: str) -> Conclusion:
    """Return a profile without a greeting; it does not fit if there is a greeting."""
    if greeting:
        found.settings.pop("greeting")
        return found.no(profile, f"it sends something at the start: {seen.listened}")
    found.profile = profile
    return found
