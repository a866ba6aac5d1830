"""Source routes, as encoded in the IP header."""

from __future__ import annotations

import socket

import pytest

from pync.core.address import Address
from pync.core.errors import DialError
from pync.transports import Options, dial
from pync.transports.route import MOST_HOPS, loose_route, set_route


def test_option_is_aligned_and_points_to_the_next_hop() -> None:
    option = loose_route(["127.0.0.1", "10.0.0.2"], 4)
    assert option == b"\x01\x83\x0b\x04" + b"\x7f\x00\x00\x01" + b"\x0a\x00\x00\x02"


def test_maximum_number_of_hops_fills_the_header() -> None:
    assert len(loose_route(["127.0.0.1"] * (MOST_HOPS + 1), 4)) == 40


def test_kernel_accepts_the_option() -> None:
    with socket.socket() as sock:
        set_route(sock, Options(source_route=("127.0.0.1",)), ("127.0.0.2", 9))
        kept = sock.getsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, 40)
    assert kept == loose_route(["127.0.0.1", "127.0.0.2"], 4)


def test_without_hops_no_option_is_set() -> None:
    with socket.socket() as sock:
        set_route(sock, Options(), ("127.0.0.1", 9))
        assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, 40) == b""


@pytest.mark.parametrize("scheme", ["tcp", "udp"])
def test_pointer_past_the_hops_is_rejected(scheme: str) -> None:
    options = Options(source_route=("127.0.0.1",), route_pointer=28)
    with pytest.raises(DialError) as failure:
        dial(Address(scheme, "127.0.0.1", "9"), options)
    assert failure.value.cause == "invalid argument"


@pytest.mark.parametrize("hop", ["no.name", "::1", "x" * 300])
def test_error_names_an_unknown_hop(hop: str) -> None:
    options = Options(source_route=(hop,), numeric=True)
    with pytest.raises(DialError) as failure:
        dial(Address("tcp", "127.0.0.1", "9"), options)
    assert (failure.value.operation, failure.value.address) == ("route", Address("tcp", hop, "0"))
    assert not failure.value.attempts
