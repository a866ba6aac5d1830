r"""The life of one direction, as a table. No I/O.

A direction is open until its source ends; then it drains what is still to be written;
then it has ended, and only then is EOF passed on (RFC 9293 3.6: FIN follows the data).
Anything that goes wrong breaks it, and what breaks stays broken.

        source_eof           drained
    OPEN --------> DRAINING --------> ENDED
      \________________|
            failed    --> BROKEN
"""

from __future__ import annotations

from typing import Literal

#: Whose fault it is that a direction broke; "": it has not.
FailedEnd = Literal["", "source", "sink"]

OPEN, DRAINING, ENDED, BROKEN = "open", "draining", "ended", "broken"

#: (state, event) -> next state. What is missing cannot happen.
TRANSITIONS = {
    (OPEN, "source_eof"): DRAINING,
    (OPEN, "failed"): BROKEN,
    (DRAINING, "drained"): ENDED,
    (DRAINING, "failed"): BROKEN,
    (ENDED, "failed"): ENDED,
    (BROKEN, "failed"): BROKEN,
}


def after(state: str, event: str) -> str:
    """Return the state that follows; KeyError for what cannot happen."""
    return TRANSITIONS[state, event]


def is_over(state: str) -> bool:
    """Return whether nothing more will move."""
    return state in (ENDED, BROKEN)
