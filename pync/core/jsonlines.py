"""Events as JSON, one object a line (``--json``). Pure.

Every object has ``event`` (its name in lower case) and ``time`` (seconds since 1970); the
other keys depend on the event. An address is text in URL form, with ``host`` and ``port`` in
addition (for a second one, ``target_host`` and so on); bytes are text in which bytes that are
not UTF-8 are escaped.
"""

from __future__ import annotations

import json
import re

from .address import Address
from .events import Event
from .number import whole
from .typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

#: Ports of vsock have 32 bits.
LARGEST_PORT = 2**32 - 1

#: Keys that are left out: readers have them in the event of the listener.
_UNTOLD = frozenset({"local"})


def as_line(event: Event, now: float) -> str:
    """Return the event as one line, without a line end."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    fields: dict[str, Any] = {"event": name, "time": round(now, 6)}
    for key, value in event._asdict().items():
        if key in _UNTOLD:
            continue
        prefix = f"{key}_" if _names_an_address(fields) else ""
        fields.update(_field(key, value, prefix))
    return json.dumps(fields)


def _names_an_address(fields: dict[str, Any]) -> bool:
    return "host" in fields or "peer" in fields


def _field(key: str, value: object, prefix: str) -> dict[str, Any]:
    if isinstance(value, Address):
        if not value.host:
            return {key: str(value)}
        where = {f"{prefix}host": value.host, f"{prefix}port": _port(value.service)}
        return {key: str(value), **where}
    if isinstance(value, bytes):
        return {key: value.decode("utf-8", "backslashreplace")}
    if isinstance(value, (str, int, float, bool)) or value is None:
        return {key: value}
    return {key: str(value)}


def _port(text: str) -> int | str:
    number = whole(text, LARGEST_PORT)
    return text if number is None else number
