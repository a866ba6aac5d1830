"""The terms of an --expect script."""

from __future__ import annotations

import re

import pytest

from pync.core.errors import UsageError
from pync.core.script_terms import Reader, Terms, whole

MISSING = "a text is missing"


def terms(text: str) -> Terms:
    return Reader(text, "x:1").terms(MISSING)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('"a" "b"hex(0d 0A)', b"ab\r\n"),
        ('"\\u00e9\\xff"', b"\xc3\xa9\xff"),
        ('"ab" * 2 ("c" "d" * 2) * 2', b"ababcddcdd"),
        ("$key $key-2", b"kk2"),
        ('"a" * $n', b"aaa"),
        ('upper("a" lower("B")) reverse("abc") len("abc") base64("\\xff")', b"ABcba3/w=="),
        ('crlf("a\\nb\\r\\n")', b"a\r\nb\r\n"),
    ],
)
def test_value_of_terms(text: str, data: bytes) -> None:
    assert terms(text).value({"key": b"k", "key-2": b"k2", "n": b"3"}) == data


def test_generated_data_has_its_size() -> None:
    found = terms("random(10)"), terms("words(3K)"), terms("lines(200)"), terms("crlf(lines(64))")
    data = [one.value({}) for one in found]
    assert list(map(len, data)) == [10, 3072, 200, 65]
    assert data[2].count(b"\n") == 4
    assert b"  " not in data[1]


def test_pattern_among_other_terms() -> None:
    found = terms('"a." /(?i)b(?P<n>[0-9])/ $end')
    assert (found.is_pattern, found.names, found.groups) == (True, ("end",), ("n",))
    assert found.shown == '"a." /(?i)b(?P<n>[0-9])/ $end'
    assert re.fullmatch(found.pattern({"end": b"*"}), b"a.B7*")


def test_terms_end_at_the_first_other_token() -> None:
    reader = Reader('"a" , "b" 3s # c', "x:1")
    assert [one.shown for one in reader.list(re.compile(","), MISSING)] == ['"a"', '"b"']
    assert reader.rest == "3s"
    with pytest.raises(UsageError, match="x:1: '3s' was not expected here"):
        reader.end()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", MISSING),
        ("word", MISSING),
        ('"a', MISSING),
        ("/a(/", "'a(' is not a valid regular expression"),
        ("/(?P<n>a)/ /(?P<n>b)/", "is not a valid regular expression: redefinition"),
        ("hex(0)", "hex() takes pairs of digits, as in hex(0d 0a)"),
        ("random(999G)", "bytes are too many"),
        ("words(x)", "words() takes a size: words(100), words(64K), words(1M)"),
        ("shout()", "unknown function shout() (known: upper, lower, "),
        ('upper("a"', "the closing parenthesis of upper( is missing"),
        ("upper(/a/)", "a pattern cannot stand in upper(...)"),
        ('"a" * b', "after * a number is awaited, not 'b'"),
        ("/a/ * 2", "a pattern cannot be repeated by *; write /(...){3}/"),
    ],
)
def test_syntax_errors(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        terms(text)
    assert said in str(refusal.value)


def test_errors_that_depend_on_variables_are_raised_by_value() -> None:
    with pytest.raises(UsageError, match=re.escape("x:1: $n is not a number: 'many'")):
        terms('"a" * $n').value({"n": b"many"})
    with pytest.raises(UsageError, match="bytes are too many"):
        terms('"aaaa" * 999999999').value({})
    assert whole({"n": b"007"}, "$n", "x:1") == 7
