"""Close codes and reasons in messages."""

from __future__ import annotations

from pync.layers.websocket_codes import IN_ORDER, MEANINGS, named, shown


def test_code_is_shown_with_its_meaning() -> None:
    assert named(1001) == "1001 (going away)"
    assert named(4000) == "4000"
    assert set(MEANINGS) > IN_ORDER


def test_control_characters_in_a_reason_are_replaced() -> None:
    assert shown("bye\x1b[2J\n") == "bye?[2J?"
