"""The groups of options: each option is in one, and ``--help GROUP`` shows it."""

from __future__ import annotations

import pytest

from pync import dialects
from pync.dialects.argv import options_in
from pync.dialects.pync.groups import groups
from pync.dialects.pync.usage import USAGE


def test_usage_lists_all_groups() -> None:
    named = USAGE.partition("--help GROUP")[2].partition("\n\n")[0]
    assert list(groups()) == "".join(named.split()).partition(":")[2].split(",")


def test_each_option_is_in_one_group_or_in_the_main_list() -> None:
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
