"""Socket options, read back from the kernel."""

from __future__ import annotations

import socket
import sys

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
def test_option_is_set(name: str, value: int, level: int, option: int) -> None:
    with socket.socket() as sock:
        apply(sock, ((name, value),))
        assert sock.getsockopt(level, option) == value


@only_posix
def test_options_of_other_families_are_skipped() -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        apply(sock, (("ttl", 9), ("recv_buffer", 4096)))
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 4096


def test_options_apply_to_both_ends_of_a_connection() -> None:
    options = Options(sockopts=(("ttl", 9), ("send_buffer", 8192)))
    with (
        listen(Address("tcp", "127.0.0.1", "0"), options) as listener,
        dial(listener.address, options) as conn,
        listener.accept(10) as accepted,
    ):
        for one in (conn, accepted):
            with socket.socket(fileno=socket.dup(one.fileno())) as sock:
                assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == 9


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")
def test_every_option_is_available_on_linux() -> None:
    assert all(OPTIONS.values())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")
def test_missing_interface() -> None:
    with socket.socket() as sock, pytest.raises(OSError, match="no such interface: nosuch"):
        apply(sock, (("device", "nosuch"),))


def test_multicast_options() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        apply(sock, (("multicast_ttl", 0), ("multicast_loop", 0)))
        assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL) == 0
        assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP) == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")
def test_options_of_a_listener() -> None:
    asked = (("device", "lo"), ("reuse_port", 1), ("keepalive_idle", 60), ("fastopen_listener", 5))
    with listen(Address("tcp", "127.0.0.1", "0"), Options(sockopts=asked)) as listener:
        (sock,) = listener.sockets
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).startswith(b"lo\0")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN) == 5
