"""The answer of the quit service, matched as it arrives.

A server may answer per read or per line, so there may be tokens between the parts. Matching
stops at the first wrong byte. Only the peer waits and uses sockets.
"""

from __future__ import annotations

from functools import cache

from ..clients.peer import DATA, Peer
from ..core.verdict import Violation

#: The most tokens in addition to one for each letter.
MOST_TOKENS = 64


class Answer:
    """The upper-cased input with tokens between its parts, matched as it arrives.

    Arguments:
        text: what was sent; outside ASCII each letter may come back in either case.
        token: the token in force.
        anywhere: where tokens stand is not judged, nor whether there is one.
    """

    def __init__(self, text: str, token: bytes, anywhere: bool = False) -> None:
        self.anywhere = anywhere
        self.may_begin_with_token = False
        self.units = [_cases(letter) for letter in text]
        # If each letter can come back in only one way, compare all of them at once.
        self._whole = text.upper().encode() if text.isascii() else b""
        self.token = token
        self.received = bytearray()
        self.matched = 0
        self.tokens = 0
        #: Whether no token is awaited after the answer.
        self.ends_in_token = anywhere or not token
        self._at = 0

    @property
    def complete(self) -> bool:
        """Whether all of the input has been answered."""
        return self.matched == len(self.units)

    def feed(self, data: bytes) -> None:
        """Match what arrived.

        Raises Violation at the first wrong byte.
        """
        self.received += data
        while self._at < len(self.received):
            if self.anywhere and self.complete:
                return  # another clause judges what follows
            step = self._token() or self._stretch() or self._unit()
            if not step:
                if self._may_become_more():
                    return
                raise self._wrong()
            self._at += step

    def _token(self) -> int:
        if not self.token or not self.received.startswith(self.token, self._at):
            return 0
        if self.matched == 0 and not (self.anywhere or self.may_begin_with_token):
            raise Violation(
                "token-first",
                "the token came before any answer",
                expected=self.expected(),
                received=bytes(self.received),
                offset=self._at,
            )
        self.tokens += 1
        if self.tokens > len(self.units) + MOST_TOKENS:
            raise Violation("floods", f"{self.tokens} tokens came for one answer")
        self.ends_in_token = self.ends_in_token or self.matched > 0
        return len(self.token)

    def _stretch(self) -> int:
        """Return the letters before the next token: one step for each would take seconds."""
        end = self.received.find(self.token, self._at) if self.token else -1
        size = (len(self.received) if end == -1 else end) - self._at
        awaited = self._whole[self.matched : self.matched + size]
        while awaited and not self.received.startswith(awaited, self._at):
            awaited = awaited[: len(awaited) // 2]
        if awaited:
            self.matched += len(awaited)
            self.ends_in_token = self.anywhere or not self.token
        return len(awaited)

    def _unit(self) -> int:
        if self.complete:
            return 0
        for case in self.units[self.matched]:
            if self.received.startswith(case, self._at):
                self.matched += 1
                self.ends_in_token = self.anywhere or not self.token
                return len(case)
        return 0

    def _may_become_more(self) -> bool:
        rest = bytes(self.received[self._at :])
        awaited = [self.token] + ([] if self.complete else list(self.units[self.matched]))
        return any(len(rest) < len(word) and word.startswith(rest) for word in awaited)

    def expected(self) -> bytes:
        """The expected bytes: the correct part so far, the rest of the answer, the token."""
        rest = b"".join(unit[0] for unit in self.units[self.matched :])
        return bytes(self.received[: self._at]) + rest + self.token

    def _wrong(self) -> Violation:
        expected, received = self.expected(), bytes(self.received)
        offset = self._at
        while expected[offset : offset + 1] == received[offset : offset + 1] != b"":
            offset += 1
        return Violation(
            "wrong-bytes",
            f"wrong byte at {offset} of the upper-cased answer",
            expected=expected,
            received=received,
            offset=offset,
        )


@cache
def _cases(letter: str) -> tuple[bytes, ...]:
    if letter.isascii():
        return (letter.upper().encode(),)
    return tuple(dict.fromkeys((letter.upper().encode(), letter.encode())))


def take(peer: Peer, answer: Answer, until_end: bool = False) -> None:
    """Read the answer up to a token at its end, or with ``until_end`` up to FIN.

    Raises Violation.
    """
    try:
        while True:
            answer.feed(peer.take())
            done = answer.complete and (until_end or answer.ends_in_token)
            if done and not until_end:
                return
            how = peer.poll(peer.deadline)
            if how == DATA:
                continue
            if done and how == "FIN":
                return
            raise _missing(answer, peer, how)
    except Violation as violation:
        violation.client = peer.name
        raise


def _missing(answer: Answer, peer: Peer, how: str) -> Violation:
    received = bytes(answer.received)
    instead = f"nothing for {peer.deadline:g} s" if how == "silence" else how
    awaited = "the token" if answer.complete else "the upper-cased answer"
    if answer.complete and answer.ends_in_token:
        awaited = "the server's FIN"
    expected = answer.expected() if not answer.ends_in_token else received
    return Violation(
        "missing-bytes" if how == "silence" else "ended-early",
        f"awaited {awaited}, then came {instead}",
        expected=expected,
        received=received,
        offset=len(received),
        instead=instead,
        awaited=awaited,
    )
