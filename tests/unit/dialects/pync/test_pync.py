"""The command line of pync: arguments in, Config out."""

from __future__ import annotations

from typing import Any

import pytest

from pync.core.address import Address
from pync.core.config import WORKED_OUT, Config
from pync.core.endings import Endings, OnPeerEnd
from pync.core.errors import UsageError
from pync.dialects.argv import options_in
from pync.dialects.pync import ONLY_ONCE, USAGE, parse
from pync.dialects.pync.rules import CONFLICTS, NEEDS, OF_TLS, SHOWN
from pync.dialects.pync.values import VALUES


def test_each_option_is_a_field_of_the_config() -> None:
    options = {option.long.replace("-", "_") for option in options_in(USAGE)}
    assert options | {"target"} <= set(Config._fields) - WORKED_OUT


def test_option_tables_name_fields_of_the_config() -> None:
    named = {
        name
        for table in (CONFLICTS, NEEDS)
        for one, others in table.items()
        for name in (one, *others)
    }
    assert named | set(VALUES) | set(OF_TLS) | set(SHOWN) <= set(Config._fields)


@pytest.mark.parametrize(
    ("argv", "address"),
    [
        ("localhost 9000", Address("tcp", "localhost", "9000")),
        ("localhost http", Address("tcp", "localhost", "http")),
        ("localhost:9000", Address("tcp", "localhost", "9000")),
        ("[::1]:9000", Address("tcp", "::1", "9000")),
        ("::1 9000", Address("tcp", "::1", "9000")),
        ("tcp://localhost:9000", Address("tcp", "localhost", "9000")),
        ("-u localhost 53", Address("udp", "localhost", "53")),
        ("-l 9000", Address("tcp", "", "9000")),
        ("-l -p 9000", Address("tcp", "", "9000")),
        ("-lp9000 127.0.0.1", Address("tcp", "127.0.0.1", "9000")),
        ("-l 127.0.0.1 9000", Address("tcp", "127.0.0.1", "9000")),
        ("-l -s 127.0.0.1 9000", Address("tcp", "127.0.0.1", "9000")),
        ("-l 127.0.0.1:9000", Address("tcp", "127.0.0.1", "9000")),
        ("-l tcp://127.0.0.1:9000", Address("tcp", "127.0.0.1", "9000")),
        ("-lu 9000", Address("udp", "", "9000")),
        ("-U a.sock", Address("unix", path="a.sock")),
        ("-lU @name", Address("unix", path="@name")),
        ("-U -u a.sock", Address("unixgram", path="a.sock")),
        ("unix:a.sock", Address("unix", path="a.sock")),
    ],
)
def test_targets(argv: str, address: Address) -> None:
    assert parse(argv.split()).address == address


@pytest.mark.parametrize(
    ("argv", "changed"),
    [
        ("-4", {"ipv4": True}),
        ("-6", {"ipv6": True}),
        ("-vvv", {"verbose": 3}),
        ("-nC", {"nodns": True, "crlf": True}),
        ("-w 1.5", {"wait": 1.5}),
        ("-w1", {"wait": 1.0}),
        ("-q 500ms", {"quit_after": 0.5}),
        ("-i 2m", {"interval": 120.0}),
        ("-p 1 -p 2", {"source_port": "2"}),
        ("--idle-timeout 1h", {"idle_timeout": 3600.0}),
        ("-d", {"no_stdin": True}),
        ("--until ^ok$ --count 3", {"until": "^ok$", "count": 3}),
        ("--delimiter \\0", {"delimiter": b"\0"}),
        ("--rate 10K", {"rate": 10240.0}),
    ],
)
def test_options(argv: str, changed: dict[str, Any]) -> None:
    plain = parse(["localhost", "9000"])
    config = parse([*argv.split(), "localhost", "9000"])
    assert config._replace(endings=Endings()) == plain._replace(**changed, endings=Endings())


@pytest.mark.parametrize("name", ["allow", "allowfile", "deny", "denyfile"])
def test_access_lists_accumulate(name: str) -> None:
    config = parse([f"--{name}=a", f"--{name}", "b,c", "-l", "9000"])
    assert getattr(config, name) == ("a", "b,c")


@pytest.mark.parametrize("option", ONLY_ONCE)
def test_options_that_can_be_given_only_once(option: str) -> None:
    option = f"--{option.replace('_', '-')}"
    with pytest.raises(UsageError, match=f"{option} can be given only once"):
        parse([f"{option}=a", "localhost", "9000", f"{option}=b"])


