"""The processing steps for the bytes of a relay."""

from __future__ import annotations

from pync.engine.pipeline import PLAIN, Nowhere, towards


def test_plain_pipeline_has_both_directions_and_no_tap() -> None:
    assert (PLAIN.sends, PLAIN.receives, PLAIN.tap, PLAIN.convert) == (True, True, None, None)


def test_nowhere_accepts_everything() -> None:
    assert Nowhere().send(b"abc") == 3
    assert Nowhere().write_fd() == -1


def test_tap_gets_the_direction() -> None:
    seen: list[tuple[str, bytes]] = []
    sent = towards(lambda direction, data: seen.append((direction, data)), "sent")
    assert sent is not None
    sent(b"a")
    assert seen == [("sent", b"a")]
    assert towards(None, "sent") is None
