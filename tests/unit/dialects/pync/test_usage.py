"""The USAGE's form, and its groups; that its options are fields is a law of the house."""

from __future__ import annotations

import re

import pytest

from pync import dialects
from pync.dialects.argv import options_in
from pync.dialects.pync.groups import groups
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


def test_the_usage_names_its_groups() -> None:
    named = USAGE.partition("--help GROUP")[2].partition("\n\n")[0]
    assert list(groups()) == "".join(named.split()).partition(":")[2].split(",")


def test_each_option_is_in_one_group_or_among_the_first() -> None:
    grouped = [option.long for text in groups().values() for option in options_in(text)]
    first = USAGE.partition("\nOptions:\n")[2].partition("\n\n")[0]
    assert [option.long for option in options_in(first)] + grouped == [
        option.long for option in options_in(USAGE)
    ]


@pytest.mark.parametrize(
    ("typed", "begins"),
    [
        (["--help", "tls"], "TLS options:\n     --ssl "),
        (["-h", "TLS"], "TLS options:\n     --ssl "),
        (["--help"], USAGE[:40]),
        (["--help", "nonesuch"], USAGE[:40]),
        (["-l", "--help", "9000"], USAGE[:40]),
        (["-l", "-p", "9000", "host", "1", "--help"], USAGE[:40]),
    ],
)
def test_help(typed: list[str], begins: str) -> None:
    pync = dialects.load("pync")
    text = pync.about(pync.parse(typed)).text
    assert text.startswith(begins)
    assert (text == USAGE) == (begins == USAGE[:40])
