"""The events of a recorded session, in order: sent and received data, and the end of each side.

A normal transcript keeps only the ends of long data; this one keeps all, up to a limit. No I/O.
"""

from __future__ import annotations

import enum
import time
from typing import NamedTuple

from ..core.transcript import NOTE, RECEIVED, SENT, Transcript

#: The most bytes kept of a session: a longer file would be too long for a person to read.
MOST = 1024 * 1024

#: The bytes sent at once that count as bulk data, and the seconds in which more of it may follow.
BULK, FOLLOWS = 16 * 1024, 0.25


class What(enum.Enum):
    """The kind of an event."""

    SENT = "sent"
    CAME = "came"
    EOF = "the client ended (FIN)"
    END = "the server ended (FIN)"
    RESET = "the client reset the connection (RST)"
    SERVER_RESET = "the server reset the connection (RST)"


class Happened(NamedTuple):
    """One event: a run of bytes, or an end.

    ``waited`` is the number of seconds between the previous event and the start of this one.
    """

    what: What
    data: bytes = b""
    waited: float = 0.0


_ENDS = {("FIN", SENT): What.EOF, ("FIN", RECEIVED): What.END}
_ENDS |= {("RST", SENT): What.RESET, ("RST", RECEIVED): What.SERVER_RESET}


class Watched(Transcript):
    """The transcript of a client's channel from which a scenario is written.

    Arguments:
        datagrams: whether each run of data is one datagram; these are not joined.
    """

    def __init__(self, datagrams: bool = False) -> None:
        super().__init__()
        self.happened: list[Happened] = []
        #: Whether there was more data than is kept.
        self.is_cut = False
        self._datagrams = datagrams
        self._kept = 0
        self._last = time.monotonic()

    def sent(self, _client: str, data: bytes) -> None:
        """Record bytes that the client wrote."""
        self._note_data(What.SENT, data)

    def received(self, _client: str, data: bytes) -> None:
        """Record bytes that the client read."""
        self._note_data(What.CAME, data)

    def note(self, _client: str, word: str, direction: str = NOTE) -> None:
        """Record an end; other notes are about the start of the connection and are ignored."""
        what = _ENDS.get((word, direction))
        if what is not None and not self.is_cut:
            self.happened.append(Happened(what, b"", self._waited()))

    def _note_data(self, what: What, data: bytes) -> None:
        self._kept += len(data)
        self.is_cut = self.is_cut or self._kept > MOST
        if self.is_cut:
            return
        waited = self._waited()
        if not self._datagrams and self._joined(what, data, waited):
            return
        self.happened.append(Happened(what, data, waited))

    def _joined(self, what: What, data: bytes, waited: float) -> bool:
        """Add data to a run that it continues; return whether it does."""
        last = self.happened[-1] if self.happened else None
        if last is not None and last.what == what:
            self.happened[-1] = last._replace(data=last.data + data)
            return True
        # Bulk data is one run, although answers come while it is sent.
        before = self.happened[-2] if len(self.happened) > 1 else None
        if (
            what == What.SENT
            and last is not None
            and last.what == What.CAME
            and before is not None
            and before.what == What.SENT
            and len(before.data) >= BULK
            and waited < FOLLOWS
        ):
            self.happened[-2] = before._replace(data=before.data + data)
            return True
        return False

    def _waited(self) -> float:
        before, self._last = self._last, time.monotonic()
        return self._last - before
