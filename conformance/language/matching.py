"""Await a text that is known only by a pattern, byte by byte, as it arrives."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..clients.datagrams import Sender
from ..clients.peer import FIN, RST, SILENCE, Peer
from ..core.transcript import escape
from ..core.verdict import Violation
from .automaton import Automaton, automaton_of
from .regular import EVERY, Bytes, Unsupported

#: The most bytes shown of a text that does not match.
SHOWN = 200

#: Seconds without a byte after which a text without a defined end counts as complete. Only a
#: pattern of --set can have such a text.
SETTLING = 0.25

#: How the server ended a connection -> the kind of violation, and the words for its action.
_ENDINGS = {
    FIN: ("ended-early", "ended the connection (FIN)"),
    RST: ("reset-early", "reset the connection (RST)"),
}

Groups = dict[str, bytes]
Look = Callable[[bytes], "re.Match[bytes] | None"]


def take(peer: Peer, source: bytes, what: str) -> Groups:
    """Take the matching beginning of the data; return its named groups. Raises Violation."""
    try:
        automaton = automaton_of(source)
    except Unsupported:
        return _groups(_await(peer, re.compile(source).match, source, what))
    data = _Taking(peer, automaton, what).run()
    found = re.fullmatch(source, data)
    return _groups(found) if found else {}


def take_datagram(sender: Sender, source: bytes, what: str) -> Groups:
    """Take a datagram that matches as a whole; return its named groups. Raises Violation."""
    data = sender.take(what)
    found = re.fullmatch(source, data)
    if found:
        return _groups(found)
    automaton, at = automaton_of(source), 0
    state = automaton.start
    while at < len(data) and (following := automaton.after(state, data[at])):
        state, at = following, at + 1
    awaited = "no more" if automaton.accepts(state) else described(automaton.awaited(state))
    instead = f'"{escape(data[at : at + SHOWN])}" came' if at < len(data) else "the datagram ended"
    raise Violation(
        "wrong-datagram",
        f"wrong byte at {at} of {what}: {awaited} was awaited after "
        f'"{escape(data[:at][-SHOWN:])}", and {instead}',
        client=sender.name,
        awaited=what,
    )


def take_datagrams(sender: Sender, sources: list[bytes], what: str) -> Groups:
    """Take a datagram for each pattern, in any order; return the named groups.

    Raises Violation.
    """
    came: list[bytes] = []
    taken: dict[int, int] = {}
    for number in range(len(sources)):
        came.append(sender.take(what))
        if not _assign(number, came, sources, taken, set()):
            fits = any(re.fullmatch(one, came[number]) for one in sources)
            others = "is one too many for" if fits else "matches none of"
            raise Violation(
                "wrong-datagram",
                f'the datagram "{escape(came[number][:SHOWN])}" {others} {what}',
                client=sender.name,
                awaited=what,
            )
    groups: Groups = {}
    for which, number in taken.items():
        found = re.fullmatch(sources[which], came[number])
        groups |= _groups(found) if found else {}
    return groups


def _assign(
    number: int, came: list[bytes], sources: list[bytes], taken: dict[int, int], tried: set[int]
) -> bool:
    """Find a pattern for a datagram; if necessary, another datagram gets another pattern.

    Arguments:
        taken: number of a pattern -> number of the datagram assigned to it; this is updated.
        tried: the patterns that have already been tried for this datagram.
    Returns whether a pattern was found.
    """
    for which, source in enumerate(sources):
        if which in tried or not re.fullmatch(source, came[number]):
            continue
        tried.add(which)
        if which not in taken or _assign(taken[which], came, sources, taken, tried):
            taken[which] = number
            return True
    return False


def skip_to(peer: Peer, source: bytes, what: str) -> Groups:
    """Take everything up to the end of a match. Raises Violation."""
    return take(peer, skipping(source), what)


def skipping(source: bytes) -> bytes:
    """Return a pattern for anything followed by a match."""
    return b"(?s:.*?)(?:%s)" % source


def take_unordered(peer: Peer, sources: list[bytes], what: str) -> Groups:
    """Take a match of each pattern, in any order. Raises Violation."""
    groups: Groups = {}
    missing = list(sources)
    while missing:
        # Each pattern is a group, to find out which one has matched.
        union = b"|".join(b"(?P<_%d>%s)" % (number, one) for number, one in enumerate(missing))
        found = take(peer, union, what)
        which = next((name for name in found if name.startswith("_")), "_0")
        del missing[int(which[1:])]
        groups |= {name: data for name, data in found.items() if not name.startswith("_")}
    return groups


class _Taking:
    """A text that is being taken.

    Arguments:
        peer: the client.
        automaton: the pattern.
        what: what is awaited, for messages.
    """

    def __init__(self, peer: Peer, automaton: Automaton, what: str) -> None:
        self._peer, self._automaton, self._what = peer, automaton, what
        self._state, self._at = automaton.start, 0
        #: The length of the longest text so far.
        self._length: int | None = None

    def run(self) -> bytes:
        """Await, take and return the text. Raises Violation."""
        peer = self._peer
        while not self._is_complete():
            if peer.ended:
                if peer.ended == FIN and self._length is not None:
                    break
                raise self._ended()
            came = peer.receive(SETTLING if self._may_be_over() else peer.deadline)
            if came == SILENCE:
                if self._may_be_over():
                    break
                raise self._silent()
        return peer.take_first(self._length or 0)

    def _may_be_over(self) -> bool:
        return self._length is not None and not self._automaton.to_end

    def _is_complete(self) -> bool:
        """Return whether the text is complete, so that no later byte could belong to it."""
        automaton, pending = self._automaton, self._peer.pending
        while True:
            if automaton.accepts(self._state):
                self._length = self._at
                if automaton.tells_its_end and not automaton.to_end:
                    return True
            elif automaton.to_end:
                self._length = None
            if self._at == len(pending):
                return False
            following = automaton.after(self._state, pending[self._at])
            if not following:
                if self._length is None or automaton.to_end:
                    raise self._wrong()
                return True
            self._state = following
            self._at += 1

    def _wrong(self) -> Violation:
        self._peer.receive(0.0)
        came = bytes(self._peer.pending)
        awaited = described(self._automaton.awaited(self._state))
        return self._violation(
            "wrong-bytes",
            f"wrong byte at {self._at} of {self._what}: {awaited} was awaited after "
            f'"{escape(came[: self._at][-SHOWN:])}", and '
            f'"{escape(came[self._at : self._at + SHOWN])}" came',
        )

    def _silent(self) -> Violation:
        within = f"within {self._peer.deadline:g} s"
        return self._incomplete("missing-bytes", f"{self._what} did not come {within}", within)

    def _ended(self) -> Violation:
        kind, how = _ENDINGS[self._peer.ended or ""]
        before = f"the server {how} before {self._what}"
        return self._incomplete(kind, before, f"and then the server {how}")

    def _incomplete(self, kind: str, none: str, then: str) -> Violation:
        came = bytes(self._peer.pending)
        said = f'"{escape(came[-SHOWN:])}"'
        if not came:
            return self._violation(kind, none)
        if self._automaton.lazy:
            return self._violation(kind, f"{none}; what came is {said}")
        awaited = described(self._automaton.awaited(self._state))
        only = f"only {said} of {self._what} came {then}; {awaited} was awaited next"
        return self._violation(kind, only)

    def _violation(self, kind: str, summary: str) -> Violation:
        return self._peer.violation(kind, summary, awaited=self._what)


def described(bits: Bytes) -> str:
    """Return a readable description of a set of bytes."""
    if bits == EVERY:
        return "any byte"
    members = [byte for byte in range(256) if bits >> byte & 1]
    if not members:
        return "the server's FIN"
    if len(members) == 1:
        return f'"{escape(bytes(members))}"'
    if len(members) > 128:
        return f"[^{_ranges([byte for byte in range(256) if not bits >> byte & 1])}]"
    return f"[{_ranges(members)}]"


def _ranges(members: list[int]) -> str:
    shown, first = "", members[0]
    for byte, following in zip(members, [*members[1:], 999], strict=True):
        if following != byte + 1:
            middle = "-" if byte > first + 1 else ""
            shown += escape(bytes([first]))
            shown += middle + escape(bytes([byte])) if byte > first else ""
            first = following
    return shown


def _await(peer: Peer, look: Look, source: bytes, what: str) -> re.Match[bytes]:
    """Await a match of a regular expression that has no automaton. Raises Violation."""
    until = peer.now() + peer.deadline
    while True:
        came = bytes(peer.pending)
        found = look(came)
        if found:
            peer.take_first(found.end())
            return found
        left = until - peer.now()
        if peer.ended or left <= 0 or peer.receive(left) == SILENCE:
            instead = peer.ended or f"nothing for {peer.deadline:g} s"
            raise peer.violation(
                "wrong-bytes" if came else "missing-bytes",
                f'{what} does not match /{escape(source)}/: "{escape(came[:SHOWN])}" came, '
                f"then {instead}",
                awaited=what,
            )


def _groups(found: re.Match[bytes]) -> Groups:
    """Return the named groups; a group without a match is empty."""
    return {
        name: data or b""
        for name, data in found.groupdict().items()
        if data is not None or not name.startswith("_")
    }
