"""The violations that a judging client raises if something else came than it awaited.

peer.py awaits; this module makes a Violation from what came, with the client's name and with
the previous, correct answer.
"""

from __future__ import annotations

from ..core.transcript import first_difference
from ..core.verdict import Violation
from .channel import FIN, RST, Channel

#: The most bytes that may wait to be judged; no answer is longer.
MOST_PENDING = 16 * 1024 * 1024


class JudgingChannel(Channel):
    """A channel that can make violations."""

    #: The last correct answer, for the hints.
    _previous = b""

    def receive(self, timeout: float) -> str:
        """Receive like a channel, but raise a violation if the server floods the client."""
        if len(self.pending) > MOST_PENDING:
            raise self.violation(
                "floods", f"the server sent {len(self.pending)} bytes that were not expected"
            )
        return super().receive(timeout)

    def violation(
        self,
        kind: str,
        summary: str,
        *,
        expected: bytes | None = None,
        received: bytes | None = None,
        offset: int | None = None,
        instead: str | None = None,
        awaited: str | None = None,
        hint: str | None = None,
    ) -> Violation:
        """Return a violation seen by this client; the arguments are those of Violation."""
        violation = Violation(
            kind,
            summary,
            expected=expected,
            received=received,
            offset=offset,
            instead=instead,
            awaited=awaited,
            client=self.name,
            hint=hint,
        )
        violation.previous = self._previous
        return violation

    def _nothing(self) -> str:
        return f"nothing for {self.deadline:g} s"

    def _wrong(self, expected: bytes, matched: int, awaited: str) -> Violation:
        self.receive(0.0)
        received = expected[:matched] + bytes(self.pending)
        offset = matched + first_difference(expected[matched:], bytes(self.pending))
        return self.violation(
            "wrong-bytes",
            f"wrong byte at {offset} of {awaited}",
            expected=expected,
            received=received,
            offset=offset,
            awaited=awaited,
        )

    def _surplus(self, awaited: str) -> Violation:
        self.receive(0.0)
        received = bytes(self.pending)
        return self.violation(
            "extra-bytes",
            f"{len(received)} bytes came where {awaited} was awaited",
            expected=b"",
            received=received,
            offset=0,
            awaited=awaited,
        )

    def _ended_early(self, expected: bytes, matched: int, awaited: str) -> Violation:
        if not expected:
            return self._cut_short("", awaited)
        so_far = f"{matched} of {len(expected)} bytes of {awaited}"
        violation = self._cut_short(so_far, awaited)
        violation.expected, violation.received = expected, expected[:matched]
        violation.offset = matched
        return violation

    def _cut_short(self, so_far: str, awaited: str | None = None) -> Violation:
        how = self.ended or ""
        told = {FIN: "ended the connection (FIN)", RST: "reset the connection (RST)"}[how]
        return self.violation(
            "ended-early" if how == FIN else "reset-early",
            f"the server {told} " + (f"after {so_far}" if so_far else f"before {awaited}"),
            instead=how,
            awaited=awaited,
        )

    def _silent(self, expected: bytes, matched: int, awaited: str) -> Violation:
        return self.violation(
            "missing-bytes",
            f"only {matched} of {len(expected)} bytes of {awaited} came, then {self._nothing()}",
            expected=expected,
            received=expected[:matched],
            offset=matched,
            instead=self._nothing(),
            awaited=awaited,
        )

    def _closed_early(self, when: str) -> Violation:
        return self.violation(
            "closed-early", f"the server closed the connection {when}", instead=self.ended
        )
