"""Shell completion of pync: exactly its options, and values that it accepts."""

from __future__ import annotations

import pytest

from pync.dialects.argv import options_in
from pync.dialects.pync import ARGV_STYLE, USAGE, parse
from pync.dialects.pync.completed import CHOICES, completed


def test_each_option_is_offered_once() -> None:
    offered = completed(ARGV_STYLE.accumulates).offers
    assert [(one.short, one.long, bool(one.value)) for one in offered] == [
        (one.short, one.long, one.takes_value) for one in options_in(USAGE)
    ]


def test_repeated_options_are_options() -> None:
    program = completed(ARGV_STYLE.accumulates)
    assert set(program.repeated) <= {one.long for one in program.offers}


@pytest.mark.parametrize(
    ("long", "value"), [(long, value) for long, values in CHOICES.items() for value in values]
)
def test_offered_values_are_accepted(long: str, value: str) -> None:
    more = {"ssl-min-version": "--ssl", "ssl-max-version": "--ssl", "proxy-type": "--proxy=p:1"}
    more |= {"proxy-dns": "--proxy=socks5://p:1", "pipe-mode": "pipe:x", "pipe-access": "pipe:x"}
    more |= {"colour": "--marks", "multicast-loop": "-u"}
    words = [f"--{long}={value}", more.get(long, "localhost"), "80"]
    if long.startswith("pipe"):
        words = ["-l", f"--{long}={value}", "pipe:x"]
    elif long in ("if-refused", "balance", "proxy-protocol", "to-starttls"):
        words = ["-l", f"--{long}={value}", "80", "--to=h:1"]
    elif long in more:
        words[1:1] = ["localhost"]
    parse(words)
