"""Many clients at once; tests/interop/test_broker.py compares the broker with ncat."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pync.core.errors import UsageError
from pync.dialects.ncat import parse as parse_ncat
from pync.dialects.pync import parse

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]


@pytest.mark.parametrize("words", [["-l", "--broker"], ["-l", "--chat"], ["--broker", "-lk"]])
def test_options_that_select_the_broker(words: list[str]) -> None:
    assert parse([*words, "9000"]).program == "broker"
    assert parse_ncat([*words, "9000"]).program == "broker"


def test_k_selects_the_broker_only_for_ncat() -> None:
    assert parse_ncat(["-lk", "9000"]).program == "broker"
    assert parse_ncat(["-lku", "9000"]).program == "server"
    assert parse(["-lk", "9000"]).program == "server"


def test_ncat_limits_clients_to_100() -> None:
    assert parse_ncat(["-l", "9000"]).max_conns == 100
    assert parse_ncat(["localhost", "9000"]).max_conns is None
    assert parse(["-l", "--broker", "9000"]).max_conns is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--broker", "h", "1"], "--broker needs -l"),
        (["--max-conns=3", "h", "1"], "--max-conns needs -l"),
        (["-lu", "--broker", "1"], "cannot use --broker and -u"),
        (["-l", "--chat", "-e", "cat", "1"], "cannot use --chat and --exec"),
    ],
)
def test_contradictory_options(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(words)
    assert str(raised.value) == said


def test_broker_ends_when_the_reader_of_its_output_closes(pync: Start) -> None:
    running = pync("--as=ncat", "-lkv", "127.0.0.1", 0)
    port = int(running.says().rpartition(":")[2])
    running.stops_reading()
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(b"x")
        assert client.recv(1) == b""
    assert running.ends()[0] == 2
