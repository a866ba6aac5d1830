"""How an input ends after the peer has ended, for each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pync.core.endings import Endings
from pync.engine.clock import Clock
from pync.engine.flow import Flow
from pync.engine.loop import Loop
from pync.engine.peerend import end_input
from pync.transports.memory import pair

if TYPE_CHECKING:
    from pync.core.endings import WhenPeerEnds


def input_ends(rule: WhenPeerEnds, given: bytes, more: bytes, seconds: float) -> bool:
    """Return whether an input ends in ``seconds``; it has sent ``given`` and holds ``more``."""
    (user, source), (remote, peer) = pair(), pair()
    ended: list[bool] = []
    with user, source, remote, peer, Loop() as loop:
        source.settimeout(0)
        remote.settimeout(0)
        flow = Flow(loop, source, remote, lambda: None)
        flow.start()
        if given:
            user.send_all(given)
            loop.run_while(lambda: flow.moved < len(given))
        if more:
            user.send_all(more)
        clock = Clock(loop, remote, Endings(), lambda _failure: None)
        end_input(rule, source, flow, clock, lambda: ended.append(True))
        asked: list[bool] = []
        loop.call_later(seconds, lambda: asked.append(True))
        loop.run_while(lambda: not (ended or asked))
        assert flow.moved == len(given) + len(more) or ended
        flow.stop()
        clock.stop()
    return bool(ended)


@pytest.mark.parametrize(
    ("rule", "given", "more", "leaves"),
    [
        ("leave", b"", b"", True),
        ("leave", b"x", b"", True),
        ("leave", b"x", b"for the next client", True),
        ("stay", b"", b"", False),
        ("stay", b"x", b"", False),
        ("begun", b"", b"", True),
        ("begun", b"x", b"", False),
        ("begun", b"", b"not read yet", False),
        ("waiting", b"", b"", True),
        ("waiting", b"x", b"", True),
        ("waiting", b"", b"not read yet", True),
    ],
)
def test_input_ends_according_to_the_rule(
    rule: WhenPeerEnds, given: bytes, more: bytes, leaves: bool
) -> None:
    # The end may take long on a loaded machine; an end that must not come is awaited briefly.
    assert input_ends(rule, given, more, 10.0 if leaves else 0.3) is leaves
