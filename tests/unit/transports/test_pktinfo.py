"""The packet information of a datagram, and the address from which it is answered."""

from __future__ import annotations

import socket
import sys

import pytest

from pync.transports import pktinfo
from pync.transports.datagram import Arrival

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's pktinfo")


def bound(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((address, 0))
    sock.settimeout(10)
    return sock


def arrival(to: str) -> Arrival:
    """Return the arrival of a datagram that is sent to a socket on the wildcard address."""
    wildcard = "::" if ":" in to else "0.0.0.0"
    with bound(wildcard) as listener, socket.socket(listener.family, socket.SOCK_DGRAM) as sender:
        pktinfo.ask(listener)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(b"x", (to, listener.getsockname()[1]))
        data, found = pktinfo.receive(listener, 0)
        assert data == b"x"
        assert found.sender[1] == sender.getsockname()[1]
        return found


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_datagram_to_a_local_address(host: str) -> None:
    found = arrival(host)
    assert not found.to_many
    ((_, _, info),) = found.came_to
    assert socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host) in info


def test_answer_to_a_broadcast_has_our_own_address() -> None:
    found = arrival("127.255.255.255")
    assert found.to_many
    ((_, _, info),) = found.came_to
    assert socket.inet_aton("127.0.0.1") in info
    assert not pktinfo.leaves_from_where_it_came(found)


def test_ipv6_group_is_never_the_source_of_an_answer() -> None:
    group = socket.inet_pton(socket.AF_INET6, "ff02::1") + bytes(4)
    told = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, group)
    assert pktinfo._answering(*told) == b""
    assert pktinfo._to_many(*told)


def test_without_packet_information() -> None:
    with bound("127.0.0.1") as sock:
        assert pktinfo.leaves_from_where_it_came(Arrival(("127.0.0.1", 9), sock))
