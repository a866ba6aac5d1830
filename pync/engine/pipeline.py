"""What happens to the bytes of a relay on their way, and how many they were. No policy."""

# No postponed annotations: NamedTuple compiles each as text (typing.ForwardRef) at every start.

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Protocol

from ..core.until import Condition
from ..layers.delimiter import Cutter
from .pace import Pace
from .protocols import Convert, Sink, Source

if TYPE_CHECKING:
    from .seam import Filter


class End(Source, Sink, Protocol):
    """What can be read and written: a connection, or standard input and output."""


class Moved(NamedTuple):
    """How many bytes went each way."""

    sent: int
    received: int


#: Sees bytes on their way: ``sent`` or ``received``, and the bytes.
Tap = Callable[[str, bytes], None]


class Pipeline(NamedTuple):
    """What happens to the bytes on the way.

    ``convert``: a layer from the bytes read locally to the bytes sent. ``received``: one
    from the bytes received to the bytes written. ``cutter``: cuts what is sent into
    messages. ``pace`` / ``received_pace``: how fast each direction goes. ``until``: says
    when enough has been received. ``sends`` / ``receives``: False switches a direction
    off; what arrives although nobody receives is read and dropped, so that close never
    becomes an RST. ``tap``: sees what is sent and what is received. ``meter``: called now
    and then, and at the end, how much has moved. ``sent_filter`` / ``received_filter``: decides
    what of that is passed on, and when (seam.py).
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
    sent_filter: Optional["Filter"] = None
    received_filter: Optional["Filter"] = None

    @property
    def sends_plainly(self) -> bool:
        """Whether nothing has to see what is sent: the kernel may move it."""
        ways = (self.convert, self.cutter, self.pace, self.tap, self.sent_filter)
        return self.sends and all(way is None for way in ways)

    @property
    def receives_plainly(self) -> bool:
        """Whether nothing has to see what is received."""
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
    """A sink that takes everything."""

    datagram = False

    def write_fd(self) -> int:
        """None: it never has to be waited for."""
        return -1

    def send(self, data: bytes | memoryview) -> int:
        """Return all of it, gone."""
        return len(data)


def towards(tap: Tap | None, direction: str) -> Callable[[bytes], None] | None:
    """Return a tap for one direction."""
    return None if tap is None else lambda data: tap(direction, data)
