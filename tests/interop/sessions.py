"""The outcome of a session, and the roles that a client's peer plays, for tests of every netcat."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..peer import Peer


class Outcome(NamedTuple):
    """The outcome of a session: stdout, stderr, exit status, and the data that the peer got."""

    shown: bytes
    said: bytes
    status: int
    heard: bytes


def plain(said: bytes) -> bytes:
    """Return messages without the ports, which differ from run to run, and with one name."""
    return re.sub(rb"\b\d{4,5}\b", b"PORT", said.replace(b"nc.openbsd: ", b"nc: "))


# The roles of a client's peer; each returns the data that the peer got.


def answers_and_ends(peer: Peer) -> bytes:
    peer.hears(b"question\n")
    peer.says(b"answer\n")
    peer.closes()
    return b"question\n"


def hears_the_end_and_answers(peer: Peer) -> bytes:
    heard = peer.hears_rest()
    peer.says(b"answer\n")
    peer.closes()
    return heard


def hears_the_end(peer: Peer) -> bytes:
    return peer.hears_rest()


def resets(peer: Peer) -> bytes:
    # Send nothing before the RST: the real program may lose data that it has not read.
    peer.hears(b"question\n")
    peer.resets()
    return b"question\n"


def says_much(peer: Peer) -> bytes:
    peer.hears(b"question\n")
    peer.says(bytes(range(256)) * 8192)
    peer.closes()
    return b"question\n"


def says_and_waits(peer: Peer) -> bytes:
    peer.says(b"one")
    return peer.hears_rest()


def answers_and_waits(peer: Peer) -> bytes:
    peer.hears(b"question\n")
    peer.says(b"answer\n")
    return b"question\n" + peer.hears_rest()
