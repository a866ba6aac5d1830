"""Usage errors: one line on stderr, exit status 2, no network traffic."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sysconfig
from pathlib import Path

import pytest

import pync as installed

from ..peer import listening
from ..programs import Program
from .conftest import Start

#: Arguments -> text that the error line must contain.
WRONG = {
    "": "HOST and PORT are missing",
    "localhost": "PORT is missing",
    "9": "HOST is missing",
    "-l": "-l needs a PORT",
    "-z": "HOST and PORT are missing",
    "-z localhost": "PORT is missing",
    "-U": "-U takes one PATH",
    "-U one two": "-U takes one PATH",
    "-lU": "-U takes one PATH",
    "localhost 1 2": "too many words",
    "-l localhost 1 2": "too many words",
    "localhost 65536": "'65536' is not a valid port",
    "localhost -- -1": "'-1' is not a valid port",
    "-l 99999999999999999999": "is not a valid port",
    "-z localhost 1-99999": "'99999' is not a valid port",
    "tcp://localhost": "the port is missing",
    "tcp://:1": "no host to connect to",
    "tcp://::1:1": "IPv6 needs brackets",
    "gopher://localhost:70": "is not an address",
    "-u tcp://localhost:1": "cannot use -u",
    "-k localhost 1": "must use -l with -k",
    "-zl 1": "cannot use -z and -l",
    "-46 localhost 1": "cannot use -4 and -6",
    "-4U path": "cannot use -U and -4",
    "-N --no-shutdown localhost 1": "cannot use -N and --no-shutdown",
    "--send-only --recv-only localhost 1": "cannot use --send-only and --recv-only",
    "--send-only -d localhost 1": "cannot use --send-only and -d",
    "-Y localhost 1": "'Y'",
    "-vY localhost 1": "unknown option -- 'Y' (pync -h for help)",
    "--nonsense localhost 1": "--nonsense",
    "--verbose=3 localhost 1": "--verbose takes no value",
    "--s localhost 1": "ambiguous",
    "localhost 1 -w": "requires an argument",
    "localhost 1 --idle-timeout": "requires an argument",
    "-w soon localhost 1": "'soon' is not a valid time",
    "-w -1 localhost 1": "'-1' is not a valid time",
    "-q 3x localhost 1": "'3x' is not a valid time",
    "-i 1..2 localhost 1": "'1..2' is not a valid time",
    "--connect-timeout= localhost 1": "'' is not a valid time",
    # The error suggests what was meant.
    "-v --as=ncat localhost 1": "--as must come first",
    "--lisen 9000": "unknown option --lisen (did you mean --listen?)",
    "-lisen 9000": "(did you mean --listen?)",
    "-w": "option -w requires an argument: -w TIME",
    "-p 70000 localhost 1": "-p: '70000' is not a valid port (0-65535)",
    "9000 localhost": "HOST comes first: pync localhost 9000",
    "http://localhost:9": "for a plain connection: pync localhost 9",
    "https://localhost/x": "for a connection by TLS: pync --ssl localhost 443",
    "localhost:9:9": "too many colons, write HOST:PORT",
    "-l -p 9000 9001": "two ports, -p 9000 and 9001: give one",
    "localhost:80 81": "two ports, localhost:80 and 81: give one",
    "a:1 tcp://b:1": "an address in URL form stands alone",
    "-lk --exec no-such-program 9020": "there is no command 'no-such-program'",
    "--hex-dump= localhost 9": "--hex-dump needs the name of a file",
    "--allow 300.1.2.3 -l 9000": "'300.1.2.3' is not an address, a network",
    "help": "for help: pync -h",
    "conformance runn x": "(did you mean pync conformance run?)",
    "--s localhost 9": " more (pync -h)",
}


#: Arguments -> text that the line about a failure must contain.
FAILED = {
    "-n 127.0.0.1 1": "connection refused (is a server listening there?)",
    "no-such-host.invalid 80": "(check the spelling of the host name)",
    "-s 192.0.2.1 127.0.0.1 1": "(this machine has no such source address)",
    "-4 ::1 1": "(-4 and -6 allow one family of addresses)",
    "-l localhost": "(give a port too: pync -l localhost PORT)",
    "-l 192.0.2.1 1": "(this machine has no such address)",
    "--proxy 127.0.0.1:1 example.org 80": "dial proxy tcp://127.0.0.1:1: connection refused",
}


@pytest.mark.parametrize("words", FAILED)
def test_failure_is_one_line_with_a_hint(pync: Start, words: str) -> None:
    program = pync(*words.split())
    assert program.rest() == b""
    said = program.ends(1).decode()
    assert said.startswith("pync: ")
    assert said.count("\n") == 1, said
    assert FAILED[words] in said


def test_error_says_how_to_find_the_owner_of_the_port(pync: Start) -> None:
    with listening() as server:
        said = pync("-l", "127.0.0.1", server.port).ends(1).decode()
        assert "address already in use (see which program has it: " in said
        assert server.port in said.rpartition("(")[2]


def test_brackets_are_removed_from_a_host(pync: Start) -> None:
    assert b"dial tcp://[::1]:1: " in pync("-n", "[::1]", "1").ends(1)


@pytest.mark.parametrize("words", WRONG)
def test_wrong_usage_is_one_line(pync: Start, words: str) -> None:
    program = pync(*words.split())
    assert program.rest() == b""
    said = program.ends(2).decode()
    assert said.startswith("pync: ")
    assert said.count("\n") == 1, said
    assert WRONG[words] in said


@pytest.mark.parametrize("words", [["", "1"], ["localhost", ""], ["-U", ""], ["-l", ""]])
def test_empty_argument_may_be_an_unset_variable(pync: Start, words: list[str]) -> None:
    said = pync(*words).ends(2)
    assert said.startswith(b"pync: ")
    assert said.count(b"\n") == 1


@pytest.mark.parametrize("option", ["-h", "--help", "-vh", "-lh"])
def test_help_is_on_stdout(pync: Start, option: str) -> None:
    program = pync(option)
    shown = program.rest().decode()
    assert program.ends(0) == b""
    assert "pync -l [HOST] PORT" in shown


def test_every_option_of_the_help_is_understood(pync: Start) -> None:
    """Each option is given with -h, which takes precedence over missing arguments."""
    shown = pync("--help").rest().decode()
    described = re.findall(r"^ {2,5}(?:(-\w) )?(--[a-z0-9-]+)(=[A-Z]+)?", shown, re.MULTILINE)
    assert len(described) >= 25
    words = []
    for short, long, value in described:
        given = "1" if value else ""
        words += [f"{long}={given}" if given else long]
        words += [f"{short}{given}"] if short else []
    program = pync(*words)
    assert program.rest().decode() == shown
    program.ends(0)


def test_version(pync: Start) -> None:
    program = pync("--version")
    said = re.fullmatch(r"pync \d+\.\d+\.\d+ \(Python (\S+), (.*)\)\n", program.rest().decode())
    assert said
    # The folder it runs from: another program of that name may be installed.
    assert said.groups() == (platform.python_version(), os.path.dirname(installed.__file__))
    program.ends(0)


def test_installed_command_is_the_same() -> None:
    command = shutil.which("pync", path=sysconfig.get_path("scripts"))
    if command is None:
        pytest.skip("pync is not installed here (pip install --editable .)")
    with Program(command, "-zl", "1") as program:
        assert program.ends(2) == b"pync: cannot use -z and -l\n"


def test_bad_port_binds_nothing(pync: Start, folder: Path) -> None:
    path = folder / "socket"
    pync("-lU", str(path), "-4").ends(2)
    assert not path.exists()
