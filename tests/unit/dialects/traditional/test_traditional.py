"""The command line of nc.traditional; tests/interop compares messages with the real program."""

from __future__ import annotations

import sys

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.endings import Endings
from pync.core.errors import (
    DialError,
    IdleTimeoutError,
    ListenError,
    OutputGone,
    RelayError,
    UsageError,
)
from pync.dialects.argv import options_in
from pync.dialects.traditional import USAGE, about, parse, status
from pync.dialects.traditional.values import VALUES


def test_option_tables_name_fields_of_the_config() -> None:
    fields = {option.long.replace("-", "_") for option in options_in(USAGE)}
    assert fields <= set(Config._fields)
    assert set(VALUES) <= fields


@pytest.mark.parametrize(
    ("argv", "program"),
    [
        ("h 9", "client"),
        ("-z h 9", "scan"),
        ("-l", "server"),
        ("-lz -p 9", "server"),
        ("-e /bin/cat h 9", "executor"),
        ("-l -p 9 -c cat", "executor"),
        ("-lz -c cat", "executor"),
    ],
)
def test_program(argv: str, program: str) -> None:
    assert parse(argv.split()).program == program


@pytest.mark.parametrize(
    ("argv", "endings"),
    [
        ("h 9", Endings(shutdown=False)),
        ("-q 0 h 9", Endings(quit_after=0)),
        ("-q 5 h 9", Endings(quit_after=5)),
        ("-q -1 h 9", Endings(shutdown=False)),
        ("-w 3 h 9", Endings(shutdown=False, silence=6)),
        ("-l -w 3", Endings(shutdown=False, silence=6)),
    ],
)
def test_endings(argv: str, endings: Endings) -> None:
    assert parse(argv.split()).endings == endings


def test_host_of_a_listener_restricts_its_clients() -> None:
    assert parse(["-lp", "9"]).allow == ()
    config = parse(["-lp", "9", "-w", "3", "192.0.2.1"])
    assert (config.allow, config.accept_timeout) == (("192.0.2.1",), 3)


@pytest.mark.skipif(sys.platform == "win32", reason="only on Linux and macOS")
def test_e_runs_a_file_without_searching_the_path() -> None:
    assert parse(["-e", "/bin/echo hi", "h", "9"]).exec == "'/bin/echo hi'"
    assert parse(["-e", "cat", "h", "9"]).exec == "./cat"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no"), 1),
        (DialError("dial", "x", "connection refused"), 1),
        (ListenError("listen", "x", "address already in use"), 1),
        (RelayError("relay", "x", "connection reset by peer"), 0),
        (IdleTimeoutError("relay", "x", "idle"), 0),
        (OutputGone(), 141),
    ],
)
def test_exit_statuses(error: Exception, code: int) -> None:
    assert status(error, Config()) == code


def test_help_goes_to_standard_error() -> None:
    shown = about(parse(["-h"]))
    assert (shown.to_stderr, shown.status) == (True, 0)
    assert "\t-w secs\t\t\tGive up" in shown.text


def test_hex_dump_has_the_netcat_format() -> None:
    config = parse(["-o", "file", "h", "9"])
    assert (config.hex_dump, config.dump_form) == ("file", "netcat")
    assert config.address == Address("tcp4", "h", "9")
