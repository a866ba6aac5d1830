"""greet (SPEC 3; RFC 865 style): a greeting, later a farewell, then the end.

Each requirement is above the scenario that judges it.
"""

from __future__ import annotations

import time

from ..clients.peer import DATA, Peer
from ..core.verdict import Violation
from ..scenario.profile import StreamProfile
from ..scenario.requirement import ABORTABLE
from ..scenario.session import Session
from .barriers import nothing_more
from .common import every_stream_service
from .settings import settings_of

#: Seconds by which the greeting must precede the farewell, and the tolerance for a timer and
#: for the clock of the suite.
AHEAD, TOLERANCE = 0.1, 0.01

#: How often both must come together to be the server's fault; fewer may be the machine's load.
TOGETHER = 3


def open_(session: Session, peer: Peer) -> None:
    """Read the greeting."""
    peer.expect(session.parameters["greeting"], "the greeting")


def serve(session: Session, peer: Peer) -> None:
    """Read the farewell and the end."""
    peer.expect(session.parameters["farewell"], "the farewell")
    peer.expect_eof()


def stall(session: Session, peer: Peer) -> None:
    """Do nothing: the server still has to write the farewell."""


greet = StreamProfile(
    "greet",
    title="a greeting, later a farewell, then FIN (RFC 865 style)",
    settings=settings_of("greet"),
    parameters={"greeting": b"Hello! I am TCP server\n", "farewell": b"Good bye!\n\n\n"},
    first_input=b"",
    half_input=b"not asked for",
    open=open_,
    serve=serve,
    stall=stall,
    base=("unprompted",),
    apart=("isolation",),
    timely=("not-held-back",),
    unheard=("ends-fin", "ignores-input"),
    leavers=("early-leaver", "reset-between"),
    chatter=b"input that nobody reads\n",
    ends_by_itself=True,
)


@greet.must(
    "greeting",
    "3.1",
    "On connect the server sends the greeting.",
    "SPEC 3.1; RFC 865",
    needs=("next-client",),
)
def greeting(session: Session) -> None:
    session.join()


@greet.must(
    "unprompted",
    "3.2",
    "Greeting, farewell and end come without any input.",
    "SPEC 3.2; RFC 865",
    needs=("nothing-else",),
)
def unprompted(session: Session) -> None:
    peer = session.join()
    session.serve(peer)


@greet.must(
    "not-held-back",
    "3.3",
    "The greeting is not held back: it arrives at least 100 ms before the farewell.",
    "SPEC 3.3",
    line=("time",),
)
def not_held_back(session: Session) -> None:
    for _ in range(TOGETHER):
        peer = session.join()
        greeted = time.monotonic()
        peer.poll(session.deadline)
        ahead = time.monotonic() - greeted
        session.serve(peer)
        if ahead >= AHEAD - TOLERANCE:
            return
    raise Violation(
        "held-back",
        f"{TOGETHER} times in a row the greeting came less than {AHEAD * 1000:g} ms "
        f"before the farewell (the last time {ahead * 1000:.0f} ms)",
        client=peer.name,
        hint="the greeting waits in a buffer: flush it when it is written",
    )


@greet.must(
    "farewell", "3.4", "Later the server sends the farewell.", "SPEC 3.4", needs=("greeting",)
)
def farewell(session: Session) -> None:
    peer = session.join()
    text = session.parameters["farewell"]
    # Other clauses judge further data, and the end.
    received = bytearray(peer.take())
    while text not in received and peer.poll(peer.deadline) == DATA:
        received += peer.take()
    if text not in received:
        peer.pending[:0] = received
        peer.expect(text, "the farewell")


@greet.must(
    "ends-fin",
    "3.5",
    "The end is a FIN and not an RST, although the client sent bytes that nobody asked for.",
    "SPEC 3.5; RFC 1122 4.2.2.13 (close with unread data sends RST)",
    needs=("unprompted",),
    line=("in-time",),
)
def ends_fin(session: Session) -> None:
    for _ in range(TOGETHER):
        peer = session.join()
        peer.send(b"unread input\n" * 300)
        in_time = peer.poll(0) != DATA
        # Another clause (3.6) judges the data before the end.
        peer.read_to_end("the server's FIN")
        if in_time:
            # On a loaded machine the input may arrive after the end.
            return


@greet.must(
    "ignores-input",
    "3.6",
    "Input from the client does not change what the server sends.",
    "SPEC 3.6",
    needs=("ends-fin",),
    line=("in-time", "together"),
)
def ignores_input(session: Session) -> None:
    peer = session.connect()
    # Send everything at once: on a loaded machine the farewell may come before a second step.
    for data in (b"\n", b"quit\n", b"\x04", b"\x03", b"\xff\xfb\x01", session.some_bytes(2000)):
        peer.send(data)
    peer.expect(session.parameters["greeting"], "the greeting")
    session.serve(peer)


@greet.must(
    "nothing-else",
    "3.7",
    "Nothing but the greeting and the farewell is sent.",
    "SPEC 3.7; RFC 865",
    needs=("farewell",),
)
def nothing_else(session: Session) -> None:
    peer = session.join()
    peer.expect(session.parameters["farewell"], "the farewell, directly after the greeting,")
    nothing_more(peer)


@greet.must(
    "early-leaver",
    "3.8",
    "A client that leaves early, by FIN or by closing, does not disturb other clients.",
    "SPEC 3.8",
    needs=("concurrent",),
    unless=("isolation", "reset-at-once"),
    line=("in-time",),
)
def early_leaver(session: Session) -> None:
    # The client has read its greeting by then: a close with unread input would send RST.
    session.join().close()
    leaver = session.join()
    half_closed = session.join()
    half_closed.send_eof()
    leaver.close()
    session.next_client_is_served()
    session.next_client_is_served()


@greet.must(
    "reset-between",
    "3.9",
    "A client that resets between greeting and farewell does not disturb other clients.",
    "SPEC 3.8",
    transports=ABORTABLE,
    needs=(
        "concurrent",
        "reset-at-once",
    ),
    unless=("isolation",),
    line=("in-time",),
)
def reset_between(session: Session) -> None:
    # Its farewell, due before the other's, is written to a closed connection.
    leaver = session.join()
    witness = session.join()
    leaver.reset()
    session.serve(witness)
    session.next_client_is_served()


@greet.must(
    "isolation",
    "3.10",
    "Each client gets the greeting and the farewell once.",
    "SPEC 3.10",
    needs=("concurrent",),
)
def isolation(session: Session) -> None:
    peers = []
    for _ in range(4):
        peers.append(session.connect())
        session.let_accept()
    for peer in peers:
        peer.expect(session.parameters["greeting"], "the greeting")
    for peer in peers:
        session.serve(peer)


@greet.must(
    "terminal",
    "3.11",
    "A person sees greeting and farewell, and that the server ended the connection.",
    "SPEC 3.11",
)
def terminal(session: Session) -> None:
    person = session.terminal()
    person.see(session.parameters["greeting"], "the greeting")
    person.see(session.parameters["farewell"], "the farewell")
    person.see_the_end()


every_stream_service(greet)
