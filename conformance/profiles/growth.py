"""Descriptors that a server keeps: judged by their growth over some hundred connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..core.verdict import NotJudged, Violation
from ..scenario.session import Session

#: Connections over which the growth is judged, made in batches; and the growth of descriptors
#: that is nothing (logs, a thread more).
CONNECTIONS, BATCH, GROWTH = 200, 50, 10

#: How many times as many connections a pool may take to be full; the descriptors for each
#: connection that no pool takes, which holds what a batch needs at most; and the seconds in
#: which the ends of a batch arrive.
GROWTH_WINDOWS, LEAK_SHARE, ENDS_ARRIVE = 4, 0.9, 0.5


def leaves_no_descriptor(session: Session, run_batch: Callable[[int], None]) -> None:
    """Batch after batch, the number of the server's descriptors does not go on growing.

    A pool, a cache or a thread for each core grows too, up to the number of clients at a time,
    and then stops; a leak grows for ever. So what is judged is the growth over the last
    CONNECTIONS connections, and a server has GROWTH_WINDOWS times as many to stop growing.

    Arguments:
        run_batch: makes the batch of that number, of BATCH clients.
    Raises Violation.
    """
    process, window = session.process, CONNECTIONS // BATCH
    run_batch(0)
    counts = [_settled(session, lambda _: True)]
    for batch in range(1, GROWTH_WINDOWS * window + 1):
        run_batch(batch)
        if batch < window:
            # Settled too: what has just ended counts for nothing in the growth.
            counts.append(_settled(session, lambda _: True, ENDS_ARRIVE))
            continue
        before = counts[-window]
        # At once if it is little; what has just ended may still be on its way to be closed. On
        # a loaded machine that is true of what was counted before, too: the least of the
        # window is nearest to what the server keeps, and a leak must not hide behind the rest.
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
    """The number of descriptors, once enough or once it has stopped falling.

    Arguments:
        timeout: seconds that it may take to become enough; None is the deadline.
    """
    process = session.process
    session.let_arrive()
    count = process.descriptors()
    if count is None:
        raise NotJudged("descriptors cannot be counted on this platform")
    with session.budget.stopped():
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
