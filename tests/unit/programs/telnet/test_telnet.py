"""The telnet program as a whole: connect, exchange data, exit."""

from __future__ import annotations

from pathlib import Path

from pync.core.events import Connected, Trying

from .conftest import Play


def test_input_reaches_the_host_until_the_user_quits(play: Play) -> None:
    seen = play(b"hello\n\x1dquit\nnever\n")
    assert seen.heard == b"hello\r\n"
    assert seen.said == ["Escape character is '^]'.", "Connection closed."]
    assert [type(event) for event in seen.events[:2]] == [Trying, Connected]
    assert seen.status == 0


def test_trace_contains_both_directions(play: Play, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    play(b"hello\n\x1dquit\n", trace=str(trace))
    assert b"68 65 6c 6c 6f 0d 0a" in trace.read_bytes()
