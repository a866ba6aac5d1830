"""No verdict depends on the seed: random data always contains what its clause is about.

The data of other clauses contains nothing that servers treat specially.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from conformance.profiles import PROFILES
from conformance.profiles.data import some_lines
from conformance.profiles.quit_session import words as words_of_quit
from conformance.scenario.random_text import lines, words

SEEDS = range(200)


class Draws:
    """Draws random data as a session does, with the parameters of a profile."""

    def __init__(self, seed: int, profile: str) -> None:
        self.random = random.Random(f"{seed}/{profile}")
        self.parameters = PROFILES[profile].parameters

    def some_bytes(self, size: int) -> bytes:
        return self.random.randbytes(size)

    def some_words(self, size: int, without: bytes = b"") -> bytes:
        return words(self.random, size, without)


@pytest.mark.parametrize("size", [1, 2, 4, 9, 16, 40, 63])
def test_words_contain_single_blanks(size: int) -> None:
    for seed in SEEDS:
        for text in (words(random.Random(seed), size), words_of_quit(drawn(seed, "quit"), size)):
            assert len(text) == size
            assert text == text.strip()
            assert b"  " not in text
            assert text.isascii()


def test_data_of_quit_contains_no_letter_of_its_token() -> None:
    for seed in SEEDS:
        session = drawn(seed, "quit")
        text = words_of_quit(session, 63).upper()
        assert not set(session.parameters["token"].upper()) & set(text)


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 96, 4097])
def test_lines_are_complete_short_and_plain(size: int) -> None:
    for seed in SEEDS:
        for text in (lines(random.Random(seed), size), some_lines(drawn(seed, "echo"), size)):
            assert len(text) == size
            assert text.endswith(b"\n")
            assert all(len(line) <= 64 for line in text.splitlines(keepends=True))
            assert not set(text) & set(b"\x00\x04\x1a\r\t \xff")


def drawn(seed: int, profile: str) -> Any:
    return Draws(seed, profile)
