"""The public interface of the library, used as documented."""

from __future__ import annotations

import errno
import socket
import sys
import threading

import pytest

import pync
from pync.core.errors import IdleTimeoutError, ListenError, UsageError


def test_dial_and_listen() -> None:
    with (
        pync.listen("tcp://127.0.0.1:0") as listener,
        pync.dial(str(listener.address), timeout=10) as client,
        listener.accept(10) as server,
    ):
        client.send_all(b"hello\n")
        assert isinstance(client, pync.StreamConn)
        client.send_eof()
        assert [server.recv(100), server.recv(100)] == [b"hello\n", b""]
        assert str(client.peer) == str(server.local) == str(listener.address)


def test_relay_joins_two_connections() -> None:
    with pync.listen("tcp://127.0.0.1:0") as front, pync.listen("tcp://127.0.0.1:0") as back:
        moved: list[tuple[int, int]] = []

        def forward() -> None:
            with front.accept(10) as caller, pync.dial(str(back.address)) as called:
                moved.append(pync.relay(caller, called))

        forwarding = threading.Thread(target=forward)
        forwarding.start()
        with pync.dial(str(front.address)) as client, back.accept(10) as server:
            assert isinstance(client, pync.StreamConn)
            client.settimeout(10)
            server.settimeout(10)
            client.send_all(b"question")
            client.send_eof()
            assert [server.recv(100), server.recv(100)] == [b"question", b""]
            server.send_all(b"the answer")
            server.close()
            assert [client.recv(100), client.recv(100)] == [b"the answer", b""]
        forwarding.join(10)
    assert moved == [(8, 10)]


def test_relay_idle_timeout() -> None:
    with (
        pync.listen("tcp://127.0.0.1:0") as listener,
        pync.dial(str(listener.address)) as a,
        listener.accept(10) as b,
        pytest.raises(IdleTimeoutError, match=r"idle for 0\.01 s"),
    ):
        pync.relay(a, b, idle=0.01)


def test_source_address() -> None:
    with (
        pync.listen("tcp://127.0.0.1:0") as listener,
        pync.dial(str(listener.address), source="127.0.0.1") as conn,
    ):
        assert conn.local.host == "127.0.0.1"


@pytest.mark.parametrize(
    "address",
    ["localhost", "tcp://", "tcp://:80", "", "http://h:80", "::1", "h:99999", "unix:", "fd:3"],
)
def test_invalid_address_to_dial(address: str) -> None:
    with pytest.raises(UsageError) as wrong:
        pync.dial(address)
    assert isinstance(wrong.value, ValueError)


@pytest.mark.parametrize("address", ["99999", "", "h:99999", "http://h:80", "::1", ":"])
def test_invalid_address_to_listen(address: str) -> None:
    with pytest.raises(UsageError):
        pync.listen(address)


@pytest.mark.skipif(sys.platform != "win32", reason="only on Windows")
@pytest.mark.parametrize("address", ["fd:3", "systemd:"])
def test_inherited_sockets_on_windows(address: str) -> None:
    with pytest.raises(ListenError) as refused:
        pync.listen(address)
    assert str(refused.value) == f"listen {address}: Windows passes no sockets as descriptors"


@pytest.mark.parametrize("address", ["127.0.0.1:0", "0", ":0", "localhost:0", "tcp://:0"])
def test_forms_of_addresses(address: str) -> None:
    with pync.listen(address) as listener:
        port = listener.address.port
        assert port > 0
        host = "127.0.0.1" if "127" in address else "localhost"
        for target in (f"{host}:{port}", f"tcp://{host}:{port}"):
            with pync.dial(target, timeout=10) as conn, listener.accept(10) as accepted:
                assert (conn.peer.port, accepted.peer.port) == (port, conn.local.port)


def test_missing_host_means_localhost() -> None:
    with (
        pync.listen("localhost:0") as listener,
        pync.dial(f":{listener.address.port}", timeout=10) as conn,
    ):
        assert conn.peer.host in ("127.0.0.1", "::1")


def test_expected_class_of_the_connection() -> None:
    with pync.dial("udp://127.0.0.1:9", pync.DatagramConn) as datagrams:
        assert datagrams.datagram
    with pync.listen("127.0.0.1:0") as listener:
        address = str(listener.address)
        with pync.dial(address, pync.TcpConn) as conn:
            conn.abort()
        with pytest.raises(ValueError, match=r"makes a TcpConn, not a DatagramConn"):
            pync.dial(address, pync.DatagramConn)


def test_errors_are_built_in_exceptions() -> None:
    with pync.listen("127.0.0.1:0") as listener:
        address = str(listener.address)
        with pytest.raises(TimeoutError) as late:
            listener.accept(0.01)
        assert isinstance(late.value, pync.ListenError)
        with pytest.raises(OSError, match="address already in use") as taken:
            pync.listen(address)
        assert taken.value.errno == errno.EADDRINUSE
        with pync.dial(address) as conn:
            conn.settimeout(0.01)
            with pytest.raises(TimeoutError):
                conn.recv(1)
    with pytest.raises(ConnectionRefusedError) as refused:
        pync.dial(address)
    assert isinstance(refused.value, pync.DialError)
    assert refused.value.errno == errno.ECONNREFUSED
    assert str(refused.value) == f"dial {address}: connection refused"


def test_unknown_name() -> None:
    with pytest.raises(socket.gaierror) as unknown:
        pync.dial("host.invalid:80", timeout=30)
    assert isinstance(unknown.value, pync.UnresolvedError)


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_repr(scheme: str) -> None:
    with pync.listen(f"{scheme}://127.0.0.1:0") as listener:
        at = str(listener.address)
        assert at == f"{scheme}://127.0.0.1:{listener.address.port}"
        assert repr(listener) == f"<{type(listener).__name__} {at}>"
    with pync.listen("127.0.0.1:0") as plain:
        conn = pync.dial(str(plain.address))
        shown = f"<TcpConn {conn.local} -> {plain.address}"
        assert repr(conn) == f"{shown}>"
        conn.close()
        assert repr(conn) == f"{shown} closed>"
