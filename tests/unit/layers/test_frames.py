"""Message framing in a stream."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pync.layers.frames import Frames, pack


def test_several_messages_at_once() -> None:
    assert Frames().take(pack(b"one") + pack(b"") + pack(b"two")) == [b"one", b"", b"two"]


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 50))
def test_any_segmentation(messages: list[bytes], size: int) -> None:
    stream = b"".join(pack(message) for message in messages)
    frames = Frames()
    taken = []
    for start in range(0, len(stream), size):
        taken += frames.take(stream[start : start + size])
    assert taken == messages


def test_incomplete_message_waits() -> None:
    frames = Frames()
    assert frames.take(pack(b"message")[:-1]) == []
    assert frames.take(b"e") == [b"message"]
