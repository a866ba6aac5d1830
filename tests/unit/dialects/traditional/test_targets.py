"""The targets of nc.traditional."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.dialects.traditional import parse


@pytest.mark.parametrize(
    ("argv", "address", "ports"),
    [
        ("h 9", Address("tcp4", "h", "9"), ("9",)),
        ("-u h 9", Address("udp4", "h", "9"), ("9",)),
        ("h http", Address("tcp4", "h", "80"), ("80",)),
        ("h 1-3", Address("tcp4", "h", "3"), ("3", "2", "1")),
        ("h 3-1 7", Address("tcp4", "h", "3"), ("3", "2", "1", "7")),
        (r"h ftp\-data", Address("tcp4", "h", "20"), ("20",)),
        ("-l", Address("tcp4", "", "0"), ()),
        ("-lp 9", Address("tcp4", "", "9"), ()),
        ("-lp 9 -s 127.0.0.1 h", Address("tcp4", "127.0.0.1", "9"), ()),
    ],
)
def test_address_and_ports(argv: str, address: Address, ports: tuple[str, ...]) -> None:
    config = parse(argv.split())
    assert (config.address, config.ports) == (address, ports)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("", "no destination"),
        ("h", "no port[s] to connect to"),
        ("h 0", "invalid port 0"),
        ("h 1x", "invalid port 1x"),
        ("h 70000", "invalid port 70000"),
        ("h 1-", "invalid port "),
        ("-p x h 9", "invalid local port x"),
        ("-l -p 0", "invalid local port 0"),
        ("-l -u", "UDP listen needs -p arg"),
        ("-l -p 9 h 8", "the port of a client cannot be asked for; its host can"),
        ("-n localhost 9", "Can't parse localhost as an IP address"),
        ("-g a -g a -g a -g a -g a -g a -g a -g a -g a h 9", "too many -g hops"),
    ],
)
def test_invalid_targets(argv: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(argv.split())
    assert str(caught.value) == said


def test_r_shuffles_the_ports() -> None:
    assert sorted(parse(["-zr", "h", "1-9"]).ports) == list("123456789")
