"""Many clients at once; beside ncat in tests/interop/test_broker.py."""

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
def test_who_asks_for_a_room_gets_one(words: list[str]) -> None:
    assert parse([*words, "9000"]).program == "broker"
    assert parse_ncat([*words, "9000"]).program == "broker"


def test_in_ncat_s_words_k_is_a_room_too() -> None:
    assert parse_ncat(["-lk", "9000"]).program == "broker"
    assert parse_ncat(["-lku", "9000"]).program == "server"
    assert parse(["-lk", "9000"]).program == "server"


def test_a_hundred_clients_is_ncat_s_limit() -> None:
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
def test_what_contradicts_itself(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(words)
    assert str(raised.value) == said


def test_a_room_whose_reader_is_gone_closes(pync: Start) -> None:
    running = pync("--as=ncat", "-lkv", "127.0.0.1", 0)
    port = int(running.says().rpartition(":")[2])
    running.stops_reading()
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(b"x")
        assert client.recv(1) == b""
    assert running.ends()[0] == 2
