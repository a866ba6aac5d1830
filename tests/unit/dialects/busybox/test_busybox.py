"""The command line of busybox nc; tests/interop compares the messages with those of busybox."""

from __future__ import annotations

import sys

import pytest

from pync.core.config import Config
from pync.core.endings import Endings, OnPeerEnd
from pync.core.errors import (
    DialError,
    IdleTimeoutError,
    ListenError,
    OutputGone,
    RelayError,
    UsageError,
)
from pync.dialects.argv import options_in
from pync.dialects.busybox import USAGE, about, parse, status
from pync.dialects.busybox.values import VALUES


def test_option_tables_name_fields_of_the_config() -> None:
    fields = {option.long.replace("-", "_") for option in options_in(USAGE)}
    assert fields <= set(Config._fields)
    assert set(VALUES) <= fields


def test_applet_name_may_come_first() -> None:
    assert parse(["nc", "h", "9"]) == parse(["h", "9"])


@pytest.mark.parametrize(
    ("argv", "program"),
    [
        ("h 9", "client"),
        ("-z h 9", "scan"),
        ("-l -p 9", "server"),
        ("-ll -p 9", "server"),
        ("h 9 -e cat", "executor"),
        ("-lk -p 9 -e cat", "executor"),
    ],
)
def test_program(argv: str, program: str) -> None:
    assert parse(argv.split()).program == program


@pytest.mark.skipif(sys.platform == "win32", reason="only on Linux and macOS")
@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["h", "9", "-e", "echo", "a b", "-l"], "echo 'a b' -l"),
        (["-p", "9", "-le", "cat"], "cat"),
        (["h", "9", "-ecat", "x"], "cat x"),
    ],
)
def test_arguments_after_e_belong_to_the_command(argv: list[str], command: str) -> None:
    assert parse(argv).exec == command


@pytest.mark.parametrize(
    ("argv", "stays"),
    [
        ("-ll -p 9 -e cat", True),
        ("-lkp 9 -e cat", True),
        ("-lp 9 -e cat", False),
        ("-ll -p 9", False),
        ("-lk -p 9", False),
    ],
)
def test_keep_open_only_with_a_command(argv: str, stays: bool) -> None:
    assert parse(argv.split()).keep_open is stays


@pytest.mark.parametrize(
    ("argv", "endings", "on_peer_end"),
    [
        ("h 9", Endings(), OnPeerEnd(pipe="waiting")),
        ("-w 3 h 9", Endings(), OnPeerEnd(pipe="waiting")),
        ("-v h 9", Endings(), OnPeerEnd(terminal="stay")),
        ("-n -w 3 h 9", Endings(silence=6), OnPeerEnd(terminal="stay")),
    ],
)
def test_endings_of_the_small_and_of_the_full_applet(
    argv: str, endings: Endings, on_peer_end: OnPeerEnd
) -> None:
    config = parse(argv.split())
    assert (config.endings, config.on_peer_end) == (endings, on_peer_end)


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
    shown = about(parse(["--help"]))
    assert (shown.to_stderr, shown.status) == (True, 0)
    assert "\t-w SEC\tGive up" in shown.text


def test_values() -> None:
    assert VALUES["wait"]("0", "-w") is None
    assert VALUES["interval"]("3", "-i") == 3
