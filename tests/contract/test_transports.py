"""The contract of every transport, tested on each of them."""

from __future__ import annotations

import errno
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from pync.core.errors import DialError, ListenError
from pync.transports import SCHEMES, Options, dial, listen
from pync.transports.conn import TcpConn
from pync.transports.datagram import Datagrams

from ..systems import UNDER_WINE
from .table import (
    DATAGRAMS,
    LISTENING,
    PATIENCE,
    STREAMS,
    TRANSPORTS,
    Connect,
    Listen,
    Transport,
    address_of,
    over,
    streams,
)


def test_every_scheme_is_in_the_table() -> None:
    covered = {row.address.partition(":")[0] or row.name for row in TRANSPORTS}
    assert covered - {"memory", "tls", "dtls"} | {"udp"} == set(SCHEMES)


@over(TRANSPORTS)
def test_data_in_both_directions(connect: Connect, transport: Transport) -> None:
    client, server = connect(transport)
    every_byte = bytes(range(256))
    client.send_all(every_byte)
    assert server.recv(65536) == every_byte
    server.send_all(b"answer")
    assert client.recv(65536) == b"answer"


@over(TRANSPORTS)
def test_close_is_idempotent(connect: Connect, transport: Transport) -> None:
    client, server = connect(transport)
    for conn in (client, server):
        conn.close()
        conn.close()
        with pytest.raises(OSError, match=r"."):
            conn.send(b"x")


@over(TRANSPORTS)
def test_with_block_closes(connect: Connect, transport: Transport) -> None:
    client, _ = connect(transport)
    with client as same:
        assert same is client
    assert client.fileno() == -1


@over(TRANSPORTS)
def test_recv_without_data(connect: Connect, transport: Transport) -> None:
    for conn in connect(transport):
        conn.settimeout(0)
        assert conn.gettimeout() == 0
        with pytest.raises(BlockingIOError):
            conn.recv(1)
        conn.settimeout(0.01)
        with pytest.raises(TimeoutError):
            conn.recv(1)


@over(STREAMS)
def test_half_close_in_both_directions(connect: Connect, transport: Transport) -> None:
    client, server = streams(connect(transport))
    client.send_all(b"question")
    client.send_eof()
    assert [server.recv(100), server.recv(100), server.recv(100)] == [b"question", b"", b""]
    server.send_all(b"answer")
    server.send_eof()
    assert [client.recv(100), client.recv(100)] == [b"answer", b""]


@over(STREAMS)
def test_large_data_arrives_in_order(connect: Connect, transport: Transport) -> None:
    client, server = streams(connect(transport))
    sent = b"".join(number.to_bytes(4, "big") for number in range(250_000))

    def send() -> None:
        client.send_all(sent)
        client.send_eof()

    sender = threading.Thread(target=send)
    sender.start()
    received = b""
    while piece := server.recv(65536):
        received += piece
    sender.join()
    assert received == sent


@over(DATAGRAMS)
def test_datagram_boundaries_are_kept(connect: Connect, transport: Transport) -> None:
    client, server = connect(transport)
    sent = [b"a", b"", b"bc", bytes(8192)]
    for data in sent:
        client.send(data)
    # An empty datagram has no data for a stream: it is skipped, and is not EOF.
    assert [server.recv(1) for _ in range(3)] == [b"a", b"bc", bytes(8192)]


@over(DATAGRAMS)
def test_datagrams_have_no_half_close(connect: Connect, transport: Transport) -> None:
    for conn in connect(transport):
        assert conn.datagram
        assert not hasattr(conn, "send_eof")


@over([row for row in DATAGRAMS if row.name == "dtls"])
def test_datagrams_with_eof(connect: Connect, transport: Transport) -> None:
    for closes, hears in (connect(transport), reversed(connect(transport))):
        closes.send(b"last words")
        closes.close()
        assert not hears.ended
        assert [hears.recv(100), hears.recv(100), hears.recv(100)] == [b"last words", b"", b""]
        assert hears.ended


@over([row for row in DATAGRAMS if row.name == "dtls"])
def test_drop_sends_no_eof(connect: Connect, transport: Transport) -> None:
    client, server = connect(transport)
    client.drop()
    server.settimeout(0.01)
    with pytest.raises(TimeoutError):
        server.recv(1)
    assert not server.ended


@over([row for row in DATAGRAMS if row.name != "unixgram"])
def test_largest_datagram_and_too_large_datagram(connect: Connect, transport: Transport) -> None:
    client, server = connect(transport)
    largest = {"dtls": 16 * 1024, "udp4": 65_507, "udp6": 65_527}[transport.name]
    client.send(bytes(largest))
    assert server.recv(1) == bytes(largest)
    # 10040: Wine has no text for WSAEMSGSIZE.
    with pytest.raises(OSError, match=r"(?i)message too long|10040") as refusal:
        client.send(bytes(largest + 1))
    assert refusal.value.errno == errno.EMSGSIZE


