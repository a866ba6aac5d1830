"""Line commands and their answers, for chat and crud."""

from __future__ import annotations

from ..clients.peer import DATA, Peer
from ..core.verdict import Violation

#: The bytes of the longest line that must be accepted, without its end.
LONGEST = 4096

#: The most bytes of an error's reason, and of any awaited line.
LONGEST_ANSWER = 8192


def ask(peer: Peer, command: bytes, answer: bytes) -> None:
    """Send a command, and await exactly this answer."""
    peer.send(command + b"\n")
    peer.expect(answer + b"\n", f"the answer to {command[:40]!r}")


def ask_in_vain(peer: Peer, command: bytes) -> None:
    """Send a line that is not a command; the answer is ERROR and any reason."""
    peer.send(command + b"\n")
    peer.expect(b"ERROR", f"an error for {command[:40]!r}")
    line = peek_line(peer)
    if line is None:
        raise Violation(
            "missing-bytes", "the reason of an error does not end in a newline", client=peer.name
        )
    del peer.pending[: len(line)]


def peek_line(peer: Peer) -> bytes | None:
    """Return the next line without consuming it; None if no complete line comes."""
    while b"\n" not in peer.pending and len(peer.pending) < LONGEST_ANSWER:
        if peer.poll(peer.deadline) != DATA:
            break
    line, newline, _ = bytes(peer.pending).partition(b"\n")
    return line + newline if newline else None


def finish(peer: Peer) -> None:
    """Send FIN, and await FIN."""
    peer.send_eof()
    peer.expect_eof()
