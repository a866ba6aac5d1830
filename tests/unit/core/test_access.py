"""Access lists: which hosts may connect, and which lists are invalid."""

from __future__ import annotations

import socket

import pytest

from pync.core.access import Access, AccessError, entries, entries_of_file, read_list

NAMES = {
    "home": ["192.0.2.7", "2001:db8::7"],
    "scoped": ["fe80::1%eth0"],
    "fe80::2%3": ["fe80::2%eth3"],
}


def resolve(name: str) -> list[str]:
    if name not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return NAMES[name]


#: Specification -> (hosts on the list, hosts that are not).
LISTS = {
    "127.0.0.1": (["127.0.0.1", "::ffff:127.0.0.1"], ["127.0.0.2", "::1", ""]),
    "10.0.0.0/8": (["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
    "10.1.2.3/8": (["10.9.9.9"], ["11.1.2.3"]),
    "0.0.0.0/0": (["1.2.3.4"], ["::1"]),
    "1.2.3.4/32": (["1.2.3.4"], ["1.2.3.5"]),
    "::1": (["::1", "0:0:0:0:0:0:0:1"], ["127.0.0.1", "::2"]),
    "[::1]": (["::1"], ["::2"]),
    "fe80::/10": (["fe80::1", "fe80::1%eth0"], ["fc00::1"]),
    "::ffff:10.0.0.1": (["10.0.0.1"], ["10.0.0.2"]),
    "10.0-3.*.1": (["10.0.9.1", "10.3.255.1"], ["10.4.0.1", "10.0.0.2", "::1"]),
    "10.0.0.250-": (["10.0.0.255"], ["10.0.0.249"]),
    "10.0.0.-9": (["10.0.0.0"], ["10.0.0.10"]),
    "home": (["192.0.2.7", "2001:db8::7"], ["192.0.2.8"]),
    "home/24": (["192.0.2.200"], ["192.0.3.7"]),
    "scoped": (["fe80::1%eth0"], ["fe80::1%eth1", "fe80::2%eth0"]),
    "fe80::1": (["fe80::1%eth0", "fe80::1%eth1"], ["fe80::2%eth0"]),
    "fe80::2%3": (["fe80::2%eth3"], ["fe80::2%eth0", "fe80::1%eth3"]),
    "fe80::2%3/64": (["fe80::1%eth3"], ["fe80::2%eth0", "fe80:0:0:1::2%eth3"]),
}


@pytest.mark.parametrize("text", LISTS)
def test_only_hosts_on_the_list_are_admitted(text: str) -> None:
    inside, outside = LISTS[text]
    listed = read_list([text], resolve)
    for host in inside:
        assert Access(allowed=listed).admits(host), host
        assert not Access(denied=listed).admits(host), host
    for host in outside:
        assert not Access(allowed=listed).admits(host), host
        assert Access(denied=listed).admits(host), host


def test_scoped_entry_does_not_match_address_without_zone() -> None:
    listed = read_list(["scoped"], resolve)
    assert not Access(allowed=listed).admits("fe80::1")
    assert not Access(denied=listed).admits("fe80::1")


def test_unknown_zone() -> None:
    with pytest.raises(AccessError, match="Name or service not known"):
        read_list(["fe80::1%nosuch"], resolve)


def test_deny_takes_precedence_over_allow() -> None:
    access = Access(read_list(["10.0.0.0/8"], resolve), read_list(["10.0.0.1"], resolve))
    assert access.admits("10.0.0.2")
    assert not access.admits("10.0.0.1")
    assert not access.admits("11.0.0.1")


UNKNOWN = (
    "is not an address, a network like 10.0.0.0/8 or the name of a host (Name or service not known)"
)


def test_empty_allow_list_admits_no_host() -> None:
    assert not Access(allowed=()).admits("127.0.0.1")
    assert Access().admits("127.0.0.1")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("nobody.invalid", f"access list: 'nobody.invalid' {UNKNOWN}"),
        ("1.2.3.300", f"access list: '1.2.3.300' {UNKNOWN}"),
        ("1.2.3.4/33", "access list: '1.2.3.4/33': the network's length is not between 0 and 32"),
        ("1.2.3.4/", "access list: '1.2.3.4/': the network's length is not between 0 and 32"),
        ("::1/129", "access list: '::1/129': the network's length is not between 0 and 128"),
        ("1.2.3.9-1", "access list: '1.2.3.9-1': an octet is a number from 0 to 255"),
        ("1.2.*.300", "access list: '1.2.*.300': an octet is a number from 0 to 255"),
    ],
)
def test_invalid_list(text: str, cause: str) -> None:
    with pytest.raises(AccessError) as raised:
        read_list([text], resolve)
    assert str(raised.value) == cause


def test_entries() -> None:
    assert entries("a,b, c,,") == ["a", "b", "c"]
    assert entries_of_file("a b\n# all of it\n\n::1 # us\n1.2.3.4,c\r\n") == [
        "a",
        "b",
        "::1",
        "1.2.3.4",
        "c",
    ]
