"""discard (SPEC 9): all input is read and thrown away (RFC 863).

The server never sends anything, so the only proof that a client is served is the server's end: a
server that has read everything answers with FIN, not RST.
"""

from __future__ import annotations

from ..clients.peer import Peer
from ..scenario.profile import StreamProfile
from ..scenario.session import Session
from .common import every_stream_service
from .data import some_lines
from .settings import settings_of

LARGE = 4 * 1024 * 1024

NOTHING = "the client's own FIN"


def open_(session: Session, peer: Peer) -> None:
    """Do nothing: the server sends nothing at the start."""


def serve(session: Session, peer: Peer) -> None:
    """Send a line and FIN; await FIN, and nothing before it."""
    peer.send(b"served in full\n")
    finish(peer)


def finish(peer: Peer) -> None:
    """Send FIN, and await FIN."""
    peer.send_eof()
    peer.expect_eof("the server's FIN, with nothing before it,")


def stall(session: Session, peer: Peer) -> None:
    """Send much data; there is nothing to read."""
    peer.send(b"x" * 100_000)


discard = StreamProfile(
    "discard",
    title="all input is thrown away (RFC 863)",
    settings=settings_of("discard"),
    first_input=b"ready?\n",
    half_input=b"half a mess",
    open=open_,
    serve=serve,
    stall=stall,
    base=("silent",),
    apart=("isolation",),
    chatter=b"thrown away\n",
    silent=True,
)


@discard.must("silent", "9.1", "Nothing is ever sent.", "RFC 863", needs=("ends-fin",))
def silent(session: Session) -> None:
    peer = session.join()
    for line in (b"Hello server\n", b"help\n", b"QUIT\n", b"\r\n\r\n"):
        peer.send(line)
    # The barrier: any answer to the lines comes before the end.
    finish(peer)


@discard.must(
    "no-input", "9.2", "FIN without a byte is answered by FIN.", "RFC 863", needs=("silent",)
)
def no_input(session: Session) -> None:
    finish(session.join())


@discard.must(
    "any-byte",
    "9.3",
    "Every byte value is accepted.",
    "RFC 863",
    needs=("concurrent",),
    unless=("isolation",),
)
def any_byte(session: Session) -> None:
    peer = session.join()
    every = bytes(range(256))
    for data in (b"\x00", b"\x04", b"\x1a", b"\xff\xfe", b"\x03", every):
        peer.send(b"before " + data + b" after\n")
        session.next_client_is_served()
        peer.expect_nothing_yet(NOTHING)
    finish(peer)


@discard.must("large", "9.4", "More than any socket buffer holds is read to its end.", "RFC 863")
def large(session: Session) -> None:
    peer = session.join()
    peer.send(some_lines(session, LARGE))
    finish(peer)


@discard.must(
    "segments",
    "9.5",
    "However the bytes are cut into segments, all are read.",
    "RFC 9293",
    needs=("any-byte",),
    unless=("isolation",),
)
def segments(session: Session) -> None:
    peer = session.join()
    data = some_lines(session, 96)
    peer.send(data[:1])
    # The barrier: the server reads the first byte separately.
    session.next_client_is_served()
    peer.send_segments(data[at : at + 1] for at in range(1, len(data)))
    session.next_client_is_served()
    peer.expect_nothing_yet(NOTHING)
    finish(peer)


@discard.must(
    "ends-fin",
    "9.6",
    "The client's FIN is answered by FIN and not by RST.",
    "RFC 9293 3.6",
    needs=("next-client",),
)
def ends_fin(session: Session) -> None:
    peer = session.join()
    peer.send(b"x" * 4999 + b"\n")
    peer.send_eof()
    # Another clause (9.1) requires that nothing comes before it.
    peer.read_to_end()


@discard.must(
    "isolation",
    "9.7",
    "One client's input and end have no effect on another client.",
    "SPEC 9.7",
    needs=("concurrent",),
)
def isolation(session: Session) -> None:
    first, second = session.join(), session.join()
    first.send(b"the first\n")
    session.serve(first)
    session.next_client_is_served()
    second.expect_nothing_yet(NOTHING)
    session.serve(second)


@discard.must(
    "terminal",
    "9.8",
    "A user who presses Ctrl-D sees only the message that the server closed the connection.",
    "SPEC 9.8",
)
def terminal(session: Session) -> None:
    person = session.terminal()
    person.type_line(b"Hello server")
    person.end_input()
    person.see_the_end()


every_stream_service(discard, writes=False)
