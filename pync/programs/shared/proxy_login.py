"""Who we are to one HTTP proxy: said when it asks, and once more when that is worth it.

The password may have to be asked for (nc's -P): three times, as nc does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...core.config import Proxy
from ...core.events import Report, Told
from ...layers.handshake import HandshakeError

if TYPE_CHECKING:
    from ...layers.http_connect import StatusError

#: Times that a person may mistype the password.
TRIES = 3

#: Times that a proxy may say that its own question was too old.
STALE = 2


class ProxyLogin:
    """What a proxy has asked of us, and what we answer.

    Arguments:
        proxy: the proxy; without a password, the user is asked for it.
        report: called with the event of a wrong one.
    """

    def __init__(self, proxy: Proxy, report: Report) -> None:
        #: The value of Proxy-Authorization; None: it has not asked yet.
        self.authorization: str | None = None
        self._proxy = proxy
        self._report = report
        self._password = proxy.password
        self._asked = 0
        self._stale = 0

    def answer(self, refusal: StatusError, target: str) -> bool:
        """Say who we are next time; returns whether a person had to be asked for the password.

        Arguments:
            refusal: the proxy's question.
            target: what we asked it for.

        Raises the refusal, if there is nothing to say to it; HandshakeError.
        """
        if refusal.status != 407 or self._proxy.user is None:
            raise refusal
        from ...layers.http_auth import AuthError, credentials, parse

        # A question without a question is one for the password (nc sends it then).
        headers = refusal.challenges or ("Basic",)
        challenges = [one for header in headers for one in parse(header)]
        stale = any(one.parameters.get("stale", "").lower() == "true" for one in challenges)
        if self.authorization is not None and not (stale and self._stale < STALE):
            self._was_wrong(refusal)
        self._stale += stale
        by_person = self._password is None
        if self._password is None:
            self._password = self._ask()
        try:
            self.authorization = credentials(
                challenges,
                "CONNECT",
                target,
                self._proxy.user,
                self._password,
                os.urandom(8).hex(),
                self._proxy.given,
            )
        except AuthError as error:
            raise HandshakeError(str(error)) from None
        return by_person

    def _was_wrong(self, refusal: StatusError) -> None:
        """Forget the password, if a person can be asked again."""
        if not self._asked:
            raise refusal
        self._report(Told("Proxy authentication failed", is_error=True))
        if self._asked == TRIES:
            raise HandshakeError("Too many authentication failures")
        self._password = None

    def _ask(self) -> str:
        from . import password_prompt

        self._asked += 1
        try:
            typed = password_prompt.ask(
                f"Proxy password for {self._proxy.user}@{self._proxy.host}: "
            )
        except OSError:
            raise HandshakeError("Unable to read proxy passphrase") from None
        return typed.decode("utf-8", "surrogateescape")
