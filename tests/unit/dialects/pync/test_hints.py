"""Hints in error messages: what the user probably meant, and what can be done."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import DialError, ListenError, RelayError, UnresolvedError
from pync.dialects.pync.hints import advice, with_meaning

HERE = Address("tcp", "127.0.0.1", "9000")


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        ("--lisen 1", "--listen"),
        ("-lisen 1", "--listen"),
        ("-retry 3 h 1", "--retry"),
        ("--idel-timeout=1 h 1", "--idle-timeout"),
        ("--report-prot=x -l 1", "--report-port"),
    ],
)
def test_misspelt_option(argv: str, meant: str) -> None:
    assert with_meaning("wrong", argv.split()) == f"wrong (did you mean {meant}?)"


@pytest.mark.parametrize(
    "argv", ["-lvnp9000", "--listen", "--lis", "--xyz", "-4", "- h", "-- -lisen"]
)
def test_no_hint(argv: str) -> None:
    assert with_meaning("wrong", argv.split()) == "wrong"


@pytest.mark.parametrize(
    ("argv", "command"),
    [("conformance runn x", "run"), ("conformance seltest", "selftest")],
)
def test_misspelt_command_of_the_suite(argv: str, command: str) -> None:
    said = with_meaning("wrong", argv.split())
    assert said == f"wrong (did you mean pync conformance {command}?)"


@pytest.mark.parametrize("argv", ["conformance 80", "conformance", "conformance https"])
def test_conformance_may_be_a_host(argv: str) -> None:
    assert with_meaning("wrong", argv.split()) == "wrong"


def test_as_must_come_first() -> None:
    for argv in (["-v", "--as=ncat"], ["h", "--as", "nc"]):
        assert with_meaning("wrong", argv).startswith("--as must come first")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("option requires an argument -- 'w'", "option -w requires an argument: -w TIME"),
        (
            "option requires an argument --exec",
            "option --exec requires an argument: --exec=COMMAND",
        ),
        ("option requires an argument --rate", "option --rate requires an argument: --rate=BYTES"),
        ("option --s is ambiguous (--a, --b)", "option --s is ambiguous: --a or --b"),
    ],
)
def test_message_names_what_is_missing(said: str, shown: str) -> None:
    assert with_meaning(said, []) == shown


def test_advice() -> None:
    config = Config(address=HERE, target=("http-alt",))
    refused = DialError("dial", HERE, "connection refused")
    assert advice(refused, config) == "is a server listening there?"
    unknown = UnresolvedError("dial", HERE, "name or service not known")
    assert advice(unknown, config) == "check the spelling of the host name"
    taken = ListenError("listen", HERE, "address already in use")
    assert "9000" in str(advice(taken, config))
    assert advice(taken, Config(address=Address("unix", path="/x"))) is None
    assert "port" in str(advice(ListenError("listen", HERE, "unknown service 'x'"), config))
    assert advice(RelayError("relay", HERE, "connection reset by peer"), config) is None
    unspoken = DialError("dial", Address("sctp", "h", "1"), "protocol not supported")
    assert "modprobe sctp" in str(advice(unspoken, config))
    nowhere = ListenError("listen", HERE, "cannot assign requested address")
    of_vsock = Config(address=Address("vsock", "1", "9"))
    assert advice(nowhere, config) == "this machine has no such address"
    assert "vsock_loopback" in str(advice(nowhere, of_vsock))
    unspoken_here = ListenError("listen", HERE, "protocol not supported")
    assert advice(unspoken_here, config) == advice(unspoken, config)
