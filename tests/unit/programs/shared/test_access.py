"""Access lists: read once at the start, applied to each peer."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.core.events import Event, silent
from pync.core.server_events import Denied
from pync.programs.shared.access import AccessLists, access_filter

HERE = Address("tcp", "", "0")


def test_denied_client_is_reported() -> None:
    told: list[Event] = []
    admits = access_filter(AccessLists(deny=("127.0.0.2,::1",)), HERE, told.append)
    assert admits(Address("tcp", "127.0.0.1", "5"))
    assert told == []
    stranger = Address("tcp", "::1", "5")
    assert not admits(stranger)
    assert told == [Denied(stranger, "not allowed")]


@pytest.mark.skipif(sys.platform == "win32", reason="zones are numbers there")
@pytest.mark.parametrize("numeric", [False, True])
def test_zone_limits_an_entry_to_its_link(numeric: bool) -> None:
    name = socket.if_indextoname(1)
    for zone in (name, "1"):
        lists = AccessLists(allow=(f"fe80::1%{zone}",), numeric=numeric)
        admits = access_filter(lists, HERE, silent)
        assert admits(Address("tcp", f"fe80::1%{name}", "5"))
        assert not admits(Address("tcp", "fe80::1%other", "5"))
    with pytest.raises(UsageError, match="fe80::1%no-such"):
        access_filter(AccessLists(allow=("fe80::1%no-such",), numeric=numeric), HERE, silent)


def test_options_and_files_form_one_list(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("# us\n10.0.0.2 # and\n")
    lists = AccessLists(allow=("10.0.0.1",), allowfile=(str(file),))
    admits = access_filter(lists, HERE, silent)
    hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert [admits(Address("tcp", host, "5")) for host in hosts] == [True, True, False]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"allowfile": ("/no/such",)}, "access list: '/no/such': No such file or directory"),
        ({"deny": ("1.2.3.4/99",)}, "access list: '1.2.3.4/99': the network's length"),
        (
            {"deny": ("localhost",), "numeric": True},
            "access list: 'localhost' is not an address",
        ),
    ],
)
def test_invalid_lists(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        access_filter(AccessLists(**asked), HERE, _never)
    assert str(raised.value).startswith(said)


def test_lists_are_rejected_for_a_path() -> None:
    said = "access lists are for hosts, and unix:/x has none"
    with pytest.raises(UsageError, match=f"^{said}$"):
        access_filter(AccessLists(deny=("1.2.3.4",)), Address("unix", path="/x"), _never)


@pytest.mark.parametrize("kind", ["deny", "denyfile"])
def test_repeated_options_form_one_list(kind: str, tmp_path: Path) -> None:
    hosts = ("127.0.0.1", "127.0.0.2")
    for host in hosts:
        (tmp_path / host).write_text(host)
    paths = tuple(str(tmp_path / host) for host in hosts)
    lists: dict[str, dict[str, Any]] = {"deny": {"deny": hosts}, "denyfile": {"denyfile": paths}}
    admits = access_filter(AccessLists(**lists[kind]), HERE, silent)
    asked = (*hosts, "127.0.0.3")
    assert [admits(Address("tcp", host, "5")) for host in asked] == [False, False, True]


def test_names_are_looked_up() -> None:
    admits = access_filter(AccessLists(allow=("localhost",)), HERE, silent)
    assert admits(Address("tcp", "127.0.0.1", "5"))
    assert not admits(Address("tcp", "127.0.0.2", "5"))


def _never(event: Event) -> None:
    raise AssertionError(event)
