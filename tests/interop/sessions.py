"""What a session came to, and what the peer of a client does in it: the same for every netcat."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..peer import Peer


class Outcome(NamedTuple):
    """What a session came to, seen from all sides."""

    shown: bytes
    said: bytes
    status: int
    heard: bytes


def plain(said: bytes) -> bytes:
    """Messages without what differs from run to run, and under one name."""
    return re.sub(rb"\b\d{4,5}\b", b"PORT", said.replace(b"nc.openbsd: ", b"nc: "))


# What the peer of a client does; returns what it heard.


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
    # Nothing is said before: theirs may lose what it has not read when the RST comes.
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
