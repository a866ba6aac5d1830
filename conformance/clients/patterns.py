"""Await a text that is known only by a regular expression."""

from __future__ import annotations

import re

from ..core.conduct import Pattern
from ..core.transcript import escape
from ..core.verdict import Violation
from .channel import SILENCE, Channel

#: The most bytes shown of a text that does not match.
SHOWN = 200


def await_pattern(channel: Channel, pattern: Pattern, awaited: str) -> None:
    """Await data whose beginning matches, and take the match.

    It is not known whether more bytes could still make it match, so the deadline decides.

    Raises Violation.
    """
    until = channel.now() + channel.deadline
    while True:
        came = bytes(channel.pending)
        length = pattern.at_start(came)
        if length is not None:
            del channel.pending[:length]
            return
        left = until - channel.now()
        if channel.ended or left <= 0 or channel.receive(left) == SILENCE:
            instead = channel.ended or f"nothing for {channel.deadline:g} s"
            raise Violation(
                "wrong-bytes" if came else "missing-bytes",
                f"{awaited} does not match /{escape(bytes(pattern))}/: "
                f'"{escape(came[:SHOWN])}" came, then {instead}',
                client=channel.name,
                awaited=awaited,
            )


def line_ends(data: bytes) -> bytes:
    """Return the data with LF at every line end, in place of any number of CR and LF."""
    return re.sub(rb"\r+\n", b"\n", data)
