"""The command line of ncat; tests/interop compares its messages with those of ncat."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.endings import Endings, OnPeerEnd
from pync.core.errors import DialError, ListenError, OutputError, RelayError, UsageError
from pync.dialects.argv import options_in
from pync.dialects.ncat import ARGV_STYLE, COMMANDS, USAGE, VALUES, about, parse, status
from pync.programs.setup.network import options_of

V4 = Address("tcp", "h", "9")


def test_option_tables_name_fields_of_the_config() -> None:
    options = options_in(USAGE)
    fields = {option.long.replace("-", "_") for option in options}
    assert fields <= set(Config._fields)
    assert set(VALUES) | ARGV_STYLE.accumulates <= fields
    assert set(COMMANDS) <= {option.field for option in options}


@pytest.mark.parametrize(
    ("argv", "address"),
    [
        ("h 9", V4),
        ("h", V4._replace(service="31337")),
        ("-u h 9", V4._replace(scheme="udp")),
        ("-l", Address("tcp", "", "31337")),
        ("-l 9", Address("tcp", "", "9")),
        ("-l h", V4._replace(service="31337")),
        ("-l h 9", V4),
        ("-l -p 9", Address("tcp", "", "9")),
        ("-l -p 9 h", V4),
        ("-U /a", Address("unix", path="/a")),
        ("h http", V4._replace(service="80")),
    ],
)
def test_address(argv: str, address: Address) -> None:
    assert parse(argv.split()).address == address


@pytest.mark.parametrize(
    ("argv", "endings"),
    [
        ("h 9", Endings()),
        ("--no-shutdown h 9", Endings(shutdown=False)),
        ("-i 300ms h 9", Endings(idle=0.3)),
        ("-w 3 h 9", Endings()),
        ("--send-only h 9", Endings(leave_when_sent=True)),
        ("-q 1 h 9", Endings(quit_after=1, quit_fails=True)),
    ],
)
def test_endings(argv: str, endings: Endings) -> None:
    assert parse(argv.split()).endings == endings._replace(on_output_gone="stay", answer_wait=0)


def test_udp_listener_has_no_answer_wait() -> None:
    assert parse(["-lu", "9"]).endings == Endings(on_output_gone="stay")


@pytest.mark.parametrize(
    ("argv", "on_peer_end"),
    [
        ("h 9", OnPeerEnd(terminal="leave", file="stay", pipe="stay")),
        ("-k h 9", OnPeerEnd(terminal="stay", file="stay", pipe="stay")),
        ("-l 9", OnPeerEnd(terminal="leave", file="stay", pipe="waiting")),
        ("-lk 9", OnPeerEnd(terminal="leave", file="stay", pipe="leave")),
    ],
)
def test_on_peer_end(argv: str, on_peer_end: OnPeerEnd) -> None:
    assert parse(argv.split()).on_peer_end == on_peer_end


def test_program() -> None:
    assert parse(["-z", "h", "9"]).program == "scan"
    assert parse(["-z", "h", "9"]).ports == ("9",)
    assert parse(["-l"]).program == "server"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UsageError("x"), 2),
        (DialError("dial", V4, "unknown"), 2),
        (DialError("dial", V4, "refused", ((V4, "refused"),)), 1),
        (DialError("dial", Address("unix", path="/a"), "no such file"), 1),
        (ListenError("listen", V4, "taken"), 2),
        (RelayError("relay", V4, "reset"), 1),
        (OutputError("open", "/x", "no"), 2),
        (OutputError("write", "/x", "full"), 1),
    ],
)
def test_exit_statuses(error: Exception, expected: int) -> None:
    assert status(error, None) == expected


@pytest.mark.parametrize("option", ["-e", "-c", "--lua-exec"])
def test_command_options(option: str) -> None:
    assert parse([option, "x", "h", "1"]).program == "executor"
    with pytest.raises(UsageError, match="Only one of --exec, --sh-exec, and --lua-exec"):
        parse([option, "x", "--lua-exec", "y", "h", "1"])
    with pytest.raises(UsageError, match="--broker and -e"):
        parse(["-l", "--broker", option, "x"])
    with pytest.raises(UsageError, match="along with option -z"):
        parse(["-z", option, "x", "h", "1"])


def test_other_transports() -> None:
    assert parse(["--sctp", "h", "1"]).address == Address("sctp", "h", "1")
    assert parse(["--vsock", "2", "4294967295"]).address == Address("vsock", "2", "4294967295")
    assert parse(["-l", "--vsock", "7"]).address == Address("vsock", "", "7")
    with pytest.raises(UsageError, match="no datagrams"):
        parse(["--vsock", "-u", "2", "1"])


def test_source_routes() -> None:
    config = parse(["-4", "-g", "a,b", "-g", "c", "-G", "8", "h", "1"])
    assert (config.loose_route, config.route_pointer) == (("a", "b", "c"), 8)
    assert options_of(config).source_route == ("a", "b", "c")
    assert options_of(parse(["h", "1"])).route_pointer == 4


def test_version_and_help() -> None:
    assert about(Config(version=True)).to_stderr
    assert about(Config(help=True)).text == USAGE
