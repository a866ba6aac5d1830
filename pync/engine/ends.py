"""How the two sides of a relay ended, in a word each."""

from __future__ import annotations

import errno
from typing import NamedTuple

from ..core.broken import FaultError, TruncatedError
from ..core.errors import cause_of
from .direction import DRAINING, ENDED
from .flow import Flow

#: FIN; RST; an end without close_notify; a fault of the link, before it; nothing of these.
END, RESET, TRUNCATED, FAULT, OPEN = "end", "reset", "truncated", "fault", "open"

#: What the other side of an RST is told, by what it does.
_RESETS = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN})


class Ends(NamedTuple):
    """How each side ended."""

    local: str
    remote: str


def ends_of(outbound: Flow, inbound: Flow, failure: Exception | None, remote: object) -> Ends:
    """Return how the sides of a relay ended whose flows these are.

    Arguments:
        failure: of the relay; it may have seen a reset that the flows have not.
        remote: the address that such a failure is about, if it is the remote side's.
    """
    local, there = _end(outbound, inbound), _end(inbound, outbound)
    told = RESET in (local, there) or FAULT in (local, there)
    if isinstance(failure, OSError) and failure.errno in _RESETS and not told:
        if getattr(failure, "address", None) == remote:
            there = RESET
        else:
            local = RESET
    return Ends(local, there)


def _end(reads: Flow, writes: Flow) -> str:
    """Return how the side ended that one flow reads from and the other one writes to."""
    for flow, end in ((reads, "source"), (writes, "sink")):
        if flow.error is not None and flow.failed_end == end:
            if isinstance(flow.error, TruncatedError):
                return TRUNCATED
            if isinstance(flow.error, FaultError):
                return FAULT
            return RESET if flow.error.errno in _RESETS else cause_of(flow.error)
    return END if reads.state in (DRAINING, ENDED) else OPEN
