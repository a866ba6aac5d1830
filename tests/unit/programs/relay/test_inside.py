"""Connections and peers are asked the same by those who serve and who spoil them."""

from __future__ import annotations

from pync.programs.relay.inside import Inside, One
from pync.programs.relay.peer_session import PeerSession
from pync.programs.relay.peers import Peers
from pync.programs.relay.session import Joined
from pync.programs.shared.clients import Clients


def asked(shape: type) -> set[str]:
    return {name for name in vars(shape) if not name.startswith("_")}


def test_both_have_what_they_are_asked() -> None:
    for shape, kinds in ((Inside, (Clients, Peers)), (One, (Joined, PeerSession))):
        for kind in kinds:
            # (What is set in __init__ is not among these.)
            missing = asked(shape) - set(dir(kind)) - {"sessions", "client", "target"}
            assert missing == set(), kind
