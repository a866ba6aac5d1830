r"""The states of one direction, as a table. No I/O.

A direction is open until its source ends; then it writes the data that is left (draining);
then it has ended, and only then is EOF passed on (RFC 9293 3.6: FIN follows the data).
Any error breaks it, and a broken direction stays broken.

        source_eof           drained
    OPEN --------> DRAINING --------> ENDED
      \________________|
            failed    --> BROKEN
"""

from __future__ import annotations

from ..core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal

    #: Which end broke the direction; "" if neither did.
    FailedEnd = Literal["", "source", "sink"]

OPEN, DRAINING, ENDED, BROKEN = "open", "draining", "ended", "broken"

#: (state, event) -> next state. Pairs that are missing cannot occur.
TRANSITIONS = {
    (OPEN, "source_eof"): DRAINING,
    (OPEN, "failed"): BROKEN,
    (DRAINING, "drained"): ENDED,
    (DRAINING, "failed"): BROKEN,
    (ENDED, "failed"): ENDED,
    (BROKEN, "failed"): BROKEN,
}


def after(state: str, event: str) -> str:
    """Return the next state. Raises KeyError for an event that cannot occur in this state."""
    return TRANSITIONS[state, event]


def is_over(state: str) -> bool:
    """Return whether nothing more will move."""
    return state in (ENDED, BROKEN)
