"""Nonces of Digest (RFC 7616 3.3): a proxy makes and checks them. Pure.

A nonce contains its time, signed, so that it need not be remembered before its first use. Each
number (nc) of a nonce is valid once. The memory is limited: when it is full, the nonce that was
first used longest ago becomes invalid, with all older ones.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable

#: Seconds for which a nonce can be used.
LIFETIME = 300.0

#: The number of used nonces that are remembered.
REMEMBERED = 4096

#: How far below the highest number a new one may be: a client may use several connections.
WINDOW = 64

#: The number for an answer without one (RFC 2069): no other is valid after it.
_LAST = 1 << 32


class Nonces:
    """The nonces of one proxy.

    Arguments:
        secret: signs them; it must not be known to others.
        now: the time in seconds, on any clock that does not jump.
    """

    def __init__(self, secret: bytes, now: Callable[[], float]) -> None:
        self._secret = secret
        self._now = now
        #: Nonce -> its highest number, and bit N: whether the number N below it was used.
        self._used: OrderedDict[str, tuple[int, int]] = OrderedDict()
        #: Nonces that are not younger than this are invalid.
        self._floor = float("-inf")

    def make(self) -> str:
        """Return a new nonce."""
        stamp = f"{self._now():.6f}"
        return f"{stamp}-{self._signature(stamp)}"

    def is_ours(self, nonce: str) -> bool:
        """Return whether the nonce was made by this object."""
        stamp, _, signature = nonce.partition("-")
        given = signature.encode("utf-8", "surrogateescape")
        return hmac.compare_digest(given, self._signature(stamp).encode())

    def use(self, nonce: str, number: int | None) -> bool:
        """Use a number of our nonce; return False when it is invalid or was used before.

        Arguments:
            number: the client's count of requests with this nonce (nc), if it has one.
        """
        made = _stamp(nonce)
        if made <= self._floor or self._now() - made > LIFETIME:
            return False
        if number is None:
            number = _LAST
        highest, used = self._used.get(nonce, (0, 0))
        below = highest - number
        if below < 0:
            # (Limit the shift: a client chooses the number.)
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