@over(DATAGRAMS)
def test_listener_locks_on_to_its_first_peer(connect: Connect, transport: Transport) -> None:
    client, server = connect(transport)
    with ExitStack() as stack:
        try:
            to = server.local if transport.name != "unixgram" else client.peer
            stack.enter_context(dial(to)).send(b"not for you")
        except OSError:
            pass  # the kernel rejects it already
        client.send(b"for you")
        assert server.recv(100) == b"for you"
        server.send(b"answer")
        assert client.recv(100) == b"answer"


@over([row for row in DATAGRAMS if row.address])
def test_listener_for_many_peers_answers_the_latest(folder: Path, transport: Transport) -> None:
    with (
        listen(address_of(transport, folder), Options(many=True)) as listener,
        dial(listener.address) as one,
        dial(listener.address) as two,
    ):
        one.send(b"one")
        with listener.accept(PATIENCE) as server:
            server.settimeout(PATIENCE)
            for client, name in ((one, b"1"), (two, b"2"), (one, b"3")):
                client.settimeout(PATIENCE)
                if name != b"1":
                    client.send(name)
                    assert server.recv(100) == name
                else:
                    assert server.recv(100) == b"one"
                server.send(b"to " + name)
                assert client.recv(100) == b"to " + name


@over(LISTENING)
def test_connection_refused(listening: Listen, transport: Transport) -> None:
    listener = listening(transport)
    address = listener.address
    listener.close()
    if transport.datagram and transport.name != "unixgram":
        if UNDER_WINE:
            pytest.skip("Wine passes no ICMP errors on")
        with dial(address) as client:
            client.settimeout(PATIENCE)
            client.send(b"anybody?")
            with pytest.raises(ConnectionRefusedError):
                client.recv(1)
        return
    with pytest.raises(DialError) as refusal:
        dial(address, transport.options)
    assert str(refusal.value).startswith(f"dial {address}: ")
    causes = ("connection refused", "no such file or directory", "there is no such pipe")
    assert refusal.value.cause in causes


@over(LISTENING)
def test_address_in_use(listening: Listen, transport: Transport) -> None:
    if UNDER_WINE and transport.name.startswith("pipe"):
        pytest.skip("Wine lets a pipe have two first instances")
    listener = listening(transport)
    with pytest.raises(ListenError) as refusal:
        listen(listener.address, transport.options)
    assert str(refusal.value) == f"listen {listener.address}: address already in use"


@over(LISTENING)
def test_accept_timeout(listening: Listen, transport: Transport) -> None:
    listener = listening(transport)
    with pytest.raises(ListenError, match=r"^accept .*: timed out$"):
        listener.accept(0.01)


@over(LISTENING)
def test_listener_close_is_idempotent_and_removes_the_path(
    listening: Listen, folder: Path, transport: Transport
) -> None:
    with listening(transport) as listener:
        listener.close()
    assert list(folder.iterdir()) == []
    with pytest.raises((OSError, ValueError)):
        listener.accept(0.01)


@over(LISTENING)
def test_local_and_remote_addresses(connect: Connect, transport: Transport) -> None:
    client, server = connect(transport)
    assert client.local.scheme == client.peer.scheme == transport.address.partition(":")[0]
    if client.peer.host:
        assert (server.peer.host, server.peer.port) == (client.local.host, client.local.port)
        assert client.peer.port != 0
    else:
        assert client.peer.path


@over([row for row in STREAMS if row.name.startswith("tcp")])
def test_abort_sends_a_reset(connect: Connect, transport: Transport) -> None:
    if UNDER_WINE:
        pytest.skip("Wine passes no RST on")
    client, server = connect(transport)
    assert isinstance(client, TcpConn)
    client.abort()
    client.abort()
    with pytest.raises(ConnectionResetError):
        server.recv(1)


@over([row for row in STREAMS if not row.name.startswith("tcp")])
def test_other_transports_have_no_abort(connect: Connect, transport: Transport) -> None:
    for conn in connect(transport):
        assert not hasattr(conn, "abort")


@over([row for row in DATAGRAMS if row.name == "dtls"])
def test_readers_of_datagrams_notice_the_end(connect: Connect, transport: Transport) -> None:
    client, server = connect(transport)
    client.send(b"one")
    client.send(b"two")
    client.close()
    assert isinstance(server, Datagrams)
    assert list(server) == [b"one", b"two"]
    with pytest.raises(EOFError, match="the peer ended"):
        server.expect(b"x")
