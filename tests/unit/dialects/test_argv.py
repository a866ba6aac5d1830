"""Parsing command-line arguments."""

from __future__ import annotations

import re
from contextlib import suppress

import docopt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.core.errors import UsageError
from pync.dialects import DIALECTS, load
from pync.dialects.argv import ArgvStyle, Option, options_in, plain, read

USAGE = """\
Usage:
  tool [options]

Options:
  -l --listen             Listen.
  -v --verbose            Say more.
  -p --port=PORT          A port.
  -4 --ipv4               IPv4.
     --output=FILE        A file.
     --output-all         Another.
  --plain                 Without the space for a letter.
"""

OPTIONS = options_in(USAGE)


def test_options_in_the_usage() -> None:
    assert (
        Option("l", "listen", False),
        Option("v", "verbose", False),
        Option("p", "port", True),
        Option("4", "ipv4", False),
        Option("", "output", True),
        Option("", "output-all", False),
        Option("", "plain", False),
    ) == OPTIONS


@pytest.mark.parametrize(
    ("argv", "flags", "words"),
    [
        ("-lvp9000", ["--listen", "--verbose", "--port=9000"], []),
        ("-lvp 9000", ["--listen", "--verbose", "--port=9000"], []),
        ("-4 host", ["--ipv4"], ["host"]),
        ("host -l 80", ["--listen"], ["host", "80"]),
        ("-l -- -v", ["--listen"], ["-v"]),
        ("--port=1 --port 2", ["--port=1", "--port=2"], []),
        ("--po 2 --lis", ["--port=2", "--listen"], []),
        ("--output x", ["--output=x"], []),
        ("-p -1", ["--port=-1"], []),
        ("-", [], ["-"]),
    ],
)
def test_plain(argv: str, flags: list[str], words: list[str]) -> None:
    assert plain(argv.split(), USAGE) == (flags, words)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("-x", "unknown option -- 'x'"),
        ("-lx", "unknown option -- 'x'"),
        ("-p", "option requires an argument -- 'p'"),
        ("--port", "option requires an argument --port"),
        ("--nothing", "unknown option --nothing"),
        ("--listen=1", "option --listen takes no value"),
        ("--outp", r"option --outp is ambiguous \(--output, --output-all\)"),
    ],
)
def test_errors(argv: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"^{said}$"):
        plain(argv.split(), USAGE)


def test_last_value_wins_and_repeated_flags_are_counted() -> None:
    usage = "Usage:\n  tool [options] [--] [TARGET]...\n\n" + USAGE.split("\n\n", 1)[1]
    fields, words = read(usage, ["-vvp1", "a", "-p2", "--", "-b"])
    assert words == ["a", "-b"]
    assert fields["verbose"] == 2
    assert fields["port"] == "2"
    assert "output" not in fields
    fields, _ = read(usage, ["-p1", "-p", "2"], ArgvStyle(accumulates=frozenset({"port"})))
    assert fields["port"] == ("1", "2")


TOOL = "Usage:\n  tool [options] [--] [TARGET]...\n\n" + USAGE.split("\n\n", 1)[1]


def _number(text: str, option: str) -> int:
    if not text.isdigit():
        raise UsageError(f"{option}: {text} is not a number")
    return int(text)


def test_each_value_is_checked_in_the_order_typed() -> None:
    values = {"port": _number}
    fields, _ = read(TOOL, ["-p", "1", "-p", "2"], ArgvStyle(), values)
    assert fields["port"] == 2
    for argv in (["-p", "x", "-p", "2"], ["-p", "x", "-Y"], ["-p2", "--port=x"]):
        with pytest.raises(UsageError, match="-p: x is not a number"):
            read(TOOL, argv, ArgvStyle(), values)
    with pytest.raises(UsageError, match="'Y'"):
        read(TOOL, ["-Y", "-p", "x"], ArgvStyle(), values)


def test_option_allowed_only_once() -> None:
    style = ArgvStyle(once=((frozenset({"output", "port"}), "only one of them"),))
    read(TOOL, ["--output=a", "-vv"], style)
    for argv in (["--output=a", "--output=b"], ["-p1", "--output=b"]):
        with pytest.raises(UsageError, match="only one of them"):
            read(TOOL, argv, style)


