"""The byte-exact client over a Windows named pipe, which can be neither half-closed nor reset.

A pipe has no FIN, so that the client's FIN is not sent; the server's FIN is the end of the pipe.
Requirements that need a half-close or an RST are not judged over pipes
(catalogue.NEED_HALF_CLOSE).
"""

from __future__ import annotations

from ..core.verdict import NotJudged
from .peer import Peer

#: Seconds in which a server answers the data that was sent before the client's end.
ANSWER = 1.0


class PipePeer(Peer):
    """One client of the judged server, over a pipe."""

    def receive(self, timeout: float) -> str:
        """Wait like a Peer, but only briefly after the client's end: the server cannot see it."""
        return super().receive(min(timeout, ANSWER) if self._has_ended_writing else timeout)

    def shut_down(self) -> None:
        """Record the client's end; there is no FIN to send. expect_eof() will close the pipe."""
        self._has_ended_writing = True

    def expect_eof(self, awaited: str = "the server's end") -> None:
        """Await the pipe's end, and no byte before it; after the client's own end, just close."""
        if self._has_ended_writing and self.ended is None:
            self.expect_nothing_yet(awaited)
            self.close(note=False)
            return
        super().expect_eof(awaited)

    def leave(self, patience: float) -> bool:  # noqa: ARG002 - there is nothing to wait for
        """Close the pipe: this is an orderly end."""
        self.close(note=False)
        return True

    def reset(self) -> None:
        """Raise NotJudged: a pipe has no RST."""
        raise NotJudged("a named pipe has no RST")

    def vanish(self) -> None:
        """Close the pipe without a note in the transcript; idempotent."""
        self.close(note=False)