@pytest.mark.parametrize(
    ("argv", "changed"),
    [
        ("", {}),
        ("--no-shutdown", {"shutdown": False}),
        ("--half-open", {"answer_wait": None}),
        ("-l", {"answer_wait": None}),
        ("--send-only", {"leave_when_sent": True}),
        ("-q 2", {"quit_after": 2.0}),
        ("-w 2", {"idle": 2.0, "answer_wait": 2.0}),
        ("-w 2 --idle-timeout 3", {"idle": 3.0, "answer_wait": 3.0}),
    ],
)
def test_endings(argv: str, changed: dict[str, Any]) -> None:
    endings = parse([*argv.split(), "localhost", "9000"]).endings
    assert endings == Endings(answer_wait=1.0)._replace(**changed)


@pytest.mark.parametrize(
    ("argv", "on_peer_end"),
    [
        ("", OnPeerEnd(terminal="leave", file="stay", pipe="stay")),
        ("--half-open", OnPeerEnd(terminal="stay", file="stay", pipe="stay")),
        ("-l", OnPeerEnd(terminal="leave", file="stay", pipe="begun")),
        ("-lk", OnPeerEnd(terminal="leave", file="stay", pipe="leave")),
        ("-lk --half-open", OnPeerEnd(terminal="stay", file="stay", pipe="stay")),
    ],
)
def test_on_peer_end(argv: str, on_peer_end: OnPeerEnd) -> None:
    assert parse([*argv.split(), "localhost", "9000"]).on_peer_end == on_peer_end


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("", "HOST and PORT are missing"),
        ("localhost", "PORT is missing"),
        ("9000", "HOST is missing"),
        ("localhost 1 2", "too many words"),
        ("localhost 65536", "'65536' is not a valid port"),
        ("tcp://:80", "no host to connect to"),
        ("-u tcp://localhost:80", "cannot use -u with tcp://localhost:80"),
        ("-l", "-l needs a PORT"),
        ("-l 1 2 3", "too many words"),
        ("-lz 1", "cannot use -z and -l"),
        ("-46 localhost 1", "cannot use -4 and -6"),
        ("-k localhost 1", "must use -l with -k"),
        ("-U a b", "-U takes one PATH"),
        ("-U4 a", "cannot use -U and -4"),
        ("-w x localhost 1", "-w: 'x' is not a valid time"),
        ("-N --no-shutdown localhost 1", "cannot use -N and --no-shutdown"),
        ("-z localhost ,", "give 1 to"),
        ("--until ( localhost 1", r"--until: '\(' is not a valid regular expression"),
        ("--count 0 localhost 1", "--count: '0' is not a whole number"),
        ("--rate 0 localhost 1", "--rate: '0' is not a valid size"),
        ("--delimiter \\q localhost 1", "--delimiter: unknown escape"),
    ],
)
def test_invalid_command_lines(argv: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refusal:
        parse(argv.split())
    assert "\n" not in str(refusal.value)


def test_empty_host() -> None:
    with pytest.raises(UsageError, match="HOST is empty"):
        parse(["", "80"])


@pytest.mark.parametrize("argv", [["-h"], ["--version"], ["-lzh"]])
def test_help_and_version_need_no_address(argv: list[str]) -> None:
    config = parse(argv)
    assert config.help or config.version


@pytest.mark.parametrize(
    ("argv", "field", "value"),
    [
        ("-I 8K localhost 1", "recv_buffer", 8192),
        ("--send-buffer=8K localhost 1", "send_buffer", 8192),
        ("-M9 localhost 1", "ttl", 9),
        ("--min-ttl 255 localhost 1", "min_ttl", 255),
        ("-T lowdelay localhost 1", "tos", 0x10),
        ("-W 3 localhost 1", "recv_limit", 3),
        ("-D localhost 1", "debug_socket", True),
        ("-ub 255.255.255.255 1", "broadcast", True),
        ("-F localhost 1", "pass_fd", True),
        ("-lS 1", "md5sig", True),
    ],
)
def test_socket_options(argv: str, field: str, value: object) -> None:
    assert getattr(parse(argv.split()), field) == value


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("-b localhost 1", "-b needs -u"),
        ("-r localhost 1", "-r needs -z"),
        ("-lF 1", "cannot use -F and -l"),
        ("-uS localhost 1", "cannot use -S and -u"),
        (
            "-T fast localhost 1",
            "-T: 'fast' is not a type of service; use for example lowdelay, ef, af11 or 0x10",
        ),
        ("-M 256 localhost 1", "-M: '256' is not a number from 1 to 255"),
        ("-I 4G localhost 1", "-I: a buffer of '4G' is too large"),
    ],
)
def test_invalid_socket_options(argv: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(argv.split())
    assert str(caught.value) == said


def test_r_shuffles_the_ports() -> None:
    ports = parse(["-zr", "localhost", "1-1000"]).ports
    assert sorted(ports, key=int) == [str(port) for port in range(1, 1001)]
    assert list(ports) != sorted(ports, key=int)


def test_delay() -> None:
    assert parse(["--delay", "300ms", "h", "1"]).delay == 0.3
    with pytest.raises(UsageError, match="cannot use -i and --delay"):
        parse(["-i", "1", "--delay", "1", "h", "1"])
