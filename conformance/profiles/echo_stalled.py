"""echo to a client that does not read (SPEC 2.10, 2.12, 2.13)."""

from __future__ import annotations

import time

from ..clients.peer import Peer
from ..core.conduct import Text
from ..core.settings import ECHO, answers_lines
from ..core.transcript import first_difference
from ..core.verdict import NotJudged, Violation
from ..scenario.flooding import flood
from ..scenario.profile import StreamProfile
from ..scenario.session import Session
from .common import PENDING, fill_own_queue, jam_until_stopped, settle
from .data import kernel_buffers, some_lines
from .speed import check_speed

#: Seconds without progress that are longer than a slow server's pause between two reads; and bytes
#: in its own memory that are too many for a buffer, so that they are a queue.
PAUSE, SURELY_QUEUED = 1.5, 512 * 1024

#: The most bytes that a server may queue itself before it stops reading.
OWN_QUEUE = 24 * 1024 * 1024


def declare(echo: StreamProfile) -> None:
    """Declare the requirements."""

    @echo.must(
        "half-close-pending",
        "2.10",
        "Bytes that are still pending at the client's FIN are all sent back.",
        "RFC 862; RFC 9293 3.6 (half-close)",
        needs=("large", "stalled-reader", "half-close"),
        # The data that the sockets accept may end in the middle of a line.
        unless=("half-sent", "no-newline"),
    )
    def half_close_pending(session: Session) -> None:
        check_speed(session, PENDING)
        # A server that aborts loses the data in its socket; one that forgets its own buffer
        # loses only the data that the sockets of both sides cannot hold.
        for send, size, receive_buffer in (
            (jam_until_stopped, 256 * 1024, 16 * 1024),
            (jam_until_stopped, PENDING, 256 * 1024),
            (fill_own_queue, PENDING, 16 * 1024),
        ):
            peer = session.join(receive_buffer=receive_buffer)
            pattern = peer.conduct.sent(some_lines(session, 64 * 1024))
            taken = send(session, peer, pattern, size)
            peer.send_eof()
            settle(session, peer)
            takes(session, peer, pattern, taken, "the echo after the client's FIN")
            peer.close()

    @echo.must(
        "stalled-reader",
        "2.12",
        "If a client stops reading, the others are still served; later nothing is missing.",
        "SPEC 2.12",
        needs=("large", "isolation", "half-close"),
    )
    def stalled_reader(session: Session) -> None:
        check_speed(session, PENDING)
        stalled = session.join("stalled", receive_buffer=256 * 1024)
        pattern = stalled.conduct.sent(some_lines(session, 256 * 256))
        # Send until nothing more is accepted: data in the kernel's buffers does not stall a server.
        taken = flood(session, stalled, pattern, kernel_buffers() + OWN_QUEUE, quiet=0.3)
        session.next_client_is_served()
        expect_lines(stalled, pattern, taken, "the echo, read late,")

    @echo.should(
        "backpressure",
        "2.13",
        "While a client does not read, the server stops reading from it too (bounded memory).",
        "SPEC 2.13",
        needs=("large",),
        unless=("stalled-reader", "half-close-pending"),
    )
    def backpressure(session: Session) -> None:
        peer = session.join(receive_buffer=64 * 1024)
        pattern = peer.conduct.sent(some_lines(session, 64 * 1024))
        limit = kernel_buffers() + OWN_QUEUE
        until = time.monotonic() + 2 * session.deadline
        taken = flood(session, peer, pattern, limit)
        while taken < limit:
            before = taken, peer.queues()
            taken = peer.flood(pattern, limit, PAUSE, taken)
            queues = peer.queues()
            if (taken, queues) == before:
                return
            if time.monotonic() > until:
                # The server reads slowly. Data that is in no socket is in its own memory.
                if queues and taken - queues.unread - queues.untaken > SURELY_QUEUED:
                    break
                raise NotJudged(f"the server reads too slowly to tell ({taken} bytes)")
        raise Violation(
            "unbounded-intake",
            f"the server took {taken} bytes from a client that reads none of its own echo",
            client=peer.name,
            hint="stop reading from a client while its output is not taken "
            "(Node: use pipe() or pause(); epoll: drop the read interest)",
        )


def expect_lines(peer: Peer, pattern: bytes, taken: int, awaited: str) -> bytes:
    """Read the answer to the complete lines of a flood; return its unfinished line.

    Arguments:
        pattern: the complete lines that were sent repeatedly.
        taken: the number of bytes that were taken.
    """
    rounds, rest = divmod(taken, len(pattern))
    whole = pattern.rfind(b"\n", 0, rest) + 1
    expected = peer.conduct.expected
    answer = expected(pattern) * rounds + expected(pattern[:whole])
    peer.expect(Text(answer), awaited)
    return pattern[whole:rest]


def takes(session: Session, peer: Peer, pattern: bytes, taken: int, awaited: str) -> None:
    """Read the whole answer to a flood, and FIN.

    If the service answers lines, the answer to an unfinished line may be missing, or the
    server may have completed the line. A template's answer to such a line is not judged.

    Raises Violation.
    """
    unfinished = expect_lines(peer, pattern, taken, awaited)
    if not unfinished or not answers_lines(session.parameters):
        peer.expect(Text(unfinished), awaited)
        peer.expect_eof()
        return
    came = peer.read_to_end()
    line = unfinished.removesuffix(b"\r")
    lawful = {b"", line, line + b"\r", line + peer.conduct.eol, unfinished + b"\n"}
    if session.parameters["answer"] == ECHO and came not in lawful:
        raise Violation(
            "wrong-bytes",
            "the echo of an unfinished line came back wrong after the client's FIN",
            expected=unfinished,
            received=came,
            offset=first_difference(unfinished, came),
            awaited=awaited,
            client=peer.name,
        )
