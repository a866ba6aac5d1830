"""A server that has died: it explains what its clients saw."""

from __future__ import annotations

from ..core.verdict import Violation
from ..targets.process import Process

#: Kinds of violation after which the server may turn out to have died; it is given
#: DYING seconds to be seen dead, so that the message tells the cause and not a symptom.
MAY_HAVE_DIED = frozenset(
    {
        "refused",
        "no-handshake",
        "ended-early",
        "reset-early",
        "closed-early",
        "rst-instead-of-fin",
        "extra-bytes",
    }
)


DYING = 2.0


def check_alive(process: Process) -> None:
    """Raises Violation, with the last lines of the server, if it has died."""
    if not process.alive:
        violation = Violation("died", f"the server died ({process.ending})")
        violation.server_output = process.last_lines()
        raise violation


def explain(violation: Violation, process: Process) -> None:
    """Turn a violation into "the server died" if it has, with its last lines."""
    if violation.kind in MAY_HAVE_DIED:
        process.wait(DYING)
    if not process.alive:
        violation.kind = "died"
        violation.summary = f"the server died ({process.ending}): {violation.summary}"
        violation.server_output = process.last_lines()
