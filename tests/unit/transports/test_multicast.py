"""Multicast groups and broadcast addresses, and their interfaces."""

from __future__ import annotations

import errno
import os
import socket
import sys

import pytest

from pync.core.address import Address
from pync.core.errors import DialError
from pync.transports import Options, dial, listen, multicast
from pync.transports.multicast import GroupConn, is_broadcast, is_group, without_interface

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="127/8 is lo's on Linux")

#: A group of the local scope (RFC 2365 6.1).
GROUP = "239.255.77.77"


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("224.0.0.1", True),
        ("239.1.2.3", True),
        ("239.1.2.3%eth0", True),
        ("ff02::1", True),
        ("ff02::1%eth0", True),
        ("223.255.255.255", False),
        ("240.0.0.1", False),
        ("fe80::1", False),
        ("239.example.org", False),
        ("", False),
    ],
)
def test_is_group(host: str, group: bool) -> None:
    assert is_group(host) == group


@pytest.mark.parametrize(
    ("host", "left", "index"),
    [
        ("239.1.2.3", "239.1.2.3", 0),
        ("239.1.2.3%1", "239.1.2.3", 1),
        ("ff02::5%1", "ff02::5", 1),
        ("fe80::1%1", "fe80::1%1", 0),
    ],
)
def test_zone_of_a_group_is_its_interface(host: str, left: str, index: int) -> None:
    address = Address("udp", host, "9")
    assert without_interface("dial", address, DialError) == (address._replace(host=left), index)


def test_zone_can_be_an_interface_name() -> None:
    index, name = socket.if_nameindex()[0]
    found = without_interface("dial", Address("udp", f"{GROUP}%{name}", "9"), DialError)
    assert found[1] == index
    with pytest.raises(DialError, match="no such interface: no-such"):
        without_interface("dial", Address("udp", f"{GROUP}%no-such", "9"), DialError)


@linux
def test_is_broadcast() -> None:
    hosts = ["255.255.255.255", "127.255.255.255", "127.0.0.1"]
    assert [is_broadcast((host, 9)) for host in hosts] == [True, True, False]


@linux
def test_answers_to_a_broadcast_from_unicast_addresses_are_received() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("", 0))
        server.settimeout(10)
        port = server.getsockname()[1]
        options = Options(sockopts=(("broadcast", 1),))
        with dial(Address("udp", "127.255.255.255", str(port)), options) as conn:
            assert isinstance(conn, GroupConn)
            assert conn.peer == Address("udp", "127.255.255.255", str(port))
            assert conn.local.port
            conn.settimeout(10)
            for round_ in (b"1", b"2"):
                conn.send(round_)
                data, sender = server.recvfrom(10)
                assert data == round_
                server.sendto(b"answer", sender)
                assert conn.recv(10) == b"answer"


@linux
def test_broadcast_needs_the_socket_option() -> None:
    with pytest.raises(DialError, match="permission denied"):
        dial(Address("udp", "127.255.255.255", "9"))


@linux
@pytest.mark.parametrize("many", [False, True])
def test_join_group(many: bool) -> None:
    group = Address("udp", f"{GROUP}%lo", "0")
    with listen(group, Options(many=many)) as listener:
        assert listener.address.host == GROUP
        to = group._replace(service=listener.address.service)
        with dial(to, Options(source="127.0.0.1", sockopts=(("ttl", 3),))) as client:
            ttl = client._sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL)
            assert ttl == 3
            client.settimeout(10)
            client.send(b"question")
            with listener.accept(10) as conn:
                conn.settimeout(10)
                assert conn.recv(10) == b"question"
                conn.send(b"answer")
                assert client.recv(10) == b"answer"
                client.send(b"again")
                assert conn.recv(10) == b"again"


@linux
def test_two_listeners_of_one_group() -> None:
    group = Address("udp", f"{GROUP}%lo", "0")
    with listen(group) as one:
        same = group._replace(service=one.address.service)
        with listen(same) as other, dial(same, Options(source="127.0.0.1")) as client:
            client.send(b"both")
            for listener in (one, other):
                with listener.accept(10) as conn:
                    conn.settimeout(10)
                    assert conn.recv(10) == b"both"


def test_without_a_route_all_possible_interfaces_join(monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[int] = []

    def join(_sock: socket.socket, _group: str, index: int) -> None:
        if index in (0, 1):
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        joined.append(index)

    monkeypatch.setattr(multicast, "_join", join)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "a"), (3, "b")])
        multicast.join(sock, GROUP, 0)
        assert joined == [2, 3]
        with pytest.raises(OSError, match="No such device"):
            multicast.join(sock, GROUP, 1)
        monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo")])
        with pytest.raises(OSError, match="No such device"):
            multicast.join(sock, GROUP, 0)
