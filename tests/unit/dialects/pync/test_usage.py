"""The USAGE's form; that its options are fields is a law of the house."""

from __future__ import annotations

import re

from pync.dialects.argv import options_in
from pync.dialects.pync.usage import USAGE


def test_every_line_fits_a_terminal() -> None:
    assert max(map(len, USAGE.splitlines())) <= 80


def test_no_further_line_begins_like_an_option() -> None:
    """docopt would take it for one."""
    assert re.findall(r"^ {6,}-.*", USAGE, re.MULTILINE) == []


def test_no_letter_and_no_word_is_given_twice() -> None:
    options = options_in(USAGE)
    shorts = [option.short for option in options if option.short]
    longs = [option.long for option in options]
    assert len(shorts) == len(set(shorts))
    assert len(longs) == len(set(longs))
    assert longs
