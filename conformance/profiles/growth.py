"""Descriptor leaks of a server, judged by the growth over some hundred connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..core.verdict import NotJudged, Violation
from ..scenario.server_time import let_settle
from ..scenario.session import Session

#: The connections over which the growth is judged, the size of a batch, and the growth of
#: descriptors that is allowed (logs, another thread).
CONNECTIONS, BATCH, GROWTH = 200, 50, 10

#: The most windows of connections until a pool is full; the descriptors per connection that
#: cannot be a pool's, because a pool holds at most what a batch needs; and the seconds in which
#: the ends of a batch arrive.
GROWTH_WINDOWS, LEAK_SHARE, ENDS_ARRIVE = 4, 0.9, 0.5

#: The most seconds to wait for a server that has to wait for a processor.
STARVED = 5.0


def leaves_no_descriptor(session: Session, run_batch: Callable[[int], None]) -> None:
    """Check that the number of the server's descriptors stops growing after some batches.

    A pool, a cache or a thread for each core grows too, up to the number of clients at a time,
    and then stops; a leak grows for ever. So what is judged is the growth over the last
    CONNECTIONS connections, and a server has GROWTH_WINDOWS times as many to stop growing.

    Arguments:
        run_batch: runs the batch with this number, of BATCH clients.
    Raises Violation.
    """
    process, window = session.process, CONNECTIONS // BATCH
    run_batch(0)
    counts = [_settled(session, lambda _: True)]
    for batch in range(1, GROWTH_WINDOWS * window + 1):
        run_batch(batch)
        if batch < window:
            # This count is settled too: connections that have just ended are not growth.
            counts.append(_settled(session, lambda _: True, ENDS_ARRIVE))
            continue
        before = counts[-window]
        # Return at once if the growth is little; connections that have just ended may not be closed
        # yet. On a loaded machine that is true of earlier counts too: the least count of the
        # window is nearest to what the server keeps, and must not hide a leak.
        little = min(counts[-window:]) + GROWTH
        counts.append(_settled(session, _at_most(little), ENDS_ARRIVE))
        if counts[-1] <= little or not process.alive:
            break
        if batch == GROWTH_WINDOWS * window or counts[-1] >= before + CONNECTIONS * LEAK_SHARE:
            counts[-1] = _settled(session, _at_most(before + GROWTH))
            if counts[-1] <= before + GROWTH:
                break
            if batch == GROWTH_WINDOWS * window or counts[-1] >= before + CONNECTIONS * LEAK_SHARE:
                raise _leak(session, counts, window)
    session.transcript.note("server", f"{counts[0]} descriptors before, {counts[-1]} after")


def _leak(session: Session, counts: list[int], window: int) -> Violation:
    told = ", ".join(map(str, counts))
    session.transcript.note("server", f"descriptors after each {BATCH} connections: {told}")
    return Violation(
        "descriptor-leak",
        f"the last {CONNECTIONS} of {(len(counts) - 1) * BATCH} connections grew the server's "
        f"open descriptors from {counts[-1 - window]} to {counts[-1]}",
    )


def _at_most(most: int) -> Callable[[int], bool]:
    return lambda count: count <= most


def _settled(session: Session, enough: Callable[[int], bool], timeout: float | None = None) -> int:
    """Return the number of descriptors as soon as it is low enough or has stopped falling.

    Arguments:
        timeout: the seconds that this may take; None is the deadline.
    """
    process = session.process
    session.let_arrive()
    if process.descriptors() is None:
        raise NotJudged("descriptors cannot be counted on this platform")
    with session.budget.stopped():
        # On a busy machine, connections that it has not closed yet would be in all counts, or in
        # the first ones only: then twenty descriptors that a leak keeps do not count as growth.
        let_settle(process, ENDS_ARRIVE, STARVED)
        count = process.descriptors() or 0
        for _ in _looks(session.deadline if timeout is None else timeout):
            now = process.descriptors() or 0
            if now >= count and enough(now):
                return now
            count = now
            if process.wait(0.05):
                break
    return count


def _looks(seconds: float) -> Iterator[int]:
    yield from range(int(seconds / 0.05))
