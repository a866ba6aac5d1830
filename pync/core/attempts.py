"""The order and times for trying the addresses of a name (RFC 8305, "Happy Eyeballs"). Pure.

A driver makes the connections and passes the time; this module decides what to do next.
"""

from __future__ import annotations

from itertools import chain, zip_longest

from .typed import Callable, Generic, Iterable, TypeVar, deque

#: RFC 8305 section 5, Connection Attempt Delay: seconds before the next address is tried in
#: parallel with one that has not answered, and the minimum.
DELAY = 0.25
LEAST_DELAY = 0.01

Item = TypeVar("Item")


class Attempt(Generic[Item]):
    """One address being tried.

    Arguments:
        endpoint: the address.
        expires: the time at which it times out; None: never.
    """

    def __init__(self, endpoint: Item, expires: float | None) -> None:
        self.endpoint = endpoint
        self.expires = expires


class Attempts(Generic[Item]):
    """The attempts of one dial.

    With ``happy_eyeballs``, the families take turns, the next address is started when the last
    one has failed or has not answered for a moment, and the time-out covers all of them. Without
    it, addresses are tried one after another in their order, each with the whole time-out.

    Arguments:
        endpoints: the addresses, best first.
        family: the address family of an endpoint.
        now: the time of a monotonic clock, in seconds.
        timeout: seconds; None: no limit.
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
        """Whether all attempts have ended and no address is left."""
        return not self._running and not self._waiting

    def due(self, now: float) -> Attempt[Item] | None:
        """Return the attempt to start now, if any; call again until there is none."""
        if not self._waiting or self._next_at is None or now < self._next_at:
            return None
        expires = self._expires
        if self._delay is not None:
            self._next_at = now + self._delay
        else:
            self._next_at = None  # until this one has failed
            expires = None if self._timeout is None else now + self._timeout
        attempt = Attempt(self._waiting.popleft(), expires)
        self._running.append(attempt)
        return attempt

    def failed(self, attempt: Attempt[Item], now: float) -> None:
        """Record that an attempt has failed; the next address is due at once."""
        self._running.remove(attempt)
        self._next_at = now

    def expired(self, now: float) -> list[Attempt[Item]]:
        """Return the attempts that have timed out; the caller reports each by failed().

        After the time-out for all, no more attempts are started.
        """
        if self._expires is not None and now >= self._expires:
            self._waiting.clear()
        return [one for one in self._running if one.expires is not None and now >= one.expires]

    def wake_at(self) -> float | None:
        """Return when due() or expired() will have a result; None: only after an answer."""
        times = [one.expires for one in self._running if one.expires is not None]
        if self._waiting and self._next_at is not None:
            times.append(self._next_at)
        return min(times, default=None)


def interleaved(endpoints: Iterable[Item], family: Callable[[Item], int]) -> list[Item]:
    """Return the addresses with their families in turn, as in RFC 8305 section 4."""
    families: dict[int, list[Item]] = {}
    for endpoint in endpoints:
        families.setdefault(family(endpoint), []).append(endpoint)
    rounds = zip_longest(*([(one,) for one in group] for group in families.values()), fillvalue=())
    return list(chain.from_iterable(chain.from_iterable(rounds)))


def _delay(timeout: float | None, count: int) -> float:
    """Return the seconds between two starts: short enough to try every address in time."""
    if timeout is None or count == 0:
        return DELAY
    return max(LEAST_DELAY, min(DELAY, timeout / count))
