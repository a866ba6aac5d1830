"""The steps that the bytes of a relay pass through, and the count of them. No policy."""

from __future__ import annotations

from ..core.typed import TYPE_CHECKING, Callable, NamedTuple, Protocol
from .protocols import Convert, Sink, Source

if TYPE_CHECKING:
    from typing import Any

    from ..core.until import Condition
    from ..layers.delimiter import Cutter
    from .pace import Pace
    from .seam import Filter


class End(Source, Sink, Protocol):
    """One side of a relay: a connection, or standard input and output."""


class Moved(NamedTuple):
    """The number of bytes moved in each direction."""

    sent: int
    received: int


#: A function that sees the bytes: called with ``sent`` or ``received``, and the bytes.
Tap = Callable[[str, bytes], None]


class Pipeline(NamedTuple):
    """The steps that the bytes of a relay pass through.

    ``convert``: a layer that converts the bytes read locally to the bytes sent. ``received``: one
    that converts the bytes received to the bytes written. ``cutter``: cuts the bytes to send into
    messages. ``pace`` / ``received_pace``: the speed of each direction. ``until``: says
    when enough has been received. ``sends`` / ``receives``: False switches a direction
    off; bytes that arrive with ``receives`` off are read and dropped, so that close never
    becomes an RST. ``tap``: called with the bytes sent and the bytes received. ``meter``: called
    at intervals and at the end with how much has moved. ``sent_filter`` / ``received_filter``:
    decides which of these bytes are passed on, and when (seam.py).
    """

    convert: Convert | None = None
    received: Convert | None = None
    cutter: Cutter | None = None
    pace: Pace | None = None
    received_pace: Pace | None = None
    until: Condition | None = None
    sends: bool = True
    receives: bool = True
    tap: Tap | None = None
    meter: Callable[[Moved], None] | None = None
    sent_filter: Filter | None = None
    received_filter: Filter | None = None

    @property
    def sends_plainly(self) -> bool:
        """Whether no step handles the bytes sent, so that the kernel may move them."""
        ways = (self.convert, self.cutter, self.pace, self.tap, self.sent_filter)
        return self.sends and all(way is None for way in ways)

    @property
    def receives_plainly(self) -> bool:
        """Whether no step handles the bytes received, so that the kernel may move them."""
        ways = (self.received, self.received_pace, self.until, self.tap, self.received_filter)
        return self.receives and all(way is None for way in ways)

    def for_sent(self) -> dict[str, Any]:
        """Return the arguments of the Flow that sends."""
        return {
            "convert": self.convert,
            "cutter": self.cutter,
            "pace": self.pace,
            "tap": towards(self.tap, "sent"),
            "between": self.sent_filter,
        }

    def for_received(self) -> dict[str, Any]:
        """Return the arguments of the Flow that receives."""
        return {
            "convert": self.received,
            "pace": self.received_pace,
            "until": self.until,
            "tap": towards(self.tap, "received"),
            "between": self.received_filter,
        }


PLAIN = Pipeline()


class Nowhere:
    """A sink that drops everything."""

    datagram = False

    def write_fd(self) -> int:
        """Return -1: there is no descriptor, as it never has to be waited for."""
        return -1

    def send(self, data: bytes | memoryview) -> int:
        """Drop the data; return its size."""
        return len(data)


def towards(tap: Tap | None, direction: str) -> Callable[[bytes], None] | None:
    """Return the tap for one direction, called with the bytes only; None without a tap."""
    return None if tap is None else lambda data: tap(direction, data)
