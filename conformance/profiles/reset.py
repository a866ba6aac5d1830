"""reset (SPEC 6): lines come back, and after the command the server aborts with RST.

FIN and RST are never interchangeable here, because the difference is the purpose of the service.
"""

from __future__ import annotations

from ..clients.peer import Peer
from ..core.transcript import first_difference
from ..core.verdict import Violation
from ..scenario.profile import StreamProfile
from ..scenario.requirement import ABORTABLE
from ..scenario.session import Session
from .common import FLOODS, LINES, PENDING, Flood, every_stream_service, settle, stall_with_lines
from .settings import settings_of

LARGE = 1024 * 1024

ABORT = "RFC 9293 3.10.7.4, 3.9.1 (abort)"


def open_(session: Session, peer: Peer) -> None:
    """Do nothing: the server sends nothing at the start."""


def serve(session: Session, peer: Peer) -> None:
    """Send a line, await its echo; send FIN, await FIN."""
    echoed(peer, b"served in full\n")
    peer.send_eof()
    peer.expect_eof()


def echoed(peer: Peer, line: bytes) -> None:
    """Send a line and await its echo."""
    peer.send(line)
    peer.expect(line, "the same line")


def aborted(session: Session, peer: Peer, line_end: bytes = b"\n") -> None:
    """Send the command and await RST; the command itself may be echoed first."""
    command = session.parameters["command"] + line_end
    peer.send(command)
    peer.expect_reset(
        lambda came: (
            None
            if command.startswith(came)
            else f"{came!r} came before RST; only the command itself may be echoed"
        )
    )


reset = StreamProfile(
    "reset",
    title="lines come back; the command is answered by RST",
    settings=settings_of("reset"),
    parameters={"command": b"RESET"},
    first_input=b"ready?\n",
    half_input=b"half a line",
    open=open_,
    serve=serve,
    stall=stall_with_lines,
    base=("ends-fin",),
    apart=("isolation",),
)


@reset.must("lines", "6.1", "Lines come back byte for byte.", "SPEC 6.1", needs=("next-client",))
def lines(session: Session) -> None:
    peer = session.join()
    for line in (b"Hello server\n", b"\n", b"  blanks \t\n", b"a\x00b\xff\n", "é漢\n".encode()):
        echoed(peer, line)
    many = b"".join(b"line %d\n" % number for number in range(100))
    echoed(peer, many)


@reset.must("crlf", "6.2", "CRLF stays CRLF.", "SPEC 6.2", line=("together",))
def crlf(session: Session) -> None:
    peer = session.join()
    for line in (b"one\r\n", b"\r\n", b"a\rb\r\n", b"two\n", b"three\r\n"):
        echoed(peer, line)


@reset.must(
    "reset",
    "6.3",
    "On the command the server aborts the connection: the client sees RST and not FIN.",
    ABORT,
    transports=ABORTABLE,
    needs=("ends-fin",),
)
def reset_(session: Session) -> None:
    peer = session.join()
    echoed(peer, b"before\n")
    aborted(session, peer)
    # The command as the first line, and with CRLF; repeatedly, because it must always work.
    for _ in range(8):
        aborted(session, session.join())
        aborted(session, session.join(), b"\r\n")


@reset.must(
    "case-sensitive",
    "6.4",
    "The command in another case is an ordinary line.",
    "SPEC 6.4",
    needs=("ends-fin",),
)
def case_sensitive(session: Session) -> None:
    command = session.parameters["command"]
    for other in {command.lower(), command.upper(), command.swapcase(), command.title()}:
        if other != command:
            peer = session.join()
            echoed(peer, other + b"\n")
            session.serve(peer)


@reset.must(
    "others-undisturbed",
    "6.5",
    "The abort does not disturb other connections.",
    ABORT,
    transports=ABORTABLE,
    needs=(
        "reset",
        "concurrent",
    ),
    unless=("isolation",),
)
def others_undisturbed(session: Session) -> None:
    before, aborting = session.join(), session.join()
    before.send(b"begun ")
    after = session.join()
    echoed(aborting, b"before\n")
    aborted(session, aborting)
    before.send(b"and finished\n")
    before.expect(b"begun and finished\n", "the same line")
    session.serve(after)
    session.serve(before)


@reset.must(
    "exact-line",
    "6.6",
    "Only the command alone on its line aborts; a line that contains more is an ordinary line.",
    "SPEC 6.6",
)
def exact_line(session: Session) -> None:
    command = session.parameters["command"]
    peer = session.join()
    for line in (
        command + b"X\n",
        b"X" + command + b"\n",
        b"say " + command + b" please\n",
        command + command + b"\n",
        command + b" \n",
        b" " + command + b"\n",
        command[:-1] + b"\n",
    ):
        echoed(peer, line)
    session.serve(peer)


