"""Regular expressions from the command line."""

from __future__ import annotations

import pytest

from pync.core.pattern import compiled


def test_pattern_matches_bytes_and_single_lines() -> None:
    assert compiled("^b\udcff$").search(b"a\nb\xff\n")


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        ("(", r"missing \), unterminated subpattern"),
        ("(" * 2000, "nested too deeply"),
        ("(" * 2000 + ")" * 2000, "nested too deeply"),
        ("a{99999999999}", "repetition number is too large"),
        ("\ud800", "surrogate"),
    ],
)
def test_error_states_what_is_wrong(pattern: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        compiled(pattern)
