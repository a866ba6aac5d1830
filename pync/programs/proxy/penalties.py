"""Limits for wrong passwords, in all protocols. Pure, except for the clock.

A client's host may send a few wrong passwords in quick succession; after that, one every
``SECONDS``, and earlier tries are refused without a check. Only delaying the refusal would not
help, because a client that guesses over many connections does not wait for it. The first refusals
are not delayed, so that a user with a typing error gets the answer at once.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from ...layers.socks_server import PENALTY

#: Seconds before a wrong password is refused, and after which the host may try once more.
SECONDS = PENALTY

#: How many wrong passwords a host may send in quick succession.
BURST = 10

#: How many wrong passwords in quick succession are refused without a delay.
UNDELAYED = 3

#: The number of hosts that are remembered.
REMEMBERED = 4096


class Penalties:
    """The hosts that have sent wrong passwords recently.

    Arguments:
        now: the time in seconds, on any clock that does not jump.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        #: Host -> when all its wrong passwords are forgotten.
        self._until: OrderedDict[str, float] = OrderedDict()

    def judge(self, host: str, fits: Callable[[], bool]) -> bool:
        """Return whether a password is right; False without a check if the host must wait.

        Arguments:
            fits: checks the password.
        """
        if not self._may_try(host):
            return False
        if fits():
            return True
        self._was_wrong(host)
        return False

    def delay(self, host: str) -> float:
        """Return the seconds before the refusal of this host's last try is sent."""
        return SECONDS if self._left(host) > UNDELAYED * SECONDS else 0.0

    def _may_try(self, host: str) -> bool:
        return self._left(host) <= (BURST - 1) * SECONDS

    def _left(self, host: str) -> float:
        """Return the seconds until all wrong passwords of a host are forgotten."""
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
    """Return the network that one client probably has: an IPv4 address, or an IPv6 /64."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(getattr(address, "ipv4_mapped", None) or address)
