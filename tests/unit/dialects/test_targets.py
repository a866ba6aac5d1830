"""Words that say where to."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import UsageError
from pync.dialects.targets import MOST_PORTS, port_list, with_address


@pytest.mark.parametrize(
    ("words", "ports"),
    [
        ("80", ["80"]),
        ("80,443", ["80", "443"]),
        ("20-23", ["20", "21", "22", "23"]),
        ("23-21 http", ["21", "22", "23", "http"]),
    ],
)
def test_ports_to_scan(words: str, ports: list[str]) -> None:
    assert port_list(words.split()) == tuple(ports)
    config = Config(target=("localhost", *words.split()), zero_io=True)
    assert with_address(config).ports == tuple(ports)


@pytest.mark.parametrize("words", [[","], ["0-65535", "1"], []])
def test_too_few_and_too_many_ports(words: list[str]) -> None:
    with pytest.raises(UsageError, match=f"between 1 and {MOST_PORTS} ports"):
        port_list(words)


@pytest.mark.parametrize(
    ("config", "address"),
    [
        (Config(target=("::1", "9")), Address("tcp", "::1", "9")),
        (Config(target=("udp://h:9",)), Address("udp", "h", "9")),
        (Config(target=("9",), listen=True), Address("tcp", "", "9")),
        (Config(target=("h",), listen=True, source_port="9"), Address("tcp", "h", "9")),
        (Config(target=("/a",), unixsock=True, udp=True), Address("unixgram", path="/a")),
    ],
)
def test_where_to(config: Config, address: Address) -> None:
    assert with_address(config).address == address
