"""Options of a socket, as the kernel has them afterwards."""

from __future__ import annotations

import socket

import pytest

from pync.core.address import Address
from pync.transports import Options, dial, listen
from pync.transports.sockopts import OPTIONS, apply

from ...systems import only_posix


@pytest.mark.parametrize(
    ("name", "value", "level", "option"),
    [
        ("ttl", 9, socket.IPPROTO_IP, socket.IP_TTL),
        ("tos", 0x10, socket.IPPROTO_IP, socket.IP_TOS),
        ("broadcast", 1, socket.SOL_SOCKET, socket.SO_BROADCAST),
    ],
)
def test_what_was_asked_for_is_set(name: str, value: int, level: int, option: int) -> None:
    with socket.socket() as sock:
        apply(sock, ((name, value),))
        assert sock.getsockopt(level, option) == value


@only_posix
def test_a_family_that_has_no_such_option_is_left_alone() -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        apply(sock, (("ttl", 9), ("recv_buffer", 4096)))
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 4096


def test_both_sides_of_a_connection_have_them() -> None:
    options = Options(sockopts=(("ttl", 9), ("send_buffer", 8192)))
    with (
        listen(Address("tcp", "127.0.0.1", "0"), options) as listener,
        dial(listener.address, options) as conn,
        listener.accept(10) as accepted,
    ):
        for one in (conn, accepted):
            with socket.socket(fileno=socket.dup(one.fileno())) as sock:
                assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == 9


def test_every_option_has_a_place() -> None:
    assert all(OPTIONS.values())
