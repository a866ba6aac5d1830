"""The Q method: the table of RFC 1143, and its purpose: two sides never loop."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.telnet_options import NO, TRANSITIONS, WANTED, YES, Side

OPTION = 7
OURS = frozenset({OPTION})


@pytest.mark.parametrize(
    ("steps", "said", "on"),
    [
        ("+", [True], True),
        ("++", [True, None], True),
        ("-", [None], False),
        ("+-", [True, False], False),
        ("B+", [True, None], True),
        ("B-", [True, None], False),
        ("BB+", [True, None, None], True),
        ("BE+", [True, None, False], False),
        ("BE+-", [True, None, False, None], False),
        ("BEB+", [True, None, None, None], True),
        ("BE-", [True, None, None], False),
        ("+E-", [True, False, None], False),
        ("+EB-", [True, False, None, True], False),
        ("+EB-+", [True, False, None, True, None], True),
        ("+EBE-", [True, False, None, None, None], False),
        ("+E+", [True, False, None], False),
        ("+EB+", [True, False, None, None], True),
    ],
)
def test_what_is_said_and_where_it_ends(steps: str, said: list[bool | None], on: bool) -> None:
    """``+ -`` the peer says yes, no; ``B E`` we begin, end."""
    side = Side(OURS)
    moves = {
        "+": lambda: side.hear(OPTION, True),
        "-": lambda: side.hear(OPTION, False),
        "B": lambda: side.ask(OPTION, True),
        "E": lambda: side.ask(OPTION, False),
    }
    assert [moves[step]() for step in steps] == said
    assert side.is_on(OPTION) is on


def test_unsupported_option_is_refused_every_time() -> None:
    side = Side(frozenset())
    assert [side.hear(OPTION, True) for _ in range(3)] == [False] * 3
    assert not side.is_on(OPTION)
    assert not side.is_wanted(OPTION)


def test_option_is_wanted_before_the_peer_has_agreed() -> None:
    side = Side(OURS)
    side.ask(OPTION, True)
    assert side.is_wanted(OPTION)
    assert not side.is_on(OPTION)


def test_every_state_is_reached_and_left() -> None:
    states = {state for state, _ in TRANSITIONS}
    assert {after for after, _ in TRANSITIONS.values()} == states
    assert states > WANTED
    assert {NO, YES} < states


@given(st.lists(st.sampled_from(["a+", "a-", "b+", "b-", "ab", "ba"]), max_size=40))
def test_negotiation_ends_and_both_sides_agree(steps: list[str]) -> None:
    sides = {"a": Side(OURS), "b": Side(OURS)}
    mail: dict[str, deque[bool]] = {"ab": deque(), "ba": deque()}

    def say(sender: str, yes: bool | None) -> None:
        if yes is not None:
            mail["ab" if sender == "a" else "ba"].append(yes)

    def deliver(way: str) -> None:
        if mail[way]:
            say(way[1], sides[way[1]].hear(OPTION, mail[way].popleft()))

    for step in steps:
        if step in mail:
            deliver(step)
        else:
            say(step[0], sides[step[0]].ask(OPTION, step[1] == "+"))
    for _ in range(4 * len(steps) + 4):
        deliver("ab")
        deliver("ba")
    assert not any(mail.values()), "they loop"
    assert sides["a"].is_on(OPTION) == sides["b"].is_on(OPTION)
