"""How long the parts of making a connection took. Pure."""

from __future__ import annotations

from .typed import NamedTuple


class Times(NamedTuple):
    """Seconds; None: there was no such part.

    ``lookup``: of the name. ``connect``: until the connection was made, or the first proxy's.
    ``handshake``: of TLS, and of what asks for it first.
    """

    lookup: float | None = None
    connect: float | None = None
    handshake: float | None = None

    def in_milliseconds(self) -> Times:
        """The same, as events have them."""
        return Times(*(None if each is None else round(each * 1000, 3) for each in self))


UNTIMED = Times()
