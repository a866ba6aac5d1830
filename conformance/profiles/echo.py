"""echo (SPEC 2; RFC 862): every byte comes back. Requirements on top of their scenarios."""

from __future__ import annotations

import time

from ..catalogue import StreamProfile
from ..outcome import NotJudged, Violation
from ..session import Session
from ..wire import Peer
from . import common
from .barriers import nothing_more, nothing_more_first
from .common import JAM_QUIET, PENDING, every_stream_service, jam, jam_until_stopped, settle
from .data import CONTROL, kernel_buffers, some_lines, whole_lines

#: More than any socket buffer holds by itself.
LARGE = 2 * 1024 * 1024 + 3

#: Seconds without progress that are no pause between two reads of a slow server, and bytes
#: in its own memory that are a queue and no buffer.
PAUSE, SURELY_QUEUED = 1.5, 512 * 1024


def open_(session: Session, peer: Peer) -> None:
    """Take the greeting."""
    peer.expect(session.parameters["greeting"], "the greeting")


def serve(session: Session, peer: Peer) -> None:
    """A line, its echo, FIN both ways."""
    line = b"served in full\n"
    peer.send(line)
    peer.expect(line, "the echo")
    peer.send_eof()
    peer.expect_eof()


def stall(session: Session, peer: Peer) -> None:
    """Send much and read nothing."""
    jam(session, peer, (b"x" * 63 + b"\n") * 1024)


echo = StreamProfile(
    "echo",
    title="every byte comes back unchanged (RFC 862)",
    parameters={"greeting": b""},
    first_input=b"ready?\n",
    half_input=b"half a mess",
    open=open_,
    serve=serve,
    stall=stall,
    base=("half-close",),
    apart=("isolation",),
    stalled=("again", "stalled-reader"),
)


@echo.must(
    "greeting",
    "2.1",
    "On connect the server sends the greeting, without waiting for input, and nothing else.",
    "SPEC 2.1",
    needs=("next-client",),
)
def greeting(session: Session) -> None:
    peer = session.join()
    nothing_more_first(peer, b"greeted?\n", b"greeted?\n")


@echo.must("simple", "2.2", "What is received is sent back.", "RFC 862", needs=("greeting",))
def simple(session: Session) -> None:
    peer = session.join()
    line = b"Hello server\n"
    peer.send(line)
    peer.expect(line, "the echo")
    nothing_more(peer)


@echo.must(
    "again", "2.16", "So it is as long as the connection lasts.", "RFC 862", needs=("simple",)
)
def again(session: Session) -> None:
    peer = session.join()
    for line in (b"Hello server\n", b"This is simple echo\n", b"Hello server\n"):
        peer.send(line)
        peer.expect(line, "the echo")
    nothing_more(peer)


@echo.must(
    "no-newline", "2.3", "The echo does not wait for a newline.", "RFC 862", needs=("again",)
)
def no_newline(session: Session) -> None:
    peer = session.join()
    for part in (b"a", b"no newline here", b" ", b"and here"):
        peer.send(part)
        peer.expect(part, "the echo of an unfinished line")


@echo.must(
    "binary", "2.4", "Every byte value comes back unchanged.", "RFC 862", needs=("coalesced",)
)
def binary(session: Session) -> None:
    peer = session.join()
    for name, data in CONTROL.items():
        peer.send(data)
        peer.expect(data, f"the echo of {name}")
    every = bytes(range(256))
    for data in (every + b"\n", every[::-1] + b"\n"):
        peer.send(data)
        peer.expect(data, "the echo of all byte values")


@echo.must(
    "segments",
    "2.5",
    "However the bytes are cut into segments, they come back in order.",
    "RFC 9293 (TCP is a stream of bytes)",
    needs=("coalesced",),
)
def segments(session: Session) -> None:
    peer = session.join()
    data = some_lines(session, 96)
    peer.send_segments(data[at : at + 1] for at in range(len(data)))
    peer.expect(data, "the echo of one-byte segments")
    for size in (1, 2, 3, 5, 1460, 1461, 4095, 4096, 4097):
        piece = some_lines(session, size)
        peer.exchange(piece, piece, f"the echo of {size} bytes")


@echo.must(
    "coalesced",
    "2.6",
    "Many messages in one segment all come back.",
    "RFC 9293 (TCP is a stream of bytes)",
    needs=("again",),
)
def coalesced(session: Session) -> None:
    peer = session.join()
    data = b"".join(b"message %d\n" % number for number in range(100))
    peer.send(data)
    peer.expect(data, "the echo of 100 lines in one segment")


@echo.must(
    "large",
    "2.7",
    "More than any socket buffer comes back, sent and read at once.",
    "RFC 862",
    needs=("segments",),
)
def large(session: Session) -> None:
    peer = session.join()
    for size in (65535, 65536, 65537, LARGE):
        data = some_lines(session, size)
        peer.exchange(data, data, f"the echo of {size} bytes")


