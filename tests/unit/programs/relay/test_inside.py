"""Relayed connections and datagram peers have the interface that serving and spoiling need."""

from __future__ import annotations

from pync.programs.relay.inside import Inside, One
from pync.programs.relay.peer_session import PeerSession
from pync.programs.relay.peers import Peers
from pync.programs.relay.session import Joined
from pync.programs.shared.clients import Clients


def members(shape: type) -> set[str]:
    return {name for name in vars(shape) if not name.startswith("_")}


def test_both_implement_the_interface() -> None:
    for shape, kinds in ((Inside, (Clients, Peers)), (One, (Joined, PeerSession))):
        for kind in kinds:
            # (dir() of a class does not contain the attributes that __init__ sets.)
            missing = members(shape) - set(dir(kind)) - {"sessions", "client", "target"}
            assert missing == set(), kind
