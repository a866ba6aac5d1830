"""The script language of --expect."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.core.errors import UsageError
from pync.core.script import parse
from pync.core.script_steps import (
    End,
    Eof,
    Expect,
    Interact,
    Leave,
    Let,
    NothingYet,
    Repeat,
    Segments,
    Send,
)


def test_parse_script() -> None:
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
    assert isinstance(send, Send)
    assert (first.texts[0].value({}), first.shown, first.seconds) == (b"login: ", '"login: "', 10.0)
    assert (send.line, send.data.value({})) == (5, b"joe\r\n")
    assert (second.texts[0].pattern({}), second.seconds) == (rb"(?:\$ |a/b$)", 30.0)
    assert (first.how, script.exact) == ("search", False)
    assert rest == [Eof(7), End(8, 0.5), Interact(9)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "x: the script has no step"),
        (
            "say hello",
            "x:1: unknown step 'say' (known: send, expect, eof, end, interact, skip-to, ",
        ),
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
        ("B: send", "x:1: 'B': a script of --expect is one client; profiles of pync-conformance"),
        ("restart", "x:1: 'restart' is a step of profiles of pync-conformance only"),
        ("next-client", "x:1: 'next-client' is a step of profiles of pync-conformance only"),
        ('send "a"\nexact', "x:2: 'exact' is the first step of a script"),
        ("done", "x:1: 'done' ends a 'repeat', and there is none"),
        ("repeat 2\neof", "x:1: 'done' is missing: it ends what is repeated"),
        ("repeat 0\ndone", "x:1: 'repeat' takes a number from 1 to 10000"),
        ("repeat 2\ninteract\ndone", "x:2: 'interact' cannot be repeated"),
        ("reset\neof", "x:2: the connection has ended (line 1)"),
        ("send $key", "x:1: unknown name $key"),
        ('let key = "a"\nsend $kez', "x:2: unknown name $kez (known: key)"),
        ("send /a/", "x:1: a pattern can be awaited, and not sent"),
        ("send hex(0g)", "x:1: hex() takes pairs of digits, as in hex(0d 0a)"),
        ("send rnd(1)", "x:1: unknown function rnd() (known: upper, lower, reverse, len, crlf"),
        ('send upper("a"', "x:1: the closing parenthesis of upper( is missing"),
        ('send "a" * x', "x:1: after * a number is awaited, not 'x'"),
        ("segments each 0 $a", "x:1: write: segments each BYTES TEXT"),
        ("let key", 'x:1: write: let NAME = TEXT, as in: let key = "k" words(8)'),
        ('expect "a" as b', "x:1: after as the words for messages are awaited"),
    ],
)
def test_syntax_error_names_the_line(line: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse(line, "x")
    assert str(refusal.value).startswith(said)


def test_parse_script_with_terms() -> None:
    script = parse(
        r"""
        exact
        let key = "k" * 3 upper("ey")
        segments each 2 $key
        segments $key, hex(0d 0a) "\u00e9"
        expect any of "a" | /b(?P<n>\d)/ as "one of them" 3s
        expect unordered "a", "b"
        nothing-yet "an answer"
        skip-to "z"
        repeat $n
          send "c" $i
        done
        expect-eof
        expect-reset 1s
        expect-end
        reset
        """,
        "x",
    )
    let, pieces, parts, one_of, all_of, nothing, skip, repeat, *ends = script.steps
    assert script.exact
    assert isinstance(let, Let)
    assert let.data.value({}) == b"kkkEY"
    assert isinstance(pieces, Segments)
    assert isinstance(parts, Segments)
    assert (pieces.size, parts.parts[1].value({})) == (2, b"\r\n\xc3\xa9")
    assert isinstance(one_of, Expect)
    assert (one_of.how, one_of.seconds, one_of.all_of) == ("next", 3.0, False)
    assert one_of.shown == r'one of them ("a" | /b(?P<n>\d)/)'
    assert one_of.texts[1].groups == ("n",)
    assert isinstance(all_of, Expect)
    assert all_of.all_of
    assert nothing == NothingYet(8, "an answer")
    assert isinstance(skip, Expect)
    assert skip.how == "search"
    assert isinstance(repeat, Repeat)
    assert (repeat.times, len(repeat.steps)) == ("$n", 1)
    assert ends == [
        End(13, 10.0, "next"),
        End(14, 1.0, "reset"),
        End(15, 10.0, "either"),
        Leave(16, abort=True),
    ]


@given(st.text())
def test_any_text_is_parsed_or_rejected(text: str) -> None:
    with suppress(UsageError):
        assert parse(text, "x").steps
