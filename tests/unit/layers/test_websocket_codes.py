"""The codes of a close, as they are shown."""

from __future__ import annotations

from pync.layers.websocket_codes import IN_ORDER, MEANINGS, named, shown


def test_a_code_is_shown_with_its_meaning() -> None:
    assert named(1001) == "1001 (going away)"
    assert named(4000) == "4000"
    assert set(MEANINGS) > IN_ORDER


def test_a_reason_is_harmless_to_a_terminal() -> None:
    assert shown("bye\x1b[2J\n") == "bye?[2J?"
