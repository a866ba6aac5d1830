"""Parsing targets: addresses and ports."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
def test_port_list(words: str, ports: list[str]) -> None:
    assert port_list(words.split()) == tuple(ports)
    config = Config(target=("localhost", *words.split()), zero_io=True)
    assert with_address(config).ports == tuple(ports)


@pytest.mark.parametrize("words", [[","], ["0-65535", "1"], []])
def test_too_few_and_too_many_ports(words: list[str]) -> None:
    with pytest.raises(UsageError, match=f"give 1 to {MOST_PORTS} ports"):
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
def test_with_address(config: Config, address: Address) -> None:
    assert with_address(config).address == address


@given(st.lists(st.text(max_size=8), max_size=4), st.booleans(), st.booleans(), st.booleans())
def test_any_target_is_parsed_or_rejected(
    words: list[str], listen: bool, unixsock: bool, zero_io: bool
) -> None:
    config = Config(
        target=tuple(words), listen=listen, unixsock=unixsock, zero_io=zero_io and not listen
    )
    with suppress(UsageError):
        address = with_address(config).address
        assert address is not None
        # No argument is ignored silently.
        typed = "".join(words)
        assert unixsock or not typed or address.service or address.path


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=20))
def test_port_list_keeps_its_order(ports: list[int]) -> None:
    assert port_list([",".join(map(str, ports))]) == tuple(map(str, ports))


@given(st.integers(0, 65535), st.integers(0, 200))
def test_port_range_in_either_direction(low: int, more: int) -> None:
    high = min(65535, low + more)
    expected = tuple(str(port) for port in range(low, high + 1))
    assert port_list([f"{low}-{high}"]) == port_list([f"{high}-{low}"]) == expected
