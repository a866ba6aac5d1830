"""The targets of ncat."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import UsageError
from pync.dialects.ncat.targets import MOST_HOPS, address, pointer, route, source_port


@pytest.mark.parametrize(
    ("config", "words", "expected"),
    [
        (Config(), "h", Address("tcp", "h", "31337")),
        (Config(), "h 080", Address("tcp", "h", "080")),
        (Config(udp=True), "h domain", Address("udp", "h", "53")),
        (Config(listen=True), "", Address("tcp", "", "31337")),
        (Config(listen=True), "9", Address("tcp", "", "9")),
        (Config(listen=True), "h", Address("tcp", "h", "31337")),
        (Config(listen=True, source_port="7"), "h", Address("tcp", "h", "7")),
        (Config(listen=True, source="h"), "9", Address("tcp", "h", "9")),
        (Config(listen=True, vsock=True), "9", Address("vsock", "", "9")),
        (Config(vsock=True), "1 4294967295", Address("vsock", "1", "4294967295")),
        (Config(sctp=True), "h 9", Address("sctp", "h", "9")),
        (Config(unixsock=True, udp=True), "/p", Address("unixgram", path="/p")),
    ],
)
def test_address(config: Config, words: str, expected: Address) -> None:
    assert address(config, words.split()) == expected


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (Config(vsock=True), "1 4294967296"),
        (Config(vsock=True), "one 1"),
        (Config(vsock=True, udp=True), "1 1"),
        (Config(), "h \u0661"),
        (Config(), "h 65536"),
        (Config(source_port="65536"), "h 1"),
        (Config(), ""),
    ],
)
def test_invalid_targets(config: Config, words: str) -> None:
    with pytest.raises(UsageError):
        address(config, words.split())


@pytest.mark.parametrize("text", ["x", "", "-1", "\u0661"])
def test_invalid_source_port(text: str) -> None:
    with pytest.raises(UsageError, match="Invalid source port number"):
        source_port(text, "-p")


def fields(*hops: str, ipv4: bool = True) -> dict[str, object]:
    return {"loose_route": hops, "ipv4": ipv4}


def test_hops_are_collected() -> None:
    assert route(fields("a,b", ",", "c")) == {"loose_route": ("a", "b", "c")}
    assert route(fields()) == {"loose_route": ()}


@pytest.mark.parametrize("text", ["0", "5", "32", "-4", "\u00b2", "\u0664", "x", ""])
def test_invalid_hop_pointer(text: str) -> None:
    with pytest.raises(UsageError, match="hop pointer"):
        pointer(text, "-G")


def test_too_many_hops() -> None:
    assert len(route(fields(*["h"] * MOST_HOPS))["loose_route"]) == MOST_HOPS  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="too many"):
        route(fields(*["h"] * (MOST_HOPS + 1)))
    with pytest.raises(UsageError, match="IPv4"):
        route(fields("h", ipv4=False))