@echo.must(
    "nothing-else",
    "2.8",
    "Nothing but the greeting and the echo is ever sent.",
    "RFC 862",
    needs=("again", "half-close"),
)
def nothing_else(session: Session) -> None:
    peer = session.join()
    lines = b"\n", b"quit\n", b"exit\n", b"help\n", b"QUIT\n"
    for line in common.other_than_leave(session, *lines):
        peer.send(line)
        peer.expect(line, "the echo")
    common.end(session, peer)


@echo.must(
    "half-close",
    "2.9",
    "After the client's FIN all pending bytes are sent back, then the server's FIN.",
    "RFC 862; RFC 9293 3.6 (half-close)",
    needs=("simple",),
)
def half_close(session: Session) -> None:
    peer = session.join()
    data = b"the last line\n"
    peer.send(data)
    peer.send_eof()
    peer.expect(data, "the echo after the client's FIN")
    peer.expect_eof()


@echo.must(
    "half-close-pending",
    "2.10",
    "Bytes that are still pending at the client's FIN are all sent back.",
    "RFC 862; RFC 9293 3.6 (half-close)",
    needs=("large", "stalled-reader", "half-close"),
    unless=("half-sent",),  # what the sockets take may end in the middle of a line
)
def half_close_pending(session: Session) -> None:
    # A server that aborts loses what its socket still holds; one that forgets its own
    # buffer loses only what the sockets of both sides cannot hold.
    for size, receive_buffer in ((256 * 1024, 16 * 1024), (PENDING, 256 * 1024)):
        peer = session.join(receive_buffer=receive_buffer)
        pattern = some_lines(session, 64 * 1024)
        taken = jam_until_stopped(session, peer, pattern, size)
        peer.send_eof()
        settle(session, peer)
        rounds, rest = divmod(taken, len(pattern))
        peer.expect(pattern * rounds + pattern[:rest], "the echo after the client's FIN")
        peer.expect_eof()
        peer.close()


@echo.must(
    "fin-at-once",
    "2.11",
    "A client that sends FIN and no byte gets the greeting and FIN.",
    "RFC 862; RFC 9293 3.6",
)
def fin_at_once(session: Session) -> None:
    peer = session.connect()
    peer.send_eof()
    peer.expect(session.parameters["greeting"], "the greeting")
    peer.expect_eof()


@echo.must(
    "stalled-reader",
    "2.12",
    "A client that stops reading stalls only itself; when it reads again, nothing is missing.",
    "SPEC 2.12",
    needs=("large", "isolation", "half-close"),
)
def stalled_reader(session: Session) -> None:
    stalled = session.join("stalled", receive_buffer=256 * 1024)
    pattern = some_lines(session, 256 * 256)
    # Until nobody takes it any more: what the kernel holds stalls no server yet.
    taken = stalled.flood(pattern, kernel_buffers() + 24 * 1024 * 1024, quiet=0.3)
    session.next_client_is_served()
    rounds, rest = divmod(taken, len(pattern))
    stalled.expect(pattern * rounds + whole_lines(pattern[:rest]), "the echo, read late,")


@echo.should(
    "backpressure",
    "2.13",
    "While a client does not read, the server's intake stops too (bounded memory).",
    "SPEC 2.13",
    needs=("large",),
)
def backpressure(session: Session) -> None:
    peer = session.join(receive_buffer=64 * 1024)
    pattern, limit = some_lines(session, 64 * 1024), kernel_buffers() + 24 * 1024 * 1024
    until = time.monotonic() + 2 * session.deadline
    taken = peer.flood(pattern, limit, JAM_QUIET)
    while taken < limit:
        before = taken, peer.queues()
        taken = peer.flood(pattern, limit, PAUSE, taken)
        queues = peer.queues()
        if (taken, queues) == before:
            return
        if time.monotonic() > until:
            # It reads slowly. What is in no socket is in its own memory.
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


@echo.must(
    "isolation",
    "2.14",
    "Clients never see one another's bytes.",
    "SPEC 2.14",
    needs=("again", "concurrent"),
)
def isolation(session: Session) -> None:
    first, second = session.join(), session.join()
    for number in range(3):
        one, two = b"first %d\n" % number, b"second client %d\n" % number
        first.send(one)
        second.send(two)
        second.expect(two, "its own echo")
        first.expect(one, "its own echo")
    first.send(b"begun by the first, ")
    second.send(b"begun by the second, ")
    session.next_client_is_served()
    first.send(b"and ended\n")
    second.send(b"and ended too\n")
    second.expect(b"begun by the second, and ended too\n", "its own echo")
    first.expect(b"begun by the first, and ended\n", "its own echo")


@echo.must(
    "terminal",
    "2.15",
    "A person sees the greeting, and each line typed comes back.",
    "SPEC 2.15",
    needs=("again", "half-close"),
)
def terminal(session: Session) -> None:
    person = session.terminal()
    person.see(session.parameters["greeting"], "the greeting")
    for line in (b"Hello server", b"This is simple echo"):
        person.type_line(line)
        person.see(line + b"\n", "the echo")
    if person.manners.half_closes:
        person.end_input()
        person.see_the_end()


every_stream_service(echo)
