"""The language of --expect."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.core.errors import UsageError
from pync.core.script import End, Eof, Expect, Interact, Send, parse


def test_a_script() -> None:
    script = parse(
        r"""
        # log in
        expect "login: "
        timeout 500ms   # from here on
        send "joe\r\n"  # a person
        expect /\$ |a\/b$/ 30s # or else
        eof
        end
        interact
        what follows is not read
        """,
        "x",
    )
    first, send, second, *rest = script.steps
    assert isinstance(first, Expect)
    assert isinstance(second, Expect)
    assert (first.pattern.pattern, first.shown, first.seconds) == (rb"login:\ ", '"login: "', 10.0)
    assert send == Send(5, b"joe\r\n")
    assert (second.pattern.pattern, second.seconds) == (rb"\$ |a/b$", 30.0)
    assert rest == [Eof(7), End(8, 0.5), Interact(9)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "x: the script has no step"),
        ("say hello", "x:1: unknown step 'say' (known: send, expect, eof, end, interact, timeout)"),
        ("send hello", 'x:1: send takes a text in quotes: send "hello\\n"'),
        ('send "a" b', "x:1: 'b' was not expected here"),
        ("expect hello", "x:1: expect takes a text in quotes or a /regular expression/"),
        (
            "expect /(/",
            "x:1: '(' is not a valid regular expression: missing ), unterminated subpattern",
        ),
        ('expect "a" soon', "x:1: 'soon' is not a valid time"),
        ('send "\\q"', r"x:1: unknown escape '\\q'"),
        ("eof now", "x:1: 'now' was not expected here"),
        ("timeout", "x:1: '' is not a valid time"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_line(line: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse(line, "x")
    assert str(refusal.value).startswith(said)


@given(st.text())
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    with suppress(UsageError):
        assert parse(text, "x").steps
