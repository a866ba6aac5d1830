"""Awaiting what is known by a pattern only: taken from a client as it arrives."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from ..clients.peer import Peer
from ..core.transcript import escape
from ..core.verdict import Violation

#: Bytes shown of what does not match.
SHOWN = 200

Groups = dict[str, bytes]
Look = Callable[[bytes], "re.Match[bytes] | None"]


def take(peer: Peer, source: bytes, what: str) -> Groups:
    """Take the beginning of what comes that matches; its named groups. Raises Violation."""
    found = _await(peer, re.compile(source).match, source, what)
    return _groups(found)


def skip_to(peer: Peer, source: bytes, what: str) -> Groups:
    """Take everything up to the end of what matches. Raises Violation."""
    found = _await(peer, re.compile(source).search, source, what)
    return _groups(found)


def take_unordered(peer: Peer, sources: list[bytes], what: str) -> Groups:
    """Take what matches each of these, in any order. Raises Violation."""
    groups: Groups = {}
    missing = list(sources)
    while missing:
        # Each alternative is a group of its own, so that it is known which one came.
        union = b"|".join(b"(?P<_%d>%s)" % (number, one) for number, one in enumerate(missing))
        found = _await(peer, re.compile(union).match, union, what)
        number = next(number for number in range(len(missing)) if found[f"_{number}"] is not None)
        del missing[number]
        groups.update(
            (name, data) for name, data in _groups(found).items() if not name.startswith("_")
        )
    return groups


def _await(peer: Peer, look: Look, source: bytes, what: str) -> re.Match[bytes]:
    until = time.monotonic() + peer.deadline
    while True:
        came = bytes(peer.pending)
        found = look(came)
        if found:
            del peer.pending[: found.end()]
            peer.answered = True
            return found
        left = until - time.monotonic()
        if peer.ended or left <= 0 or peer.receive(left) == "silence":
            instead = peer.ended or f"nothing for {peer.deadline:g} s"
            raise Violation(
                "wrong-bytes" if came else "missing-bytes",
                f'{what} does not match /{escape(source)}/: "{escape(came[:SHOWN])}" came, '
                f"then {instead}",
                client=peer.name,
                awaited=what,
            )


def _groups(found: re.Match[bytes]) -> Groups:
    return {name: data for name, data in found.groupdict().items() if data is not None}
