"""Waiting for things that make no descriptor ready: acknowledgements, silence, and a reset.

All functions poll, by timers of the relay, which are cancelled at its end.
"""

from __future__ import annotations

import errno
import os
import time

from ..core.deadline import Deadline
from ..core.endings import Endings
from ..core.typed import Callable, NamedTuple, Protocol
from ..transports.conn import Conn
from .flow import Flow
from .pipeline import Moved
from .protocols import unacknowledged

#: Seconds to wait until the peer's kernel has acknowledged the last bytes, and between two checks.
ACKNOWLEDGEMENT = 5.0
ACKNOWLEDGEMENT_LOOK = 0.005

#: Seconds between two checks for a reset.
RESET_LOOK = 1.0

#: Seconds between two checks of whether the peer is silent.
SILENCE_LOOK = 0.05


class Movement(NamedTuple):
    """How much had moved at the last movement, and its time (time.monotonic)."""

    moved: Moved
    at: float


class Direction(Protocol):
    """One direction: a Flow, or a part of a DirectRelay."""

    #: Whether nothing more will move.
    over: bool


#: Calls a function after so many seconds.
CallLater = Callable[[float, Callable[[], None]], None]


def when_acknowledged(
    remote: Conn,
    call_later: CallLater,
    is_over: Callable[[], bool],
    finished: Callable[[OSError | None], None],
) -> None:
    """Call ``finished`` when all sent bytes are acknowledged, or with the connection's error.

    An RST before that means that bytes were lost. The relay must receive the peer's bytes in the
    meantime: closing with unread input would send an RST (RFC 1122 4.2.2.13), which can overtake
    the data.

    Arguments:
        remote: the peer.
        is_over: returns whether to stop waiting.
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
    """Call ``silent`` when our EOF is due; it is held back until the peer is silent.

    Arguments:
        endings: the time of silence; where they never send EOF, ``silent`` is not called.
        last: the last movement.
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
    """Call ``silent`` when nothing has moved in either direction for so long.

    It is not called when the peer ends before that.

    Arguments:
        remote: the peer; bytes that it has not acknowledged count as moving.
        inbound: the flow from it; bytes that our slow reader has not taken count as moving.
        seconds: the time of silence.
        since: the time of the last movement (time.monotonic).
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
    remote: Conn, outbound: Direction, call_later: CallLater, broke: Callable[[OSError], None]
) -> None:
    """Call ``broke`` with the error if the peer resets while our input is silent.

    No read or write reports the reset then.

    Arguments:
        remote: a peer that has ended.
        outbound: the flow to it; once it is over, the checks end.
    """
    if outbound.over:
        return
    try:
        unacknowledged(remote)
    except OSError as error:
        if error.errno == errno.EPIPE:
            # Linux reports an RST after a FIN as EPIPE, although nothing was written here.
            error = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        broke(error)
    else:
        call_later(RESET_LOOK, lambda: when_broken(remote, outbound, call_later, broke))


def _all_arrived(remote: Conn, inbound: Flow) -> bool:
    try:
        return inbound.waits_for_source and unacknowledged(remote) == 0
    except OSError:
        return True  # the connection is broken; its flows report that
