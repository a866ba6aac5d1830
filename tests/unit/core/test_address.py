"""The grammar of addresses."""

from __future__ import annotations

import itertools
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.core.address import (
    INTERNET,
    LOCAL,
    Address,
    check_port,
    is_url,
    parse,
    split_host_port,
    without_zone,
)
from pync.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://localhost:9000", Address("tcp", "localhost", "9000")),
        ("tcp4://127.0.0.1:1", Address("tcp4", "127.0.0.1", "1")),
        ("tcp6://[::1]:65535", Address("tcp6", "::1", "65535")),
        ("tcp://[fe80::1%eth0]:80", Address("tcp", "fe80::1%eth0", "80")),
        ("udp://localhost:domain", Address("udp", "localhost", "domain")),
        ("tcp://:9000", Address("tcp", "", "9000")),
        ("tcp://localhost:9000/", Address("tcp", "localhost", "9000")),
        ("vsock://2:4294967295", Address("vsock", "2", "4294967295")),
        ("unix:/run/a.sock", Address("unix", path="/run/a.sock")),
        ("unix:///run/a.sock", Address("unix", path="/run/a.sock")),
        ("unix:@abstract", Address("unix", path="@abstract")),
        ("unixgram:a", Address("unixgram", path="a")),
        ("fd:3", Address("fd", path="3")),
        ("fd://3", Address("fd", path="3")),
        ("systemd:", Address("systemd")),
        ("systemd:web", Address("systemd", path="web")),
    ],
)
def test_parse(text: str, address: Address) -> None:
    assert parse(text) == address
    assert parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tcp://localhost", "the port is missing"),
        ("tcp://localhost:", "the port is missing"),
        ("tcp://[::1]", "the port is missing"),
        ("tcp://::1:80", "IPv6 needs brackets"),
        ("tcp://[::1:80", "IPv6 needs brackets"),
        ("tcp://localhost:65536", "is not a valid port"),
        ("vsock://2:4294967296", "is not a valid port"),
        ("unix:", "a path is missing"),
        ("fd:", "the number of a descriptor is missing"),
        ("fd:web", "the number of a descriptor is missing"),
        ("fd:-1", "the number of a descriptor is missing"),
        ("fd:2147483648", "the number of a descriptor is missing"),
        ("ftp://localhost:21", "pync does not speak ftp://"),
        ("localhost:80", "is not an address"),
        ("", "is not an address"),
    ],
)
def test_invalid_address_error_states_the_reason(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(text)


def test_any_token_sequence_is_an_address_or_a_usage_error() -> None:
    read = refused = 0
    for parts in itertools.product(["tcp", "unix", "x", ":", "//", "[", "]", "1", "/"], repeat=5):
        try:
            address = parse("".join(parts))
        except UsageError:
            refused += 1
        else:
            read += 1
            assert parse(str(address)) == address
    assert read
    assert refused


def test_url_is_recognized_by_its_scheme() -> None:
    assert is_url("tcp://localhost:1")
    assert is_url("unix:x")
    assert not is_url("localhost:1")
    assert not is_url("unix")


def test_split_host_port_at_last_colon() -> None:
    assert split_host_port("a:1", "a:1") == ("a", "1")
    assert split_host_port("[::1]:http", "") == ("::1", "http")
    assert split_host_port(":1", ":1") == ("", "1")


@pytest.mark.parametrize("text", ["-1", "65536", "1.5", "x", "", "²"])
def test_invalid_port(text: str) -> None:
    with pytest.raises(UsageError, match="is not a valid port"):
        check_port(text)


def test_port_limits() -> None:
    assert (check_port("0"), check_port("65535")) == (0, 65535)


hosts = st.one_of(
    st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
)
ports = st.integers(0, 65535).map(str)
internet = st.builds(
    Address, st.sampled_from(list(INTERNET)), hosts, ports, path=st.just(""), login=st.just("")
)
local = st.builds(
    lambda scheme, path: Address(scheme, path=path),
    st.sampled_from(LOCAL),
    # A path cannot contain NUL, and // at the beginning belongs to a URL.
    st.text(st.characters(exclude_characters="\0"), min_size=1).filter(
        lambda path: not path.startswith("//")
    ),
)


@given(st.one_of(internet, local))
def test_str_round_trip(address: Address) -> None:
    assert parse(str(address)) == address
    assert is_url(str(address))


@given(internet, st.text(min_size=1))
def test_trailing_text_is_not_ignored(address: Address, more: str) -> None:
    with suppress(UsageError):
        assert parse(f"{address}{more}").service == address.service + more.rstrip("/")


@given(st.one_of(st.text(), st.from_regex(r"(tcp|udp6|unix):(//)?[\[\]:a-f0-9.%/@]*")))
def test_any_text_is_an_address_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        address = parse(text)
        assert parse(str(address)) == address


@pytest.mark.parametrize(
    ("host", "known"), [("fe80::1%eth0", "fe80::1"), ("::1", "::1"), ("a%b", "a%b"), ("", "")]
)
def test_without_zone(host: str, known: str) -> None:
    assert without_zone(host) == known


def test_port_is_an_int() -> None:
    assert parse("tcp://h:80").port == 80
    assert parse("tcp://h:80") == Address("tcp", "h", service="80")
    assert parse("unix:/p").port == 0
    with pytest.raises(ValueError, match="http"):
        parse("tcp://h:http").port  # noqa: B018
