"""The command-line options for the control socket of a relay and for its faults."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.dialects.pync import parse


def test_fault_and_control_options() -> None:
    words = ["--fault=up delay=1s", "--fault", "drop-fin", "--fault-seed=7"]
    config = parse(["-lk", "8080", "--to=localhost:80", *words, "--control=unix:/run/x"])
    assert [str(fault) for fault in config.faults] == ["up delay=1s", "drop-fin"]
    assert config.fault_seed == 7
    assert config.controlled_at == Address("unix", path="/run/x")


def test_control_client() -> None:
    config = parse(["--control-client", "tcp://localhost:99", "add", "down", "delay=1s"])
    assert config.program == "asking"
    assert config.address == Address("tcp", "localhost", "99")
    assert config.target == ("add", "down", "delay=1s")


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["--fault=delay=1s"], "--fault needs an address to go on to: --to ADDRESS"),
        (["--control=unix:x"], "--control needs an address to go on to: --to ADDRESS"),
        (["--to=localhost:1", "--fault=dely=1s"], "unknown fault 'dely'; did you mean delay?"),
        (["--to=localhost:1", "--fault=xyz=5%"], "unknown fault 'xyz'; known: delay, rate,"),
        (["--to=localhost:1", "--fault-seed=x"], "--fault-seed: 'x' is not a whole number"),
        (["--to=localhost:1", "--control=x"], "--control: 'x' is not an address: use unix:PATH"),
        (["--to=localhost:1", "--control=tcp://:99"], "can be reached by others"),
        (["--to=localhost:1", "--control=tcp://10.0.0.1:99"], "can be reached by others"),
        (["--to=localhost:1", "--control=udp://localhost:9"], "cannot be controlled by udp"),
    ],
)
def test_invalid_options_of_the_relay(words: list[str], cause: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(["-lk", "127.0.0.1", "9", *words])
    assert cause in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ([], "--control-client needs the address of a relay's --control"),
        (["unix:x", "lst"], "unknown request 'lst'; known: list, add,"),
        (["unix:x", "kill"], "kill: needs a number"),
        (["unix:x", "add"], "add: needs a fault"),
        (["localhost:1", "list"], "'localhost:1' is not an address"),
        (["udp://localhost:1", "list"], "cannot be controlled by udp"),
    ],
)
def test_invalid_options_of_the_control_client(words: list[str], cause: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(["--control-client", *words])
    assert cause in str(raised.value)
