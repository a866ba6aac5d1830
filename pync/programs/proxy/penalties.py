"""What wrong passwords cost those who try them, whatever the protocol. Pure but for the clock.

A client's host may be wrong a few times in quick succession; after that it may try once for
every ``SECONDS`` that pass, and what it tries sooner is refused unseen. Delaying the refusal alone
would not do: a client that guesses over many connections does not wait for it. The first refusals
are not delayed: a client with a typing error learns at once.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from ...layers.socks_server import PENALTY

#: Seconds before a wrong password is refused, and after which the host may be wrong once more.
SECONDS = PENALTY

#: Times that a host may be wrong in quick succession.
BURST = 10

#: Wrong passwords in quick succession that are refused without a delay.
UNDELAYED = 3

#: Hosts that are remembered.
REMEMBERED = 4096


class Penalties:
    """Who has been wrong lately.

    Arguments:
        now: the time in seconds, on any clock that does not jump.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        #: Host -> when all that it did wrong is forgotten.
        self._until: OrderedDict[str, float] = OrderedDict()

    def judge(self, host: str, fits: Callable[[], bool]) -> bool:
        """Return whether a password fits, if one from this host is looked at now.

        Arguments:
            fits: looks at it.
        """
        if not self._may_try(host):
            return False
        if fits():
            return True
        self._was_wrong(host)
        return False

    def delay(self, host: str) -> float:
        """Seconds before the refusal of what this host tried last is sent."""
        return SECONDS if self._left(host) > UNDELAYED * SECONDS else 0.0

    def _may_try(self, host: str) -> bool:
        return self._left(host) <= (BURST - 1) * SECONDS

    def _left(self, host: str) -> float:
        """Seconds until all that a host did wrong is forgotten."""
        return self._until.get(_network(host), 0.0) - self._now()

    def _was_wrong(self, host: str) -> None:
        network, now = _network(host), self._now()
        self._until[network] = max(self._until.get(network, 0.0), now) + SECONDS
        self._until.move_to_end(network)
        while self._until and (
            len(self._until) > REMEMBERED or next(iter(self._until.values())) <= now
        ):
            self._until.popitem(last=False)


def _network(host: str) -> str:
    """What one client is likely to have for itself: an IPv4 address, or 64 bits of an IPv6 one."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(getattr(address, "ipv4_mapped", None) or address)