@reset.must(
    "split",
    "6.7",
    "The command aborts however it is cut into segments.",
    "RFC 9293 (TCP is a stream of bytes)",
    transports=ABORTABLE,
    needs=(
        "reset",
        "concurrent",
    ),
    unless=("exact-line", "isolation"),
)
def split(session: Session) -> None:
    peer = session.join()
    command = session.parameters["command"]
    echoed(peer, b"before\n")
    peer.send_segments(command[at : at + 1] for at in range(len(command)))
    # The barrier: the server reads the first part separately.
    session.next_client_is_served()
    if peer.has_ended():
        raise Violation(
            "aborted-early",
            "the server aborted before the line was complete",
            client=peer.name,
            hint="a read is not a line: wait for the newline",
        )
    peer.send(b"\n")
    peer.expect_reset(
        lambda came: (
            None
            if (command + b"\n").startswith(came)
            else f"{came!r} came before RST; only the command itself may be echoed"
        )
    )


@reset.must(
    "unterminated",
    "6.8",
    "FIN after an unterminated rest ends the connection by FIN; the rest may come back.",
    "SPEC 6.8",
    unless=("half-sent",),
)
def unterminated(session: Session) -> None:
    peer = session.join()
    echoed(peer, b"a line\n")
    rest = b"no end"
    peer.send(rest)
    peer.send_eof()
    _takes_the_rest(peer, rest)


def _takes_the_rest(peer: Peer, rest: bytes) -> None:
    """After the client's FIN: await an unterminated rest or nothing, then FIN."""
    came = peer.read_to_end()
    if came not in (b"", rest):
        raise Violation(
            "wrong-bytes",
            "an unterminated rest may come back, but then as it was",
            expected=rest,
            received=came,
            offset=first_difference(rest, came),
            client=peer.name,
        )


@reset.must(
    "ends-fin",
    "6.9",
    "FIN is answered by FIN, after all pending data.",
    "RFC 9293 3.6",
    needs=("lines",),
)
def ends_fin(session: Session) -> None:
    peer = session.join()
    many = b"".join(b"pending line %d\n" % number for number in range(200))
    peer.send(many)
    peer.send_eof()
    peer.expect(many, "the pending lines")
    peer.expect_eof()
    for send in FLOODS:
        _lines_pending(session, send)


def _lines_pending(session: Session, send: Flood) -> None:
    peer = session.join(receive_buffer=256 * 1024)
    pattern = LINES
    taken = send(session, peer, pattern, PENDING)
    # Another clause (6.8) judges an unfinished line at the end.
    whole, rest = divmod(taken, 64)
    if rest:
        peer.send_raw(pattern[rest:64], takes=True)
        whole += 1
    peer.send_eof()
    settle(session, peer)
    peer.expect(pattern[:64] * whole, "the pending lines")
    peer.expect_eof()


@reset.must("large", "6.10", "More lines than any socket buffer holds come back.", "SPEC 6.1")
def large(session: Session) -> None:
    peer = session.join()
    line = session.some_words(1000) + b"\n"
    data = line * (LARGE // len(line))
    peer.exchange(data, data, "the same lines")


@reset.must(
    "nothing-else", "6.11", "Nothing but the lines is ever sent.", "SPEC 6.11", line=("together",)
)
def nothing_else(session: Session) -> None:
    peer = session.join()
    for line in (b"x\n", b"quit\n", b"help\n"):
        echoed(peer, line)
    peer.send_eof()
    peer.expect_eof("the server's FIN, with nothing before it,")


@reset.must(
    "isolation",
    "6.12",
    "Clients never see one another's bytes.",
    "SPEC 6.12",
    needs=("concurrent",),
)
def isolation(session: Session) -> None:
    first, second = session.join(), session.join()
    first.send(b"the first ")
    second.send(b"the second ")
    # The barrier: both have been read by now, separately.
    session.next_client_is_served()
    first.send(b"line\n")
    second.send(b"one\n")
    second.expect(b"the second one\n", "its own line")
    first.expect(b"the first line\n", "its own line")


@reset.must(
    "terminal",
    "6.13",
    "A person sees the lines come back, and that the server reset the connection.",
    "SPEC 6.13",
    transports=ABORTABLE,
    needs=("reset",),
)
def terminal(session: Session) -> None:
    person = session.terminal()
    person.type_line(b"Hello server")
    person.see(b"Hello server\n", "the same line")
    command = session.parameters["command"]
    person.type_line(command)
    person.see_the_reset()


every_stream_service(reset)
