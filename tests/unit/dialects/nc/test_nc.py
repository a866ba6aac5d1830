"""The command line of nc; tests/interop compares its messages with those of nc."""

from __future__ import annotations

from typing import Any

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.endings import Endings, OnPeerEnd
from pync.core.errors import DialError, IdleTimeoutError, RelayError, UsageError
from pync.dialects.argv import options_in
from pync.dialects.nc import USAGE, about, parse, status
from pync.dialects.nc.values import VALUES
from pync.dialects.tos import TOS


def test_option_tables_name_fields_of_the_config() -> None:
    fields = {option.long.replace("-", "_") for option in options_in(USAGE)}
    assert fields <= set(Config._fields)
    assert set(VALUES) <= fields


@pytest.mark.parametrize(
    ("argv", "address"),
    [
        ("h 9", Address("tcp", "h", "9")),
        ("-u h 9", Address("udp", "h", "9")),
        ("-l 9", Address("tcp4", "", "9")),
        ("-l6 9", Address("tcp", "", "9")),
        ("-lp 9", Address("tcp4", "", "9")),
        ("-l -p 9 h", Address("tcp", "h", "9")),
        ("-l h 9", Address("tcp", "h", "9")),
        ("-lvnp9", Address("tcp4", "", "9")),
        ("-U /a", Address("unix", path="/a")),
        ("-luU /a", Address("unixgram", path="/a")),
        ("h http", Address("tcp", "h", "80")),
    ],
)
def test_address(argv: str, address: Address) -> None:
    assert parse(argv.split()).address == address


@pytest.mark.parametrize(
    ("argv", "endings"),
    [
        ("h 9", Endings(shutdown=False)),
        ("-N h 9", Endings()),
        ("-q 0 h 9", Endings(quit_after=0)),
        ("-q -1 h 9", Endings(shutdown=False)),
        ("-w 3 h 9", Endings(shutdown=False, idle=3)),
        ("-u h 9", Endings(shutdown=False)),
        ("-l 9", Endings(shutdown=False)),
    ],
)
def test_endings(argv: str, endings: Endings) -> None:
    assert parse(argv.split()).endings == endings._replace(on_output_gone="finish")


@pytest.mark.parametrize(
    ("argv", "on_peer_end"),
    [
        ("h 9", OnPeerEnd(terminal="stay", file="stay", pipe="stay")),
        ("-l 9", OnPeerEnd(terminal="leave", file="stay", pipe="waiting")),
        ("-lk 9", OnPeerEnd(terminal="leave", file="stay", pipe="leave")),
    ],
)
def test_on_peer_end(argv: str, on_peer_end: OnPeerEnd) -> None:
    assert parse(argv.split()).on_peer_end == on_peer_end


@pytest.mark.parametrize(
    ("argv", "program"),
    [("h 9", "client"), ("-l 9", "server"), ("-z h 9", "scan"), ("-zF h 9", "client")],
)
def test_program(argv: str, program: str) -> None:
    assert parse(argv.split()).program == program


def test_proxy_is_used() -> None:
    proxies = parse(["-x", "proxy", "-X", "connect", "h", "9"]).proxies
    assert [(one.kind, one.host, one.port) for one in proxies] == [("http", "proxy", "3128")]


def test_socks4_resolves_names_locally_and_socks4a_at_the_proxy() -> None:
    four, four_a = (parse(["-X", version, "-x", "proxy", "h", "9"]) for version in ("4", "4A"))
    assert four.proxies == four_a.proxies
    assert (four.proxy_dns, four_a.proxy_dns) == ("local", None)


def test_klu_reads_no_input() -> None:
    assert [parse([options, "9"]).recv_only for options in ("-klu", "-lu", "-kl")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("argv", "changed"),
    [
        ("-w1 h 9", {"wait": 1}),
        ("h 9 -T lowdelay", {"tos": 0x10}),
        ("-T 0x10 h 9", {"tos": 16}),
        ("-M 0 h 9", {"ttl": 0}),
        ("-I 4096 -O 1 h 9", {"recv_buffer": 4096, "send_buffer": 1}),
        ("-W 2 h 9", {"recv_limit": 2}),
    ],
)
def test_values(argv: str, changed: dict[str, Any]) -> None:
    config = parse(argv.split())
    assert {name: getattr(config, name) for name in changed} == changed


def test_types_of_service() -> None:
    assert (TOS["af11"], TOS["af43"], TOS["cs0"], TOS["cs7"], TOS["ef"]) == (40, 152, 0, 224, 184)


def test_ports_are_scanned_in_order_or_shuffled() -> None:
    assert parse(["-z", "h", "3-5"]).ports == ("3", "4", "5")
    assert parse(["-z", "h", "5-3", "9"]).ports == ("3", "4", "5", "9")
    shuffled = parse(["-rz", "h", "1-100"]).ports
    assert sorted(shuffled, key=int) == [str(port) for port in range(1, 101)]


def test_exit_statuses() -> None:
    assert status(RelayError("relay", "x", "connection reset by peer"), None) == 0
    assert status(IdleTimeoutError("relay", "x", "idle"), None) == 0
    assert status(DialError("dial", "x", "refused"), None) == 1
    assert status(UsageError("no"), None) == 1


def test_help_goes_to_stderr() -> None:
    assert about(parse(["-lh"])).to_stderr
