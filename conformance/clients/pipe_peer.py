"""The byte-exact client over a Windows named pipe, which can be neither half-closed nor reset.

Its FIN is not sent, for there is none; the server's end is the pipe's. What only a half-close
or an RST would show is not judged over pipes (catalogue.NEED_HALF_CLOSE).
"""

from __future__ import annotations

from ..core.verdict import NotJudged
from .peer import Peer

#: Seconds in which a server answers what it was sent before our end.
ANSWER = 1.0


class PipePeer(Peer):
    """One client of the server under judgement, over a pipe."""

    def receive(self, timeout: float) -> str:
        """As of a peer; after our end, which the server cannot see, silence is the rule."""
        return super().receive(min(timeout, ANSWER) if self._has_ended_writing else timeout)

    def shut_down(self) -> None:
        """There is no FIN: what awaits the server's end in answer will take ours."""
        self._has_ended_writing = True

    def expect_eof(self, awaited: str = "the server's end") -> None:
        """Await the pipe's end, and no byte before it; after our own end leave first."""
        if self._has_ended_writing and self.ended is None:
            self.expect_nothing_yet(awaited)
            self.close(note=False)
            return
        super().expect_eof(awaited)

    def leave(self, patience: float) -> bool:  # noqa: ARG002 - nobody has to be waited for
        """Close: over a pipe that is an end in order."""
        self.close(note=False)
        return True

    def reset(self) -> None:
        """Raise NotJudged: a pipe has no RST."""
        raise NotJudged("a named pipe has no RST")

    def vanish(self) -> None:
        """Let go; idempotent."""
        self.close(note=False)
