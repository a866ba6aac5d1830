"""The targets of busybox nc."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.dialects.busybox import parse
from pync.dialects.busybox.messages import BusyboxUsageError


@pytest.mark.parametrize(
    ("argv", "address"),
    [
        ("h 9", Address("tcp", "h", "9")),
        ("-u h 9", Address("udp", "h", "9")),
        ("h:9", Address("tcp", "h", "9")),
        ("h:9 8", Address("tcp", "h", "8")),
        ("[::1]:9", Address("tcp", "::1", "9")),
        ("::1 9", Address("tcp", "::1", "9")),
        ("h http", Address("tcp", "h", "80")),
        ("h", Address("tcp", "h", "0")),
        ("-l", Address("tcp", "", "0")),
        ("-l -p 9", Address("tcp", "", "9")),
        ("-l -p 9 127.0.0.1", Address("tcp", "127.0.0.1", "9")),
        ("-l 127.0.0.1:9", Address("tcp", "127.0.0.1", "9")),
        ("-lv -p 9 192.0.2.1", Address("tcp4", "", "9")),
        ("-lv -p 9 ::1", Address("tcp6", "", "9")),
        ("-l -p 9 -s 127.0.0.1 192.0.2.1", Address("tcp", "127.0.0.1", "9")),
    ],
)
def test_address(argv: str, address: Address) -> None:
    assert parse(argv.split()).address == address


def test_host_of_a_listener_restricts_its_clients() -> None:
    assert parse(["-lv", "-p", "9", "192.0.2.1"]).allow == ("192.0.2.1",)
    assert parse(["-l", "-p", "9", "192.0.2.1"]).allow == ()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("", ""),
        ("a b c", ""),
        ("-l h 9", ""),
        ("-lv h 9", "the port of a client cannot be asked for; its host can"),
        ("h x", "bad port 'x'"),
        ("h 70000", "bad port '70000'"),
        ("-p x h 9", "bad port 'x'"),
    ],
)
def test_invalid_targets(argv: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(argv.split())
    assert str(caught.value) == said
    assert isinstance(caught.value, BusyboxUsageError) == (not said)
