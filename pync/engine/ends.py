"""How the two sides of a relay ended, in one word for each."""

from __future__ import annotations

import errno

from ..core.broken import FaultError, TruncatedError
from ..core.errors import cause_of
from ..core.typed import NamedTuple
from .direction import DRAINING, ENDED
from .flow import Flow

#: By FIN; by RST; without TLS close_notify; by a simulated fault before the end; not ended.
END, RESET, TRUNCATED, FAULT, OPEN = "end", "reset", "truncated", "fault", "open"

#: The errors that a reset connection raises; which one depends on the call.
_RESETS = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN})


class Ends(NamedTuple):
    """How each side ended."""

    local: str
    remote: str


def ends_of(outbound: Flow, inbound: Flow, failure: Exception | None, remote: object) -> Ends:
    """Return how the two sides of a relay with these flows ended.

    Arguments:
        failure: the relay's; it may be a reset that the flows have not seen.
        remote: the remote side's address; a failure about it is the remote side's.
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
    """Return how the side ended that ``reads`` reads from and ``writes`` writes to."""
    for flow, end in ((reads, "source"), (writes, "sink")):
        if flow.error is not None and flow.failed_end == end:
            if isinstance(flow.error, TruncatedError):
                return TRUNCATED
            if isinstance(flow.error, FaultError):
                return FAULT
            return RESET if flow.error.errno in _RESETS else cause_of(flow.error)
    return END if reads.state in (DRAINING, ENDED) else OPEN
