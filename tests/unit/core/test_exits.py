"""The table of exit statuses."""

from __future__ import annotations

from pync.core import exits


def test_every_status_has_a_meaning_and_no_two_are_alike() -> None:
    statuses = [exits.OK, exits.NETWORK, exits.USAGE, exits.INTERRUPTED, exits.OUTPUT_GONE]
    assert statuses == [0, 1, 2, 130, 141]
    assert set(exits.MEANING) == set(statuses)