def test_option_overrides_another() -> None:
    style = ArgvStyle(overrides={"ipv4": "listen", "listen": "ipv4"})
    for argv, expected in (("-4l", (False, True)), ("-l4", (True, False)), ("-l", (False, True))):
        fields, _ = read(TOOL, [argv], style)
        assert ("ipv4" in fields, "listen" in fields) == expected


def test_option_that_stops_parsing() -> None:
    style = ArgvStyle(answers=frozenset({"listen"}))
    fields, _ = read(TOOL, ["-l", "--nothing"], style)
    assert fields["listen"]
    with pytest.raises(UsageError, match="--nothing"):
        read(TOOL, ["--nothing", "-l"], style)


@pytest.mark.parametrize(
    ("words", "said"),
    [("-x", "no x"), ("-p", "p wants one"), ("--port", "no -"), ("-lx", "no x")],
)
def test_error_messages_depend_on_the_style(words: str, said: str) -> None:
    style = ArgvStyle(unknown_short="no {0}", needs_short="{0} wants one", longs=False)
    with pytest.raises(UsageError) as refusal:
        plain([words], USAGE, style)
    assert str(refusal.value) == said


def test_no_options_after_positional_arguments() -> None:
    style = ArgvStyle(permutes=False)
    assert plain(["-l", "a", "-v"], USAGE, style) == (["--listen"], ["a", "-v"])


@given(st.lists(st.one_of(st.text(max_size=6), st.sampled_from(["-v", "-p", "--port=1", "--"]))))
def test_any_arguments_are_parsed_or_rejected(argv: list[str]) -> None:
    with suppress(UsageError):
        flags, words = plain(argv, USAGE)
        known = {f"--{option.long}" for option in OPTIONS}
        assert {flag.partition("=")[0] for flag in flags} <= known
        # The positional arguments are some of the given arguments, in the same order.
        rest = iter(argv)
        assert all(any(word == typed for typed in rest) for word in words)


#: The line of an option in a USAGE.
LINE = re.compile(r"^ {2,5}(?:-(\w) )?--([a-z0-9-]+)(=\S+)?", re.MULTILINE)


@pytest.mark.parametrize("name", DIALECTS)
def test_each_option_of_a_dialect_is_parsed(name: str) -> None:
    usage = load(name).usage
    options = [Option(letter, long, bool(value)) for letter, long, value in LINE.findall(usage)]
    assert list(options_in(usage)) == options
    style = ArgvStyle()
    for option in options:
        text = "=x" if option.takes_value else ""
        for word in (f"--{option.long}{text}", *([f"-{option.short}{text}"] * bool(option.short))):
            flags, words = plain([word], usage, style)
            assert flags[0].partition("=")[0] == f"--{option.long}"
            assert words == []


@pytest.mark.parametrize("word", ["--l --listen", "--listen ", "--listen  Listen.", "-\n", "- "])
def test_text_around_an_option_does_not_match(word: str) -> None:
    with pytest.raises(UsageError, match="unknown option"):
        plain([word], USAGE)


@pytest.mark.parametrize("name", ["pync", "nc", "nc.traditional", "ncat", "telnet"])
def test_docopt_parses_the_same(name: str) -> None:
    """A USAGE is a docopt text whose only positional arguments are targets."""
    usage = load(name).usage
    options = options_in(usage)
    assert len(options) >= 15
    for given_options in (options[:0], options[:1], options[3:9], options):
        argv = [f"--{one.long}=x" if one.takes_value else f"--{one.long}" for one in given_options]
        fields, words = read(usage, [*argv, "--", "-host", "9"], ArgvStyle(accumulates=frozenset()))
        whole = docopt.docopt(usage, [*argv, "--", "-host", "9"], default_help=False)
        assert words == whole["TARGET"] == ["-host", "9"]
        for option in options:
            absent = None if option.takes_value else False
            assert fields.get(option.field, absent) == whole[f"--{option.long}"]
