"""The events of --ping, and what they add up to. Pure."""

from __future__ import annotations

from itertools import pairwise

from .address import Address
from .typed import NamedTuple


class Pinged(NamedTuple):
    """One attempt of --ping: ``connected``, ``refused`` or ``failed`` (its ``cause`` says why).

    ``connect``: milliseconds until it was decided, without those of ``lookup`` and ``handshake``.
    """

    address: Address
    asked: str
    number: int
    state: str
    cause: str = ""
    lookup: float | None = None
    connect: float | None = None
    handshake: float | None = None


class PingsDone(NamedTuple):
    """All attempts of --ping: how many, ``loss`` in percent, times of those that connected.

    ``lost``: neither connected nor refused. ``jitter``: the mean difference between one time and
    the next.
    """

    address: Address
    asked: str
    sent: int
    connected: int
    refused: int
    lost: int
    loss: float
    minimum: float | None = None
    average: float | None = None
    maximum: float | None = None
    jitter: float | None = None


def statistics(times: list[float]) -> tuple[float | None, ...]:
    """Minimum, average, maximum, jitter; None of each without a time."""
    if not times:
        return None, None, None, None
    steps = [abs(one - other) for one, other in pairwise(times)]
    jitter = sum(steps) / len(steps) if steps else 0.0
    found = min(times), sum(times) / len(times), max(times), jitter
    return tuple(round(each, 3) for each in found)
