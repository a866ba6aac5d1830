"""Resolving names to socket addresses, and listening on all of them."""

from __future__ import annotations

import errno
import os
import socket
import sys

import pytest

from pync.core.address import Address
from pync.core.errors import DialError, ListenError
from pync.transports import Options
from pync.transports import internet as module
from pync.transports.internet import address_of, listening_sockets, resolve

STREAM = socket.SOCK_STREAM


def test_numeric_address_needs_no_dns() -> None:
    found = resolve(Address("tcp", "127.0.0.1", "80"), Options(numeric=True), STREAM)
    assert found == [(socket.AF_INET, ("127.0.0.1", 80))]


def test_service_name() -> None:
    found = resolve(Address("tcp", "127.0.0.1", "http"), Options(), STREAM)
    assert found[0].name[1] == 80


@pytest.mark.parametrize(
    ("host", "port", "cause"),
    [
        ("127.0.0.1", "no-such-service", "unknown service 'no-such-service'"),
        ("localhost", "80", "name or service not known"),
        ("x" * 300, "80", "the name is not a valid host name"),
        ("a..b", "80", "the name is not a valid host name"),
    ],
)
def test_resolve_error_names_the_address(host: str, port: str, cause: str) -> None:
    address = Address("tcp", host, port)
    with pytest.raises(DialError) as failure:
        resolve(address, Options(numeric=True), STREAM)
    assert str(failure.value).startswith(f"dial {address}: ")
    if cause.startswith(("unknown", "the name")):
        assert failure.value.cause == cause


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (("127.0.0.1", 80), Address("tcp", "127.0.0.1", "80")),
        (("::1", 80, 0, 0), Address("tcp", "::1", "80")),
        (("::ffff:10.0.0.1", 80, 0, 0), Address("tcp", "::ffff:10.0.0.1", "80")),
        (None, Address("tcp", "", "0")),
    ],
)
def test_address_of_a_socket_name(name: object, address: Address) -> None:
    assert address_of("tcp", name) == address


@pytest.mark.skipif(sys.platform == "win32", reason="a zone is a number there")
def test_link_local_address_keeps_its_zone() -> None:
    shown = address_of("tcp", ("fe80::1", 80, 0, 1))
    assert shown.host == f"fe80::1%{socket.if_indextoname(1)}"
    again = resolve(shown, Options(numeric=True), STREAM)
    assert again[0].name == ("fe80::1", 80, 0, 1)


def test_unknown_zone_is_shown_as_a_number() -> None:
    assert address_of("tcp", ("fe80::1", 80, 0, 99_999)).host == "fe80::1%99999"


def bound(family: int, name: tuple[object, ...]) -> socket.socket:
    return socket.create_server((str(name[0]), int(str(name[1]))), family=family)


def two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = [module.Endpoint(socket.AF_INET, (f"127.0.0.{last}", 0)) for last in (1, 2)]
    monkeypatch.setattr(module, "_listening_endpoints", lambda *_: pair)


def test_port_0_selects_a_port_that_is_free_on_all_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_addresses(monkeypatch)
    asked: list[object] = []

    def taken_twice(family: int, name: tuple[object, ...]) -> socket.socket:
        asked.append(name[0])
        if name[0] == "127.0.0.2" and asked.count("127.0.0.2") <= 2:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        return bound(family, ("127.0.0.1", name[1] if name[0] == "127.0.0.1" else 0))

    socks, addresses = listening_sockets(Address("tcp", "", "0"), Options(), STREAM, taken_twice)
    for sock in socks:
        sock.close()
    assert len(addresses) == 2
    assert asked == ["127.0.0.1", "127.0.0.2"] * 3


def test_missing_address_family_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    two_addresses(monkeypatch)

    def lacking(family: int, name: tuple[object, ...]) -> socket.socket:
        if name[0] == "127.0.0.2":
            raise OSError(errno.EAFNOSUPPORT, "no such family")
        return bound(family, name)

    socks, _ = listening_sockets(Address("tcp", "", "0"), Options(), STREAM, lacking)
    assert len(socks) == 1
    socks[0].close()
    with pytest.raises(ListenError, match="no such family"):
        listening_sockets(Address("tcp", "asked.for", "0"), Options(), STREAM, lacking)
