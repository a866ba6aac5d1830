"""The login at one HTTP proxy: sent when the proxy requires it, and again if that may succeed.

The user may have to type the password (nc's -P), up to three times, as with nc.
"""

from __future__ import annotations

import os

from ...core.config import Proxy
from ...core.events import Report, Told
from ...core.typed import TYPE_CHECKING
from ...layers.handshake import HandshakeError

if TYPE_CHECKING:
    from ...layers.http_connect import StatusError

#: How often the user may type the password.
TRIES = 3

#: How often a proxy may answer that its own challenge was stale.
STALE = 2


class ProxyLogin:
    """The challenges of a proxy, and our answers.

    Arguments:
        proxy: the proxy; without a password, the user is asked for it.
        report: called with the event of a wrong password.
    """

    def __init__(self, proxy: Proxy, report: Report) -> None:
        #: The value of Proxy-Authorization; None before the first challenge.
        self.authorization: str | None = None
        self._proxy = proxy
        self._report = report
        self._password = proxy.password
        self._asked = 0
        self._stale = 0

    def answer(self, refusal: StatusError, target: str) -> bool:
        """Set ``authorization`` for the next request; return whether the user typed the password.

        Arguments:
            refusal: the proxy's response with its challenges.
            target: the target of our request.

        Raises the refusal, if it cannot be answered; HandshakeError.
        """
        if refusal.status != 407 or self._proxy.user is None:
            raise refusal
        from ...layers.http_auth import AuthError, credentials, parse

        # A 407 without a challenge asks for the password (nc sends it then).
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
        """Forget the password, if the user can be asked again. Raises ``refusal`` if not."""
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
