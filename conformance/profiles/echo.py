"""echo (SPEC 2; RFC 862): every byte comes back. Each requirement is above its scenario."""

from __future__ import annotations

from ..clients.peer import Peer
from ..core.settings import answers_once
from ..scenario.profile import StreamProfile
from ..scenario.session import Session
from . import common, echo_stalled
from .barriers import nothing_more, nothing_more_first
from .common import every_stream_service, in_rounds, stall_with_lines
from .data import CONTROL, LINE, some_lines
from .settings import settings_of
from .speed import Speed

#: More bytes than any single socket buffer can hold.
LARGE = 2 * 1024 * 1024 + 3

#: The lines in one segment; and how many of them a server that reads only once gets at once.
LINES, FEW_LINES = 100, 10


def open_(session: Session, peer: Peer) -> None:
    """Read the greeting."""
    peer.expect(session.parameters["greeting"], "the greeting")


def serve(session: Session, peer: Peer) -> None:
    """Send a line, await its echo; send FIN, await FIN."""
    line = b"served in full\n"
    peer.send(line)
    peer.expect(line, "the echo")
    peer.send_eof()
    peer.expect_eof()


echo = StreamProfile(
    "echo",
    title="every byte comes back unchanged (RFC 862)",
    settings=settings_of("echo"),
    parameters={"greeting": b""},
    first_input=b"ready?\n",
    half_input=b"half a mess",
    open=open_,
    serve=serve,
    stall=stall_with_lines,
    base=("half-close",),
    apart=("isolation",),
    stalled=("again", "large", "stalled-reader", "quiet"),
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
    "again",
    "2.16",
    "Later input is answered as well, as long as the connection lasts.",
    "RFC 862",
    needs=("simple",),
    line=("together",),
)
def again(session: Session) -> None:
    peer = session.join()
    for line in (b"Hello server\n", b"This is simple echo\n", b"Hello server\n"):
        peer.send(line)
        peer.expect(line, "the echo")
    nothing_more(peer)


@echo.must(
    "no-newline",
    "2.3",
    "The echo does not wait for a newline.",
    "RFC 862",
    needs=("again",),
    unless=("isolation",),  # data that is held back may go to another client
)
def no_newline(session: Session) -> None:
    for peer, part in in_rounds(session, (b"a", b"no newline here", b" ", b"and here")):
        peer.send(part)
        peer.expect(part, "the echo of an unfinished line")


@echo.must(
    "binary",
    "2.4",
    "Every byte value comes back unchanged.",
    "RFC 862",
    needs=("coalesced",),
    line=("together",),
)
def binary(session: Session) -> None:
    kinds = odd_bytes(answers_once(session.parameters))
    for name, (peer, data) in zip(kinds, in_rounds(session, kinds.values()), strict=True):
        peer.send(data)
        peer.expect(data, f"the echo of {name}")


def odd_bytes(once: bool) -> dict[str, bytes]:
    """Return data that must come back unchanged; short lines if the server answers ``once``."""
    every = bytes(range(256))
    if not once:
        whole = {"all byte values": every + b"\n", "them, reversed": every[::-1] + b"\n"}
        return CONTROL | whole
    parts = [every[at : at + 64].replace(b"\n", b"") + b"\n" for at in range(0, 256, 64)]
    lines = {name: data for name, data in CONTROL.items() if data.count(b"\n") == 1}
    return lines | {f"64 byte values, part {number}": part for number, part in enumerate(parts, 1)}


@echo.must(
    "segments",
    "2.5",
    "However the bytes are cut into segments, they come back in order.",
    "RFC 9293 (TCP is a stream of bytes)",
    needs=("coalesced",),
    line=("together",),
)
def segments(session: Session) -> None:
    peer = session.join()
    once = answers_once(session.parameters)
    data = some_lines(session, LINE if once else 96)
    peer.send_segments(data[at : at + 1] for at in range(len(data)))
    peer.expect(data, "the echo of one-byte segments")
    if once:
        return
    for size in (1, 2, 3, 5, 1460, 1461, 4095, 4096, 4097):
        piece = some_lines(session, size)
        peer.exchange(piece, piece, f"the echo of {size} bytes")


@echo.must(
    "coalesced",
    "2.6",
    "Many messages in one segment all come back.",
    "RFC 9293 (TCP is a stream of bytes)",
    needs=("again",),
    line=("together",),
)
def coalesced(session: Session) -> None:
    peer = session.join()
    lines = FEW_LINES if answers_once(session.parameters) else LINES
    data = b"".join(b"message %d\n" % number for number in range(lines))
    peer.send(data)
    peer.expect(data, f"the echo of {lines} lines in one segment")


@echo.must(
    "large",
    "2.7",
    "More data than any socket buffer holds comes back, sent and read at once.",
    "RFC 862",
    needs=("segments",),
    unless=("quiet",),  # a loaded machine may cause a pause
)
def large(session: Session) -> None:
    peer = session.join()
    speed = Speed(session, LARGE)
    for size in (65535, 65536, 65537):
        speed.exchange(peer, some_lines(session, size))
    data = some_lines(session, LARGE)
    peer.exchange(data, data, f"the echo of {LARGE} bytes")


@echo.must(
    "nothing-else",
    "2.8",
    "Nothing but the greeting and the echo is ever sent.",
    "RFC 862",
    needs=("again", "half-close"),
    line=("together",),
)
def nothing_else(session: Session) -> None:
    lines = b"\n", b"quit\n", b"exit\n", b"help\n", b"QUIT\n"
    for peer, line in in_rounds(session, common.other_than_leave(session, *lines)):
        peer.send(line)
        peer.expect(line, "the echo")
        if answers_once(session.parameters):
            peer.expect_eof("the server's FIN, with nothing before it,")
    if not answers_once(session.parameters):
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


echo_stalled.declare(echo)


@echo.must(
    "isolation",
    "2.14",
    "Clients never see one another's bytes.",
    "SPEC 2.14",
    needs=("again", "concurrent"),
)
def isolation(session: Session) -> None:
    for number in range(3):
        if not number or answers_once(session.parameters):
            first, second = session.join(), session.join()
        one, two = b"first %d\n" % number, b"second client %d\n" % number
        first.send(one)
        second.send(two)
        second.expect(two, "its own echo")
        first.expect(one, "its own echo")
    if answers_once(session.parameters):
        return
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
        if answers_once(session.parameters):
            person.see_the_end()
            return
    if person.manners.half_closes:
        person.end_input()
        person.see_the_end()


every_stream_service(echo)
