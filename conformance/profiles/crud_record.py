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
    """A key that nobody has used."""
    return b"key-" + secrets.token_hex(8).encode()


def open_(session: Session, peer: Peer) -> None:
    """Nothing comes at the start."""


def serve(session: Session, peer: Peer) -> None:
    """A record from its creation to its end."""
    comes_and_goes(peer, new_key())
    finish(peer)


def comes_and_goes(peer: Peer, key: bytes) -> None:
    """A record is created, read and deleted."""
    ask(peer, b"create " + key + b" served-in-full", b"OK")
    ask(peer, b"read " + key, b"OK served-in-full")
    ask(peer, b"delete " + key, b"OK")


def stall(session: Session, peer: Peer) -> None:
    """Ask for 8 MiB and read nothing."""
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
