"""The events of --ping, and their statistics. Pure."""

from __future__ import annotations

from itertools import pairwise

from .address import Address
from .typed import NamedTuple


class Pinged(NamedTuple):
    """One attempt of --ping: ``connected``, ``refused`` or ``failed`` (its ``cause`` says why).

    ``connect``: milliseconds until it succeeded or failed, without ``lookup`` and ``handshake``.
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
    """The summary of --ping: numbers of attempts, ``loss`` in percent, times in milliseconds.

    The times are those of the attempts that connected. ``lost``: neither connected nor refused.
    ``jitter``: the mean difference between one time and the next.
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
    """Return minimum, average, maximum and jitter; each is None if there are no times."""
    if not times:
        return None, None, None, None
    steps = [abs(one - other) for one, other in pairwise(times)]
    jitter = sum(steps) / len(steps) if steps else 0.0
    found = min(times), sum(times) / len(times), max(times), jitter
    return tuple(round(each, 3) for each in found)
