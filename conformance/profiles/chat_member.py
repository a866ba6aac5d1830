"""chat's members: what they send and receive, and the profile itself.

Names and channels are new in every run, so that a server that outlives a run can be judged too.
If a client's action must reach another client, that is awaited; the order in which the two get
their messages is not judged.
"""

from __future__ import annotations

import secrets
import time

from ..clients.peer import Peer
from ..core.verdict import Violation
from ..scenario.flooding import flood
from ..scenario.profile import StreamProfile
from ..scenario.session import Session
from .commands import ask, peek_line
from .settings import settings_of

#: The bytes of commands whose answers are more than a socket accepts.
JAM = 2 * 1024 * 1024


def new_name() -> bytes:
    """Return a name that was never used before."""
    return b"n-" + secrets.token_hex(8).encode()


def new_channel() -> bytes:
    """Return a channel that was never used before."""
    return b"#c-" + secrets.token_hex(8).encode()


def enter(session: Session, *channels: bytes) -> tuple[Peer, bytes]:
    """Return a new member of these channels, and its name."""
    peer, name = session.join(), new_name()
    ask(peer, b"LOGIN " + name + b" secret", b"OK")
    for channel in channels:
        ask(peer, b"JOIN " + channel, b"OK")
    return peer, name


def beside(session: Session, *channels: bytes) -> Peer | None:
    """Add a member of these channels that stays for the next steps, if the server allows it."""
    return None if session.one_at_a_time else enter(session, *channels)[0]


def hears_join(peer: Peer | None, name: bytes, channel: bytes) -> None:
    """Await the notice that another member joined."""
    if peer:
        peer.expect(b"* " + name + b" joined " + channel + b"\n", "the notice of who joined")


def hears_leave(peer: Peer | None, name: bytes, channel: bytes) -> None:
    """Await the notice that another member left."""
    if peer:
        peer.expect(b"* " + name + b" left " + channel + b"\n", "the notice of who left")


def hears(peer: Peer | None, channel: bytes, name: bytes, text: bytes) -> None:
    """Await a message."""
    if peer:
        peer.expect(channel + b" <" + name + b"> " + text + b"\n", "the message")


def hears_nothing(peer: Peer | None) -> None:
    """Check that no message has come: the next data is the answer to the client's own command."""
    if peer:
        ask(peer, b"PART " + new_channel(), b"ERROR not in channel")


def company(session: Session, channel: bytes) -> tuple[Peer, bytes, Peer, bytes]:
    """Return two members of a channel; each has got the notice about the other."""
    first, one = enter(session, channel)
    second, two = enter(session, channel)
    hears_join(first, two, channel)
    return first, one, second, two


def when_free(session: Session, peer: Peer, name: bytes, secret: bytes) -> None:
    """Log in with a name whose connection has ended, as soon as the server has noticed that."""
    taken = b"ERROR already logged in\n"
    until = time.monotonic() + session.deadline
    while True:
        peer.send(b"LOGIN " + name + b" " + secret + b"\n")
        if peek_line(peer) != peer.conduct.peek(taken):
            peer.expect(b"OK\n", "the answer to LOGIN")
            return
        peer.expect(taken, "the answer to LOGIN")
        if time.monotonic() > until:
            raise Violation(
                "name-held",
                f"the name is still logged in {session.deadline:g} s after its connection ended",
                client=peer.name,
            )
        peer.poll(0.01)


def open_(session: Session, peer: Peer) -> None:
    """Do nothing: the server sends nothing at the start."""


def serve(session: Session, peer: Peer) -> None:
    """Play a session from LOGIN to QUIT. Other clauses judge messages in channels."""
    ask(peer, b"LOGIN " + new_name() + b" secret", b"OK")
    leave(peer)


def leave(peer: Peer) -> None:
    """Send QUIT; await BYE and FIN."""
    ask(peer, b"QUIT", b"BYE")
    peer.expect_eof("the server's FIN after BYE")
    peer.close()


def stall(session: Session, peer: Peer) -> None:
    """Request more data than is read."""
    flood(session, peer, peer.conduct.sent(b"PART #c\n") * 8192, JAM)


chat = StreamProfile(
    "chat",
    title="channels and members over line commands",
    settings=settings_of("chat"),
    first_input=b"QUIT\n",
    half_input=b"LOGIN half-a-na",
    open=open_,
    serve=serve,
    stall=stall,
    base=("login", "quit"),
    stalled=("stalled-member",),
)
