"""The record of what happened on the wire, with times, and with FIN and RST as events.

There is one transcript per scenario, shared by all of its clients. It keeps the first and
the last bytes of each run of data, never megabytes. This module does no I/O.
"""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple

#: The bytes kept from the beginning and from the end of one run of data.
HEAD, TAIL = 192, 48

#: The number of events printed from the beginning and the end of a transcript; the others are
#: only counted.
FIRST_SHOWN, LAST_SHOWN = 8, 20

#: The most events kept in one transcript: enough for 50 resets in a row, not for a flood.
EVENTS_KEPT = 1000

SENT, RECEIVED, NOTE = "->", "<-", "--"


class Event(NamedTuple):
    """One event: a run of data (``size`` > 0) or a word such as FIN."""

    seconds: float
    client: str
    direction: str
    word: str
    head: bytes
    tail: bytes
    size: int

    def as_json(self) -> dict[str, Any]:
        """Return the event as one JSON object; data is C-escaped text."""
        record: dict[str, Any] = {
            "t": round(self.seconds, 4),
            "client": self.client,
            "direction": self.direction,
        }
        if self.size:
            record["data"] = escape(self.head)
            record["size"] = self.size
            if self.tail:
                record["tail"] = escape(self.tail)
        else:
            record["event"] = self.word
        return record


class Transcript:
    """The timed list of events of one scenario."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.dropped = 0
        self._began = time.monotonic()
        self._adding = threading.RLock()

    def sent(self, client: str, data: bytes) -> None:
        """Record bytes that the client wrote."""
        self._data(client, SENT, data)

    def received(self, client: str, data: bytes) -> None:
        """Record bytes that the client read."""
        self._data(client, RECEIVED, data)

    def datagram(self, client: str, direction: str, data: bytes) -> None:
        """Record a datagram: its boundaries are part of the message, and it may be empty."""
        word = "" if data else "an empty datagram"
        tail = data[HEAD:][-TAIL:]
        self._add(Event(self._now(), client, direction, word, data[:HEAD], tail, len(data)))

    def note(self, client: str, word: str, direction: str = NOTE) -> None:
        """Record an event that is not data: connect, FIN, RST, a signal."""
        if self._is_full():
            return
        self._add(Event(self._now(), client, direction, word, b"", b"", 0))

    def as_json(self) -> list[dict[str, Any]]:
        """Return all events kept, as JSON objects."""
        return [event.as_json() for event in self.events]

    def _data(self, client: str, direction: str, data: bytes) -> None:
        if self._is_full():
            return
        with self._adding:
            self._join(client, direction, data)

    def _join(self, client: str, direction: str, data: bytes) -> None:
        last = self.events[-1] if self.events else None
        # A run of data is one event, because a megabyte arrives in hundreds of reads.
        if last and last.size and last.client == client and last.direction == direction:
            joined = last.head + last.tail + data if last.size <= HEAD else last.head
            tail = b"" if last.size + len(data) <= HEAD else (last.tail + data)[-TAIL:]
            self.events[-1] = last._replace(
                head=joined[:HEAD], tail=tail, size=last.size + len(data)
            )
            return
        tail = data[HEAD:][-TAIL:]
        self._add(Event(self._now(), client, direction, "", data[:HEAD], tail, len(data)))

    def _is_full(self) -> bool:
        """Return whether the transcript is full; if it is, count an event that is left out."""
        if len(self.events) < EVENTS_KEPT:
            return False
        with self._adding:
            self.dropped += 1
        return True

    def _add(self, event: Event) -> None:
        with self._adding:
            if len(self.events) < EVENTS_KEPT:
                self.events.append(event)
            else:
                self.dropped += 1

    def _now(self) -> float:
        return time.monotonic() - self._began


def render(events: list[dict[str, Any]]) -> list[str]:
    """Return the lines that show a transcript (its JSON form) to a person."""
    lines = []
    cut = len(events) - FIRST_SHOWN - LAST_SHOWN
    for index, event in enumerate(events):
        if cut > 0 and FIRST_SHOWN <= index < FIRST_SHOWN + cut:
            if index == FIRST_SHOWN:
                lines.append(f"      ... {cut} more events ...")
            continue
        what = event.get("event") or _run_of_data(event)
        lines.append(f"{event['t']:9.3f} {event['client']:<8} {event['direction']} {what}")
    return lines


def _run_of_data(event: dict[str, Any]) -> str:
    text = f'"{_clip(event["data"], 76)}"'
    if event["size"] > 24:
        text += f" ({event['size']} bytes)"
    return text


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[:width] + "..."


_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
_ESCAPES.update({0x22: '\\"', 0x5C: "\\\\"})
_CELLS = [
    _ESCAPES.get(byte, chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")
    for byte in range(256)
]


def escape(data: bytes) -> str:
    """Return the bytes as printable ASCII with C escapes; every byte can be read back."""
    return "".join([_CELLS[byte] for byte in data])


def first_difference(left: bytes, right: bytes) -> int:
    """Return the index of the first different byte (by bisection: both may be megabytes)."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
