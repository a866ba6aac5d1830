"""Nonces of Digest (RFC 7616 3.3), as a proxy makes and judges them. Pure.

A nonce carries its time, signed, so that none has to be remembered before it is used. Each
number (nc) of a nonce is good once. What is remembered is bounded: when it is full, the
nonce that was first used longest ago is given up, with all that are older.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable

#: Seconds for which a nonce can be used.
LIFETIME = 300.0

#: Nonces in use that are remembered.
REMEMBERED = 4096

#: Numbers below the highest one that may still come: a client may use several connections.
WINDOW = 64

#: The number of an answer without one (RFC 2069): no other is good after it.
_LAST = 1 << 32


class Nonces:
    """What one proxy has offered.

    Arguments:
        secret: signs them; nobody else may know it.
        now: the time in seconds, on any clock that does not jump.
    """

    def __init__(self, secret: bytes, now: Callable[[], float]) -> None:
        self._secret = secret
        self._now = now
        #: Nonce -> its highest number, and bit N: whether the number N below it was used.
        self._used: OrderedDict[str, tuple[int, int]] = OrderedDict()
        #: Nonces that are not younger than this are given up.
        self._floor = float("-inf")

    def make(self) -> str:
        """Return a new one."""
        stamp = f"{self._now():.6f}"
        return f"{stamp}-{self._signature(stamp)}"

    def is_ours(self, nonce: str) -> bool:
        """Return whether it was made here."""
        stamp, _, signature = nonce.partition("-")
        given = signature.encode("utf-8", "surrogateescape")
        return hmac.compare_digest(given, self._signature(stamp).encode())

    def use(self, nonce: str, number: int | None) -> bool:
        """Use a number of a nonce of ours; False when that cannot be done (again).

        Arguments:
            number: the client's count of requests with this nonce (nc), if it counts.
        """
        made = _stamp(nonce)
        if made <= self._floor or self._now() - made > LIFETIME:
            return False
        if number is None:
            number = _LAST
        highest, used = self._used.get(nonce, (0, 0))
        below = highest - number
        if below < 0:
            # (No further than all of them: a client chooses the number.)
            highest, used = number, (used << min(-below, WINDOW) | 1) & ((1 << WINDOW) - 1)
        elif below >= WINDOW or used >> below & 1:
            return False
        else:
            used |= 1 << below
        self._used[nonce] = highest, used
        if len(self._used) > REMEMBERED:
            given_up, _ = self._used.popitem(last=False)
            self._floor = max(self._floor, _stamp(given_up))
        return True

    def _signature(self, stamp: str) -> str:
        stamp_bytes = stamp.encode("utf-8", "surrogateescape")
        return hmac.new(self._secret, stamp_bytes, hashlib.sha256).hexdigest()[:32]


def _stamp(nonce: str) -> float:
    return float(nonce.partition("-")[0])
