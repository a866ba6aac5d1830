"""The cookies of a DTLS listener (RFC 6347 4.2.1): made and verified, and never stored."""

from __future__ import annotations

import hmac
import os
import time

from ...core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from OpenSSL import SSL

#: Seconds for which a cookie is valid, at least; the secret changes after as many seconds.
COOKIE_LIFE = 60.0


class Cookies:
    """Keyed hashes of addresses: a peer that returns one proves that it receives at its address.

    A cookie is valid until the secret has changed twice: for COOKIE_LIFE at least, for twice that
    at most.
    """

    def __init__(self) -> None:
        self._secrets = (os.urandom(32), os.urandom(32))
        self._changed_at = time.monotonic()

    def make(self, connection: SSL.Connection) -> bytes:
        """Return the cookie for the peer of a connection."""
        return self._cookie(self._current()[0], connection)

    def is_good(self, connection: SSL.Connection, cookie: bytes) -> bool:
        """Return whether this cookie was made for the connection's peer, and is still valid."""
        return any(
            hmac.compare_digest(cookie, self._cookie(secret, connection))
            for secret in self._current()
        )

    def _current(self) -> tuple[bytes, bytes]:
        now = time.monotonic()
        if now - self._changed_at >= COOKIE_LIFE:
            # (If the change is long overdue, the cookies of the current secret have expired, too.)
            older = self._secrets[0] if now - self._changed_at < 2 * COOKIE_LIFE else os.urandom(32)
            self._secrets = (os.urandom(32), older)
            self._changed_at = now
        return self._secrets

    def _cookie(self, secret: bytes, connection: Any) -> bytes:
        return hmac.digest(secret, connection.get_app_data().peer, "sha256")
