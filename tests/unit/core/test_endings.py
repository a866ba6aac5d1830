"""The endings: their defaults."""

from __future__ import annotations

from pync.core.endings import Endings, OnPeerEnd


def test_by_default_eof_becomes_fin_and_nothing_is_timed() -> None:
    assert Endings() == Endings(
        shutdown=True, on_peer_end="leave", quit_after=None, leave_when_sent=False, idle=None
    )


def test_what_a_client_pipes_is_sent_to_its_end() -> None:
    assert OnPeerEnd() == OnPeerEnd(terminal="leave", file="stay", pipe="stay")
