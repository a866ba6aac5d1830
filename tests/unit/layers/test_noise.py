"""Corrupting the bytes of a stream."""

from __future__ import annotations

from random import Random

import pytest

from pync.layers.noise import Noise


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.9, 1.0])
def test_share_of_corrupted_bytes_does_not_depend_on_segmentation(share: float) -> None:
    data = bytes(50_000)
    whole = Noise(Random(1), share).spoil(data)
    noise = Noise(Random(1), share)
    by_reads = b"".join(noise.spoil(data[at : at + 777]) for at in range(0, len(data), 777))
    assert by_reads == whole
    changed = sum(byte != 0 for byte in whole)
    spread = 5 * (50_000 * share * (1 - share)) ** 0.5
    assert abs(changed - 50_000 * share) <= spread


def test_empty_data() -> None:
    assert Noise(Random(1), 1.0).spoil(b"") == b""
