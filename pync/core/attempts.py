"""Which address of a name to try, and when (RFC 8305, "Happy Eyeballs"). Pure.

A driver makes the connections and brings the time; this decides what is due.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain, zip_longest
from typing import Generic, TypeVar

#: RFC 8305 section 5, Connection Attempt Delay: seconds before the next address is tried beside
#: one that has not answered, and the least that this may be.
DELAY = 0.25
LEAST_DELAY = 0.01

Item = TypeVar("Item")


class Attempt(Generic[Item]):
    """One address being tried.

    Arguments:
        endpoint: the address.
        expires: the time at which it has timed out; None is never.
    """

    def __init__(self, endpoint: Item, expires: float | None) -> None:
        self.endpoint = endpoint
        self.expires = expires


class Attempts(Generic[Item]):
    """The attempts of one dial.

    With ``happy_eyeballs`` the families take turns, the next address is started when the last
    one has failed or has not answered for a moment, and the time-out is for all of them. Without,
    addresses are tried one after another in their order, and each has the time-out for itself.

    Arguments:
        endpoints: the addresses, best first.
        family: the address family of an endpoint.
        now: the time of a clock that does not jump, in seconds.
        timeout: seconds; None: without a limit.
    """

    def __init__(
        self,
        endpoints: Iterable[Item],
        family: Callable[[Item], int],
        now: float,
        timeout: float | None = None,
        *,
        happy_eyeballs: bool = True,
    ) -> None:
        ordered = list(endpoints)
        if happy_eyeballs and len(ordered) > 1:
            ordered = interleaved(ordered, family)
        self._waiting = deque(ordered)
        self._running: list[Attempt[Item]] = []
        self._timeout = timeout
        self._expires = now + timeout if happy_eyeballs and timeout is not None else None
        self._delay = _delay(timeout, len(ordered)) if happy_eyeballs else None
        self._next_at: float | None = now

    @property
    def over(self) -> bool:
        """Whether nothing is being tried and nothing is left to try."""
        return not self._running and not self._waiting

    def due(self, now: float) -> Attempt[Item] | None:
        """Return the address to start now, if any: ask again until there is none."""
        if not self._waiting or self._next_at is None or now < self._next_at:
            return None
        expires = self._expires
        if self._delay is not None:
            self._next_at = now + self._delay
        else:
            self._next_at = None  # when this one has failed
            expires = None if self._timeout is None else now + self._timeout
        attempt = Attempt(self._waiting.popleft(), expires)
        self._running.append(attempt)
        return attempt

    def failed(self, attempt: Attempt[Item], now: float) -> None:
        """An attempt has failed; the next address is due at once."""
        self._running.remove(attempt)
        self._next_at = now

    def expired(self, now: float) -> list[Attempt[Item]]:
        """Return the attempts that have run out of time; each is still to be reported by failed().

        When the time for all is over, nothing else is started.
        """
        if self._expires is not None and now >= self._expires:
            self._waiting.clear()
        return [one for one in self._running if one.expires is not None and now >= one.expires]

    def wake_at(self) -> float | None:
        """When due() or expired() will have something; None if only an answer can change that."""
        times = [one.expires for one in self._running if one.expires is not None]
        if self._waiting and self._next_at is not None:
            times.append(self._next_at)
        return min(times, default=None)


def interleaved(endpoints: Iterable[Item], family: Callable[[Item], int]) -> list[Item]:
    """Return the addresses with their families taking turns, as RFC 8305 section 4 orders them."""
    families: dict[int, list[Item]] = {}
    for endpoint in endpoints:
        families.setdefault(family(endpoint), []).append(endpoint)
    rounds = zip_longest(*([(one,) for one in group] for group in families.values()), fillvalue=())
    return list(chain.from_iterable(chain.from_iterable(rounds)))


def _delay(timeout: float | None, count: int) -> float:
    """Seconds between two starts: short enough that every address gets its turn in time."""
    if timeout is None or count == 0:
        return DELAY
    return max(LEAST_DELAY, min(DELAY, timeout / count))
