"""Settings for dialling and listening, derived from the command line."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pync.core.address import Address
from pync.core.config import Config, Proxy
from pync.core.errors import UsageError
from pync.core.events import Event, silent
from pync.core.server_events import Denied
from pync.programs.setup.network import (
    dial_setup,
    entry_of,
    listen_setup,
    options_of,
    route_of,
    target_options,
)
from pync.programs.shared.entry import Entry
from pync.programs.shared.via_proxies import Route
from pync.transports import Options, everyone
from pync.transports.sockopts import OPTIONS

HERE = Address("tcp", "127.0.0.1", "0")
LISTENER = Config(listen=True, address=HERE)


@pytest.mark.parametrize(
    ("config", "options"),
    [
        (Config(), Options()),
        (Config(wait=2), Options(timeout=2)),
        (Config(wait=2, connect_timeout=1), Options(timeout=1)),
        (Config(wait=2, listen=True), Options()),
        (Config(source="a", source_port="1"), Options(source="a", source_port="1")),
        (Config(ipv4=True, nodns=True), Options(family=4, numeric=True)),
        (Config(ipv6=True), Options(family=6)),
        (Config(listen=True, keep_open=True), Options(many=True)),
        (Config(pipe_mode="message"), Options(pipe_messages=True)),
        (Config(pipe_access="all"), Options(pipe_access="all")),
    ],
)
def test_options(config: Config, options: Options) -> None:
    assert options_of(config) == options


#: Each socket option, and the name in the socket module that it needs.
NEEDED = [
    (Config(device="lo"), "device", ("device",)),
    (Config(reuse_port=True), "reuse-port", ("reuse_port",)),
    (Config(keepalive=(60,)), "keepalive", ("keepalive_idle",)),
    (Config(keepalive=(60, 5, 3)), "keepalive", ("keepalive_count", "keepalive_interval")),
    (Config(fastopen=True), "fastopen", ("fastopen_client",)),
    (Config(fastopen=True, listen=True), "fastopen", ("fastopen_listener",)),
]


@pytest.mark.parametrize(("config", "option", "rows"), NEEDED)
def test_unsupported_socket_options_are_rejected(
    monkeypatch: pytest.MonkeyPatch, config: Config, option: str, rows: tuple[str, ...]
) -> None:
    for row in rows:
        monkeypatch.setitem(OPTIONS, row, {})
    with pytest.raises(UsageError) as refused:
        options_of(config)
    assert str(refused.value) == f"--{option}: this system cannot do that"


def test_unsupported_mptcp_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("socket.IPPROTO_MPTCP", raising=False)
    with pytest.raises(UsageError, match="--mptcp: this system cannot do that"):
        options_of(Config(mptcp=True))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")
def test_socket_options() -> None:
    asked = dict(options_of(Config(keepalive=(60, 5), device="lo", multicast_ttl=0)).sockopts)
    assert asked == {
        "device": "lo",
        "multicast_ttl": 0,
        "keepalive": 1,
        "keepalive_idle": 60,
        "keepalive_interval": 5,
    }
    assert options_of(Config(mptcp=True)).mptcp


def test_options_for_targets_of_a_proxy_server() -> None:
    config = Config(listen=True, source="127.0.0.1", nodns=True)
    assert target_options(config, 30) == Options(timeout=30, numeric=True)
    assert target_options(config._replace(wait=2), 30).timeout == 2


def test_entry() -> None:
    assert dial_setup(Config(address=HERE)).entry is None
    assert entry_of(Config(telnet=True)) == Entry(telnet=True)
    assert entry_of(Config(json=True)) == entry_of(Config(verbose=1)) == Entry(details=True)


@pytest.mark.parametrize(
    ("config", "verify"),
    [
        (Config(ssl=True), True),
        (Config(ssl=True, insecure=True), False),
        (Config(ssl=True, verifies=False), False),
    ],
)
def test_client_verifies_certificates_by_default(config: Config, verify: bool) -> None:
    entry = entry_of(config)
    assert entry is not None
    assert entry.tls is not None
    assert entry.tls.verify is verify


@pytest.mark.parametrize(
    ("config", "seconds"),
    [(Config(), 30), (Config(wait=2), 2), (Config(wait=2, connect_timeout=60), 60)],
)
def test_handshake_timeout(config: Config, seconds: float) -> None:
    entry = entry_of(config._replace(ssl=True))
    assert entry is not None
    assert entry.tls is not None
    assert entry.tls.timeout == seconds


@pytest.mark.parametrize(("where", "resolves"), [(None, False), ("remote", False), ("local", True)])
def test_proxy_dns(where: str | None, resolves: bool) -> None:
    proxies = (Proxy("http", "h", "1"),)
    assert route_of(Config(proxies=proxies, proxy_dns=where)) == Route(proxies, resolves)
    assert route_of(Config(proxy_dns=where)) is None


def test_access_lists() -> None:
    assert listen_setup(LISTENER, silent).options.admits is everyone
    told: list[Event] = []
    admits = listen_setup(LISTENER._replace(deny=("::1",)), told.append).options.admits
    stranger = Address("tcp", "::1", "5")
    assert admits(HERE)
    assert not admits(stranger)
    assert told == [Denied(stranger, "not allowed")]
    with pytest.raises(UsageError, match="access list"):
        listen_setup(LISTENER._replace(denyfile=("/no/such",)), silent)


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ({"exec": "cat"}, "run the command"),
        ({"sh_exec": "cat"}, "run the command"),
        ({"exec": "cat", "allow": ("10.0.0.1",)}, None),
        ({"serves": Proxy("http", "", "")}, "use the proxy"),
        ({"serves": Proxy("http", "", "", "joe", "secret")}, None),
        ({}, None),
    ],
)
def test_offered_services(asked: dict[str, Any], offered: str | None) -> None:
    assert listen_setup(LISTENER._replace(**asked), silent).offered == offered


def test_modules_are_loaded_in_advance_only_with_k() -> None:
    assert listen_setup(LISTENER._replace(program="server", telnet=True), silent).modules == ()
    many = listen_setup(LISTENER._replace(program="server", telnet=True, keep_open=True), silent)
    assert "pync.transports.telnet" in many.modules
