"""The command line of telnet and its messages."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import DialError, OutputError, UsageError
from pync.core.events import AttemptFailed, Connected, Event, PeerEnded, Told, Trying
from pync.core.server_events import Failed
from pync.dialects import OnStdout, Said
from pync.dialects.telnet import about, complain, parse, say, status

HERE = Address("tcp", "127.0.0.1", "23")
TRY = "Try 'telnet --help' or 'telnet --usage' for more information."


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (["host"], {"target": ("host",)}),
        (["host", "25"], {"target": ("host", "25")}),
        (["host", "--", "-25"], {"target": ("host", "-25")}),
        (["-8El", "joe", "host"], {"binary": True, "no_escape": True, "user": "joe"}),
        (["-b127.0.0.1", "host"], {"source": "127.0.0.1", "bind": "127.0.0.1"}),
        (["--esc=^X", "-K", "-L", "-r"], {"escape": ("^X",), "no_login": True, "rlogin": True}),
        (["-?"], {"help": True}),
        (["--usage"], {"help": True, "usage": True}),
        (["-4", "host"], {"ipv4": True, "program": "telnet"}),
    ],
)
def test_parse(words: list[str], fields: dict[str, object]) -> None:
    config = parse(words)
    assert {name: getattr(config, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("words", "said", "number"),
    [
        (["-Z"], ("telnet: invalid option -- 'Z'", TRY), 64),
        (["--nope"], ("telnet: unrecognized option '--nope'", TRY), 64),
        (
            ["--us"],
            ("telnet: option '--us' is ambiguous; possibilities: '--user' '--usage'", TRY),
            64,
        ),
        (["-l"], ("telnet: option requires an argument -- 'l'", TRY), 64),
        (["a", "b", "c"], "telnet: too many arguments", 1),
    ],
)
def test_invalid_arguments(words: list[str], said: Said, number: int) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words)
    assert complain(caught.value, None) == said
    assert status(caught.value, None) == number


@pytest.mark.parametrize(
    ("event", "said", "where"),
    [
        (Trying(HERE), "Trying 127.0.0.1...", OnStdout),
        (Connected(HERE, "localhost"), "Connected to localhost.", OnStdout),
        (Told("No connection."), "No connection.", OnStdout),
        (Told("'x': unknown", True), "'x': unknown", str),
        (PeerEnded(HERE), "Connection closed by foreign host.", str),
        (
            AttemptFailed(HERE, "connection refused"),
            "telnet: connect to address 127.0.0.1: Connection refused",
            str,
        ),
        (
            Failed(DialError("dial", HERE, "timed out")),
            "telnet: Unable to connect to remote host: Connection timed out",
            str,
        ),
    ],
)
def test_event_messages(event: Event, said: str, where: type) -> None:
    found = say(event, Config(), True)
    assert found == said
    assert type(found) is where


def test_output_error() -> None:
    error = OutputError("write", "standard output", "no space left on device")
    assert complain(error, None) == "telnet: No space left on device"
    assert status(error, None) == 1


def test_about() -> None:
    assert about(parse(["--help"])).text.startswith("Talk to a host")
    assert about(parse(["--usage"])).text == "Usage: telnet [OPTION...] [HOST [PORT]]\n"
    assert about(parse(["-V"])).text.startswith("telnet (pync) ")
