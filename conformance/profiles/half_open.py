"""half-open (SPEC 5): a reply that is sent after the client's FIN.

An echo cannot prove a half-close, because a server that closes on FIN still sends pending data.
Such a server loses a reply that is only made after the FIN.
"""

from __future__ import annotations

from ..clients.peer import DATA, Peer
from ..scenario.profile import StreamProfile
from ..scenario.session import Session
from .barriers import others_come_and_go
from .common import every_stream_service
from .data import some_lines
from .settings import settings_of

LARGE = 2 * 1024 * 1024 + 3


def reply(session: Session, count: int) -> bytes:
    """Return the reply for a number of received bytes."""
    return session.parameters["reply"].replace(b"{n}", str(count).encode())


def open_(session: Session, peer: Peer) -> None:
    """Do nothing: the server sends nothing at the start."""


def serve(session: Session, peer: Peer) -> None:
    """Send a few bytes and FIN; await the reply and FIN."""
    finish(session, peer, b"served in full\n")


def finish(session: Session, peer: Peer, data: bytes, before: int = 0) -> None:
    """Send data and FIN; await the reply for it (and ``before`` bytes more) and the end."""
    peer.send(data)
    peer.send_eof()
    peer.expect(reply(session, before + len(data)), "the reply after FIN")
    peer.expect_eof()


def stall(session: Session, peer: Peer) -> None:
    """Send much data; the reply is only written after the client's FIN."""
    peer.send(b"x" * 100_000)


half_open = StreamProfile(
    "half-open",
    title="a reply made after the client's FIN",
    settings=settings_of("half-open"),
    half_close=True,
    parameters={"reply": b"received {n} bytes\n"},
    first_input=b"ready?\n",
    half_input=b"half a mess",
    open=open_,
    serve=serve,
    stall=stall,
    base=("silent-before-fin",),
    apart=("isolation",),
    provoke=Peer.send_eof,
)


@half_open.must(
    "reply",
    "5.1",
    "After the client's FIN the server sends the reply.",
    "SPEC 5.1",
    needs=("next-client",),
)
def reply_(session: Session) -> None:
    peer = session.join()
    line = b"Hello server\n"
    peer.send(line)
    peer.send_eof()
    # Another clause (5.2) judges data before the reply.
    awaited, received = reply(session, len(line)), bytearray()
    while awaited not in received and peer.poll(session.deadline) == DATA:
        received += peer.take()
    if awaited not in received:
        peer.pending[:0] = received
        peer.expect(awaited, "the reply after FIN")


@half_open.must(
    "silent-before-fin",
    "5.2",
    "The server sends nothing before the client's FIN.",
    "SPEC 5.2",
    needs=("ends-fin",),
)
def silent_before_fin(session: Session) -> None:
    peer = session.join()
    peer.send(b"first part\n")
    # The barrier: any answer to the first part has been sent by now.
    others_come_and_go(session)
    peer.expect_nothing_yet("the client's own FIN")
    peer.send(b"second part\n")
    others_come_and_go(session)
    peer.expect_nothing_yet("the client's own FIN")
    # Another clause judges the count.
    peer.send_eof()
    peer.read_to_end()


@half_open.must(
    "zero-bytes", "5.3", "FIN without a byte is answered with a count of 0.", "SPEC 5.3"
)
def zero_bytes(session: Session) -> None:
    finish(session, session.join(), b"")


@half_open.must(
    "large",
    "5.4",
    "More bytes than any socket buffer holds are counted correctly.",
    "SPEC 5.4",
    needs=("segments",),
)
def large(session: Session) -> None:
    finish(session, session.join(), some_lines(session, LARGE))


@half_open.must(
    "count-binary",
    "5.5",
    "Bytes of every value are counted, not letters or lines.",
    "SPEC 5.1",
    needs=("segments",),
    line=("together",),
)
def count_binary(session: Session) -> None:
    every = bytes(range(256))
    for data in (b"a\x00b\x00", "é漢😀".encode(), b"\r\n\r\n\n", b"\x04\x1a\xff", every):
        finish(session, session.join(), data + b"\n")


@half_open.must(
    "segments", "5.6", "However the bytes are cut into segments, all are counted.", "RFC 9293"
)
def segments(session: Session) -> None:
    peer = session.join()
    data = some_lines(session, 96)
    peer.send_segments(data[at : at + 1] for at in range(len(data)))
    finish(session, peer, b"", before=len(data))


@half_open.must(
    "ends-fin", "5.7", "After the reply the server sends FIN.", "SPEC 5.7", needs=("reply",)
)
def ends_fin(session: Session) -> None:
    peer = session.join()
    peer.send(b"x\n")
    peer.send_eof()
    awaited = reply(session, 2)
    received = peer.read_to_end("the server's FIN, directly after the reply,")
    at = received.find(awaited)
    peer.pending[:0] = received[at + len(awaited) if at >= 0 else 0 :]
    peer.expect_eof("the server's FIN, directly after the reply,")


@half_open.must(
    "isolation",
    "5.8",
    "Each client's bytes are counted separately.",
    "SPEC 5.8",
    needs=("concurrent",),
)
def isolation(session: Session) -> None:
    first, second = session.join(), session.join()
    first.send(b"1234\n")
    second.send(b"123456\n")
    finish(session, second, b"", before=7)
    finish(session, first, b"", before=5)


@half_open.must(
    "terminal",
    "5.9",
    "A user who presses Ctrl-D sees the reply, and that the server closed the connection.",
    "SPEC 5.9",
)
def terminal(session: Session) -> None:
    person = session.terminal()
    person.type_line(b"Hello server")
    person.end_input()
    person.see(reply(session, len(b"Hello server\n")), "the reply")
    person.see_the_end()


every_stream_service(half_open)
