"""Combinations of ncat options; tests/interop compares the messages with those of ncat."""

from __future__ import annotations

import pytest

from pync.core.errors import UsageError
from pync.dialects.ncat import parse
from pync.dialects.ncat.rules import LIMIT_WITHOUT_EFFECT


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("--ssl-cert c h 1", "must be used together"),
        ("--ssl-key k -l 1", "must be used together"),
        ("--proxy-type http h 1", "without proxy address"),
        ("--proxy-dns nowhere h 1", "Invalid proxy DNS type"),
        ("--allow 1.2.3.4 h 1", "allow/deny with connect"),
        ("--chat h 1", "`--chat' with connect"),
        ("-l -s 127.0.0.1 1", "-l and -s are incompatible"),
        ("-l -p 1 h 2", "Got more than one port specification: 1 2"),
        ("-z -e true h 1", "can't be done along with option -z"),
        ("-U --ssl /x", "SSL option not supported"),
    ],
)
def test_invalid_combinations(argv: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(argv.split())


def test_notice_about_a_limit_without_effect() -> None:
    assert parse(["-l", "-m", "5", "1"]).notice == LIMIT_WITHOUT_EFFECT
    assert parse(["-lk", "-m", "5", "1"]).notice is None
    assert parse(["--broker", "-m", "5", "h", "1"]).notice is None


def test_tls_options_imply_ssl() -> None:
    assert parse(["-l", "--ssl-cert", "c", "--ssl-key", "k", "1"]).ssl
