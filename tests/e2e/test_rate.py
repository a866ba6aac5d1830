"""--rate: a limit in bytes per second for each direction, even pace, nothing lost at the end."""

from __future__ import annotations

from ..clock import Stopwatch
from ..peer import listening
from ..programs import pync

DATA = bytes(range(256)) * 80


def test_sending_is_limited() -> None:
    with listening() as server, pync("--rate", "40K", "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        stopwatch = Stopwatch()
        ours.write(DATA)
        ours.end_input()
        assert peer.hears_rest() == DATA
        # 20 KiB at 40 KiB per second, less the burst that is allowed at the beginning.
        assert stopwatch.reached(0.25)
        peer.closes()
        ours.ends(0)


def test_receiving_is_limited_and_slows_the_sender_down() -> None:
    with listening() as server, pync("--rate", "40K", "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        stopwatch = Stopwatch()
        with peer.saying(DATA):
            assert ours.rest() == DATA
        assert stopwatch.reached(0.25)
        ours.end_input()
        ours.ends(0)


def test_progress_is_only_drawn_on_terminals() -> None:
    with listening() as server, pync("--progress", "127.0.0.1", server.port) as ours:
        server.accepts().closes()
        ours.end_input()
        assert ours.ends(0) == b""
