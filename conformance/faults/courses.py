"""The course of a link: what is passed on of what the client and the server say.

The course here passes on everything. A fault is a subclass that changes one thing, and says so by
``acts()``: a fault that has changed nothing was not there, and nobody can be blamed for not having
noticed it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from .links import End, Link

#: Seconds in which what comes late is not noticed.
AT_ONCE = 0.1


class Shared:
    """What all links of a proxy share: what a fault knows of the server, and of other clients."""

    def __init__(self) -> None:
        #: How often the fault has changed what a side sees.
        self.acted = 0
        #: How often it has changed what is answered to a client, by the name of its socket.
        self.changed: Counter[object] = Counter()
        #: The courses of the links that are open, the oldest first.
        self.courses: list[Course] = []
        #: Whether the server speaks first; None until the first client has come.
        self.greets: bool | None = None
        #: The line that a client has begun in the buffer of all, and whose it is.
        self.unfinished = b""
        self.begun_by: Course | None = None
        #: Whether a client has left.
        self.has_left = False

        #: Whether the server has said anything.
        self.has_spoken = False

    def refuse(self) -> None:
        """Listen no longer: connections are refused."""

    def review(self) -> None:
        """Whether there is room for a client may have changed: let new ones wait, or come in."""


class Course:
    """Everything is passed on as it comes.

    Arguments:
        proxy: has what all links share.
        link: the two sides.
    """

    #: Clients that are taken at a time; 0 is all.
    most = 0

    #: Whether it changes the input only, which shows in nothing but the answers.
    shows_in_answers = False

    #: Whether it shows to a client only that awaits an RST.
    shows_in_resets = False

    #: When it has changed something that may turn out to be nothing.
    _acted_at: float | None = None

    def __init__(self, proxy: Shared, link: Link) -> None:
        self.proxy = proxy
        self.link = link
        self.client, self.server = link.client, link.server

    def opened(self) -> None:
        """The server has taken the connection."""

    def from_client(self, data: bytes) -> None:
        """The client has sent bytes."""
        self.server.put(data)

    def client_ended(self) -> None:
        """The client has sent FIN."""
        self.server.end()

    def client_reset(self) -> None:
        """The client has sent RST."""
        self.server.abort()

    def from_server(self, data: bytes) -> None:
        """The server has sent bytes."""
        self.client.put(data)

    def server_ended(self) -> None:
        """The server has sent FIN."""
        self.client.end()

    def server_reset(self) -> None:
        """The server has sent RST."""
        self.client.abort()

    def left(self) -> None:
        """Both sides are closed."""
        if self in self.proxy.courses:
            self.proxy.courses.remove(self)

    def acts(self) -> None:
        """The fault has changed something that a side can see."""
        self.proxy.acted += 1

    def put_changed(self, to: End, data: bytes, changed: bytes) -> None:
        """Pass on what a fault has made of this; it has acted if that differs."""
        if changed != data:
            self.acts()
        to.put(changed)

    def acts_for_now(self) -> None:
        """The fault has changed something, unless the server itself ends the connection soon."""
        self.acts()
        self._acted_at = time.monotonic()

    def acted_in_vain(self) -> None:
        """The server has ended the connection: if at once, the change could not be seen."""
        if self._acted_at is not None and time.monotonic() - self._acted_at < AT_ONCE:
            self.proxy.acted -= 1
        self._acted_at = None

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Do something later."""
        self.link.loop.after(seconds, callback)
