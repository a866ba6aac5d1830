"""The format of the USAGE; tests/house checks that its options are fields."""

from __future__ import annotations

import re

from pync.dialects.argv import options_in
from pync.dialects.pync.usage import USAGE


def test_lines_fit_80_columns() -> None:
    assert max(map(len, USAGE.splitlines())) <= 80


def test_continuation_lines_do_not_start_with_a_dash() -> None:
    """docopt would parse such a line as an option."""
    assert re.findall(r"^ {6,}-.*", USAGE, re.MULTILINE) == []


def test_option_names_are_unique() -> None:
    options = options_in(USAGE)
    shorts = [option.short for option in options if option.short]
    longs = [option.long for option in options]
    assert len(shorts) == len(set(shorts))
    assert len(longs) == len(set(longs))
    assert longs
