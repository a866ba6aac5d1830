"""How long the parts of making a connection took. Pure."""

from __future__ import annotations

from .typed import NamedTuple


class Times(NamedTuple):
    """Seconds; None if the connection has no such part.

    ``lookup``: the name was looked up. ``connect``: the connection was made, to the first proxy if
    there is one. ``handshake``: TLS was negotiated, and STARTTLS before it.
    """

    lookup: float | None = None
    connect: float | None = None
    handshake: float | None = None

    def in_milliseconds(self) -> Times:
        """Return the times in milliseconds, as the JSON events contain them."""
        return Times(*(None if each is None else round(each * 1000, 3) for each in self))


UNTIMED = Times()
