"""The defaults of Endings and OnPeerEnd."""

from __future__ import annotations

from pync.core.endings import Endings, OnPeerEnd


def test_by_default_eof_is_forwarded_as_fin_without_time_limits() -> None:
    assert Endings() == Endings(
        shutdown=True, on_peer_end="leave", quit_after=None, leave_when_sent=False, idle=None
    )


def test_by_default_piped_input_is_sent_completely() -> None:
    assert OnPeerEnd() == OnPeerEnd(terminal="leave", file="stay", pipe="stay")
