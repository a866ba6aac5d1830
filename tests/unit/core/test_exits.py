"""The exit statuses."""

from __future__ import annotations

from pync.core import exits


def test_no_two_are_alike() -> None:
    statuses = [number for name, number in vars(exits).items() if name.isupper()]
    assert len(set(statuses)) == len(statuses)


def test_those_that_scripts_know_stay() -> None:
    known = (exits.OK, exits.NETWORK, exits.USAGE, exits.INTERRUPTED, exits.OUTPUT_GONE)
    assert known == (0, 1, 2, 130, 141)
