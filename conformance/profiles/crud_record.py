"""crud's records: the small session of the store, and the profile itself.

Keys are new in every run, so that a server that outlives a run can be judged too.
"""

from __future__ import annotations

import secrets

from ..clients.peer import Peer
from ..scenario.profile import StreamProfile
from ..scenario.session import Session
from .commands import ask, finish
from .settings import settings_of

#: A value, and how often it must be read for answers of 8 MiB.
LONG_VALUE, READS = b"x" * 4000, 2000


def new_key() -> bytes:
    """Return a key that was never used before."""
    return b"key-" + secrets.token_hex(8).encode()


def open_(session: Session, peer: Peer) -> None:
    """Do nothing: the server sends nothing at the start."""


def serve(session: Session, peer: Peer) -> None:
    """Play a session: create, read and delete a record, and end the connection."""
    comes_and_goes(peer, new_key())
    finish(peer)


def comes_and_goes(peer: Peer, key: bytes) -> None:
    """Create, read and delete a record."""
    ask(peer, b"create " + key + b" served-in-full", b"OK")
    ask(peer, b"read " + key, b"OK served-in-full")
    ask(peer, b"delete " + key, b"OK")


def stall(session: Session, peer: Peer) -> None:
    """Request 8 MiB and read nothing."""
    key = new_key()
    ask(peer, b"create " + key + b" " + LONG_VALUE, b"OK")
    peer.send((b"read " + key + b"\n") * READS)


crud = StreamProfile(
    "crud",
    title="a small store, kept over the server's end",
    settings=settings_of("crud"),
    first_input=b"read ready?\n",
    half_input=b"read half-a-k",
    open=open_,
    serve=serve,
    stall=stall,
    base=("delete", "ends-fin"),
    stalled=("long", "in-order"),
)
