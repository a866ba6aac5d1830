"""Waiting for what wakes nobody up: acknowledgements, silence, and a reset.

All look again and again, by timers of the relay's, which are cancelled when it is over.
"""

# No postponed annotations: NamedTuple compiles each as text (typing.ForwardRef) at every start.

import errno
import os
import time
from collections.abc import Callable
from typing import NamedTuple

from ..core.deadline import Deadline
from ..core.endings import Endings
from ..transports.conn import Conn
from .flow import Flow
from .pipeline import Moved
from .protocols import unacknowledged

#: Seconds to wait for the peer's kernel to acknowledge what was sent last, and between two looks.
ACKNOWLEDGEMENT = 5.0
ACKNOWLEDGEMENT_LOOK = 0.005

#: Seconds between two looks for a reset.
RESET_LOOK = 1.0

#: Seconds between two looks at whether the peer is silent.
SILENCE_LOOK = 0.05


class Movement(NamedTuple):
    """How much had moved, and when the last of it did (time.monotonic)."""

    moved: Moved
    at: float


#: Calls a function after so many seconds.
CallLater = Callable[[float, Callable[[], None]], None]


def when_acknowledged(
    remote: Conn,
    call_later: CallLater,
    is_over: Callable[[], bool],
    finished: Callable[[OSError | None], None],
) -> None:
    """Call ``finished`` when all that was sent is acknowledged, or with the error that came.

    An RST that comes meanwhile means that something was lost. What still comes from the peer
    has to be received meanwhile: closing with unread input would be an RST (RFC 1122
    4.2.2.13), which can overtake the data.

    Arguments:
        remote: the peer.
        is_over: whether not to wait any longer.
    """
    deadline = Deadline(ACKNOWLEDGEMENT)

    def look() -> None:
        try:
            waits = unacknowledged(remote) > 0
        except OSError as error:
            finished(error)
            return
        if waits and not (deadline.passed or is_over()):
            call_later(ACKNOWLEDGEMENT_LOOK, look)
        else:
            finished(None)

    look()


def hold_back(
    endings: Endings,
    last: Movement | None,
    flows: tuple[Flow, Flow],
    remote: Conn,
    call_later: CallLater,
    silent: Callable[[], None],
) -> None:
    """Call ``silent`` when our EOF is due, which is held back until the peer is silent.

    Arguments:
        endings: how long; nothing is called where EOF is not sent at all.
        last: what has moved last.
        flows: outbound and inbound.
        remote: the peer.
    """
    outbound, inbound = flows
    seconds = endings.eof_after
    if last and seconds is not None and (outbound.moved or endings.eof_of_nothing):
        seconds = seconds if endings.idle is None else min(seconds, endings.idle / 2)
        when_silent(remote, inbound, seconds, last.at, call_later, silent)


def when_silent(
    remote: Conn,
    inbound: Flow,
    seconds: float,
    since: float,
    call_later: CallLater,
    silent: Callable[[], None],
) -> None:
    """Call ``silent`` when nothing has moved either way for so long, unless the peer ends.

    Arguments:
        remote: the peer; what it has not acknowledged still moves.
        inbound: what comes from it; what a slow reader of ours has not taken still moves.
        seconds: of silence.
        since: when something has moved last (time.monotonic).
    """
    received = inbound.moved

    def look() -> None:
        nonlocal received, since
        if inbound.over:
            return
        now = time.monotonic()
        if inbound.moved != received or not _all_arrived(remote, inbound):
            received, since = inbound.moved, now
        left = since + seconds - now
        if left <= 0:
            silent()
        else:
            call_later(min(left, SILENCE_LOOK), look)

    look()


def when_broken(
    remote: Conn, outbound: Flow, call_later: CallLater, broke: Callable[[OSError], None]
) -> None:
    """Call ``broke`` with the error if the peer resets while our input is silent.

    Nothing is read or written then that would tell.

    Arguments:
        remote: a peer that has ended.
        outbound: what is sent to it; once it is over, nothing is looked for.
    """
    if outbound.over:
        return
    try:
        unacknowledged(remote)
    except OSError as error:
        if error.errno == errno.EPIPE:
            # Linux's name for an RST that comes after a FIN; nothing was written here.
            error = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        broke(error)
    else:
        call_later(RESET_LOOK, lambda: when_broken(remote, outbound, call_later, broke))


def _all_arrived(remote: Conn, inbound: Flow) -> bool:
    try:
        return inbound.waits_for_source and unacknowledged(remote) == 0
    except OSError:
        return True  # the connection has broken; its flows report it
