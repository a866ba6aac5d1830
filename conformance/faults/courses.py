"""The course of a link: it decides what to forward of the data from the client and the server.

The course here forwards everything. A fault is a subclass that changes one thing, and reports that
by ``acts()``: if a fault has changed nothing, no requirement can be expected to notice it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from .links import End, Link

#: Seconds of a delay that no client would notice.
AT_ONCE = 0.1


class Shared:
    """The state that all links of a proxy share, for faults that need the server or others."""

    def __init__(self) -> None:
        #: How often the fault has changed something that a side can see.
        self.acted = 0
        #: How often the fault has changed an answer to a client, by the name of its socket.
        self.changed: Counter[object] = Counter()
        #: The courses of the open links, the oldest first.
        self.courses: list[Course] = []
        #: Whether the server sends first; None until that is known from the first client.
        self.greets: bool | None = None
        #: The line that a client has begun in the shared buffer, and that client's course.
        self.unfinished = b""
        self.begun_by: Course | None = None
        #: Whether a client has left.
        self.has_left = False

        #: Whether the server has sent anything.
        self.has_spoken = False

    def refuse(self) -> None:
        """Stop listening, so that connections are refused."""

    def review(self) -> None:
        """Check again whether a new client is accepted or has to wait."""


class Course:
    """A course that forwards everything at once.

    Arguments:
        proxy: the state that all links share.
        link: the two sides.
    """

    #: The most clients that are served at a time; 0 means no limit.
    most = 0

    #: Whether the fault changes only the input, which is visible only in the answers.
    shows_in_answers = False

    #: Whether only a client that awaits an RST can see the fault.
    shows_in_resets = False

    #: When the fault has made a change that may turn out to be invisible.
    _acted_at: float | None = None

    def __init__(self, proxy: Shared, link: Link) -> None:
        self.proxy = proxy
        self.link = link
        self.client, self.server = link.client, link.server

    def opened(self) -> None:
        """Handle the start: the server has accepted the connection."""

    def from_client(self, data: bytes) -> None:
        """Handle bytes from the client."""
        self.server.put(data)

    def client_ended(self) -> None:
        """Handle FIN from the client."""
        self.server.end()

    def client_reset(self) -> None:
        """Handle RST from the client."""
        self.server.abort()

    def from_server(self, data: bytes) -> None:
        """Handle bytes from the server."""
        self.client.put(data)

    def server_ended(self) -> None:
        """Handle FIN from the server."""
        self.client.end()

    def server_reset(self) -> None:
        """Handle RST from the server."""
        self.client.abort()

    def left(self) -> None:
        """Handle the end: both sides are closed."""
        if self in self.proxy.courses:
            self.proxy.courses.remove(self)

    def acts(self) -> None:
        """Count that the fault has changed something that a side can see."""
        self.proxy.acted += 1

    def put_changed(self, to: End, data: bytes, changed: bytes) -> None:
        """Forward the changed data; count this as an action if it differs from the original."""
        if changed != data:
            self.acts()
        to.put(changed)

    def acts_for_now(self) -> None:
        """Count a change that is visible only if the server does not end the connection soon."""
        self.acts()
        self._acted_at = time.monotonic()

    def acted_in_vain(self) -> None:
        """Take back a counted change if the server has ended the connection at once after it."""
        if self._acted_at is not None and time.monotonic() - self._acted_at < AT_ONCE:
            self.proxy.acted -= 1
        self._acted_at = None

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Run a callback later."""
        self.link.loop.after(seconds, callback)
