"""The exit statuses."""

from __future__ import annotations

from pync.core import exits


def test_exit_statuses_are_unique() -> None:
    statuses = [number for name, number in vars(exits).items() if name.isupper()]
    assert len(set(statuses)) == len(statuses)


def test_well_known_exit_statuses_do_not_change() -> None:
    known = (exits.OK, exits.NETWORK, exits.USAGE, exits.INTERRUPTED, exits.OUTPUT_GONE)
    assert known == (0, 1, 2, 130, 141)
