"""The server, run as by the command. The tests read its port from its -v line."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pync.layers.telnet import Telnet

from ...systems import needs_rst

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]


def listening_address(running: Running) -> tuple[str, int]:
    """Return the address from ``Listening on 127.0.0.1 42047``."""
    host, port = running.says().split()[-2:]
    return host, int(port)


def connect(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, timeout=10)


def test_data_in_both_directions(pync: Start) -> None:
    running = pync("-lv", "127.0.0.1", 0)
    with connect(listening_address(running)) as client:
        assert running.says() == f"Connection received on 127.0.0.1 {client.getsockname()[1]}"
        running.types(b"welcome\n")
        assert client.recv(100) == b"welcome\n"
        client.sendall(b"thanks\n")
        assert running.shows(7) == b"thanks\n"
        running.types_eof()
        assert client.recv(100) == b""
    assert running.ends() == (0, b"", "")


def test_both_families_without_a_host(pync: Start) -> None:
    running = pync("-lvp", 0)
    host, port = listening_address(running)
    assert host == "0.0.0.0"
    try:
        client = connect(("::1", port))
    except OSError:
        client = connect(("127.0.0.1", port))  # this machine has no IPv6
    with client:
        client.sendall(b"x")
        assert running.shows(1) == b"x"
    running.types_eof()
    assert running.ends()[0] == 0


def test_only_one_client_is_served(pync: Start) -> None:
    running = pync("-lv", "127.0.0.1", 0)
    address = listening_address(running)
    with connect(address) as client:
        assert running.says().startswith("Connection received")
        client.sendall(b"x")
        assert running.shows(1) == b"x"
        with pytest.raises(ConnectionRefusedError):
            connect(address)
    running.types_eof()
    assert running.ends()[0] == 0


def test_address_in_use(pync: Start, server: socket.socket) -> None:
    port = server.getsockname()[1]
    status, shown, said = pync("-l", "127.0.0.1", port).ends()
    assert (status, shown) == (1, b"")
    assert said.startswith(f"pync: listen tcp://127.0.0.1:{port}: address already in use (")


@needs_rst
def test_keep_open_serves_clients_one_by_one(pync: Start) -> None:
    running = pync("-lkv", "127.0.0.1", 0)
    address = listening_address(running)
    running.types(b"for the first")
    running.types_eof()
    with connect(address) as first:
        assert first.recv(100) == b"for the first"
        assert first.recv(100) == b""
        first.sendall(b"one ")
    with connect(address) as second:
        # The input has ended: later clients get FIN at once.
        assert second.recv(100) == b""
        second.sendall(b"two ")
    with connect(address) as third:
        assert third.recv(100) == b""
        # The reset of a client is reported and does not end the listener.
        third.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with connect(address) as fourth:
        fourth.sendall(b"four")
        assert running.shows(12) == b"one two four"
        # Without a reader of its output, the server ends.
        running.stops_reading()
        fourth.sendall(b"x")
        status, _, said = running.ends()
    assert status == 141
    assert said.count("Connection received on") == 4
    assert "pync: relay tcp://127.0.0.1:" in said
    assert ": connection reset by peer\n" in said


def test_udp_listener_serves_its_first_peer_only(pync: Start) -> None:
    running = pync("-luv", "-w", "100ms", "127.0.0.1", 0)
    line = running.says()
    assert line.startswith("Bound on 127.0.0.1 ")
    address = ("127.0.0.1", int(line.split()[-1]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address)
        client.settimeout(10)
        client.send(b"one\n")
        assert running.shows(4) == b"one\n"
        running.types(b"answer\n")
        assert client.recv(100) == b"answer\n"
        assert running.ends()[0] == 1  # idle


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")
def test_unix_path_is_removed_at_the_end(
    pync: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("s") / "socket"
    running = pync("-lvU", path)
    assert running.says() == f"Listening on {path}"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"x")
        assert running.shows(1) == b"x"
    running.types_eof()
    assert running.ends()[0] == 0
    assert not path.exists()


def test_exception_caused_by_a_client_ends_only_that_client(
    pync: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = Telnet.receive

    def fails_on_x(codec: Telnet, data: bytes) -> bytes:
        if data == b"x":
            raise UnicodeError("label too long")
        return receive(codec, data)

    monkeypatch.setattr(Telnet, "receive", fails_on_x)
    running = pync("-lkt", "-v", "--accept-timeout=1", "127.0.0.1", 0)
    address = listening_address(running)
    for says, shown in ((b"x", b""), (b"hello", b"hello")):
        with connect(address) as client:
            peer = "{}:{}".format(*client.getsockname())
            assert running.says().startswith("Connection received on ")
            client.sendall(says)
            if shown:
                assert running.shows(5) == b"hello"
            else:
                said = "internal error: UnicodeError: label too long"
                assert running.says() == f"pync: relay tcp://{peer}: {said}"
                assert client.recv(1) == b""
    assert "timed out" in running.ends()[2]
