"""Taking command words apart."""

from __future__ import annotations

import pytest

from pync.core.errors import UsageError
from pync.dialects.words import Option, options_in, plain

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
"""

OPTIONS = options_in(USAGE)


def test_options_are_read_off_the_usage() -> None:
    assert [
        Option("l", "listen", False),
        Option("v", "verbose", False),
        Option("p", "port", True),
        Option("4", "ipv4", False),
        Option("", "output", True),
        Option("", "output-all", False),
    ] == OPTIONS


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
def test_made_plain(argv: str, flags: list[str], words: list[str]) -> None:
    assert plain(argv.split(), OPTIONS) == (flags, words)


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
def test_refused_with_the_reason(argv: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"^{said}$"):
        plain(argv.split(), OPTIONS)
