"""Access lists: read once at the start, applied to each peer."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import UsageError
from pync.core.events import Denied, Event
from pync.programs.shared.access import access_filter
from pync.transports import everyone

LISTENER = Config(listen=True, address=Address("tcp", "", "0"))


def test_without_lists_everyone_may_come() -> None:
    assert access_filter(LISTENER, _never) is everyone
    assert access_filter(Config(allow=("10.0.0.1",)), _never) is everyone


def test_who_is_turned_away_is_told_of() -> None:
    told: list[Event] = []
    admits = access_filter(LISTENER._replace(deny=("127.0.0.2,::1",)), told.append)
    assert admits(Address("tcp", "127.0.0.1", "5"))
    assert told == []
    stranger = Address("tcp", "::1", "5")
    assert not admits(stranger)
    assert told == [Denied(stranger, "not allowed")]


@pytest.mark.skipif(sys.platform == "win32", reason="zones are numbers there")
@pytest.mark.parametrize("nodns", [False, True])
def test_a_zone_limits_an_entry_to_its_link(nodns: bool) -> None:
    name = socket.if_indextoname(1)
    for zone in (name, "1"):
        lists = LISTENER._replace(allow=(f"fe80::1%{zone}",), nodns=nodns)
        admits = access_filter(lists, lambda _: None)
        assert admits(Address("tcp", f"fe80::1%{name}", "5"))
        assert not admits(Address("tcp", "fe80::1%other", "5"))
    with pytest.raises(UsageError, match="fe80::1%no-such"):
        access_filter(LISTENER._replace(allow=("fe80::1%no-such",), nodns=nodns), lambda _: None)


def test_words_and_file_make_one_list(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("# us\n10.0.0.2 # and\n")
    admits = access_filter(
        LISTENER._replace(allow=("10.0.0.1",), allowfile=(str(file),)), lambda _: None
    )
    hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert [admits(Address("tcp", host, "5")) for host in hosts] == [True, True, False]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"allowfile": ("/no/such",)}, "access list: '/no/such': No such file or directory"),
        ({"deny": ("1.2.3.4/99",)}, "access list: '1.2.3.4/99': the network's length"),
        (
            {"deny": ("localhost",), "nodns": True},
            "access list: 'localhost' is not an address",
        ),
        (
            {"deny": ("1.2.3.4",), "address": Address("unix", path="/x")},
            "access lists are for hosts, and unix:/x has none",
        ),
    ],
)
def test_lists_that_make_no_sense(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        access_filter(LISTENER._replace(**asked), _never)
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize("kind", ["deny", "denyfile"])
def test_lists_given_twice_are_one_list(kind: str, tmp_path: Path) -> None:
    hosts = ("127.0.0.1", "127.0.0.2")
    for host in hosts:
        (tmp_path / host).write_text(host)
    paths = tuple(str(tmp_path / host) for host in hosts)
    lists: dict[str, dict[str, Any]] = {"deny": {"deny": hosts}, "denyfile": {"denyfile": paths}}
    admits = access_filter(LISTENER._replace(**lists[kind]), lambda _: None)
    asked = (*hosts, "127.0.0.3")
    assert [admits(Address("tcp", host, "5")) for host in asked] == [False, False, True]


def test_a_name_is_looked_up() -> None:
    admits = access_filter(LISTENER._replace(allow=("localhost",)), lambda _: None)
    assert admits(Address("tcp", "127.0.0.1", "5"))
    assert not admits(Address("tcp", "127.0.0.2", "5"))


def _never(event: Event) -> None:
    raise AssertionError(event)
