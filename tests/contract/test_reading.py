"""Lines, delimiters, sizes, patterns, time-outs and files, over every stream."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pync
from pync import testing
from pync.transports import dial
from pync.transports.conn import StreamConn
from pync.transports.memory import pair

from .table import (
    DATAGRAMS,
    PATIENCE,
    STREAMS,
    TRANSPORTS,
    Connect,
    Ends,
    Listen,
    Transport,
    over,
    shaken_pair,
    streams,
)

BYTE_STREAMS = [row for row in TRANSPORTS if not row.datagram]


def ends(connect: Connect, transport: Transport) -> tuple[Any, Any]:
    client, server = connect(transport)
    return client, server


@over(BYTE_STREAMS)
def test_all_read_methods_share_one_buffer(connect: Connect, transport: Transport) -> None:
    client, server = ends(connect, transport)
    client.send_all(b"HELO x\r\nab{12}rest of it\nlast 42.\nfile\nend")
    assert server.recv_until(b"\r\n") == b"HELO x\r\n"
    assert server.recv_exactly(2) == b"ab"
    match = server.expect(rb"\{(\d+)\}")
    assert match.group(1) == b"12"
    assert server.recv(4) == b"rest"
    assert server.pending()
    assert server.recv_line() == b" of it\n"
    assert next(iter(server)) == b"last 42.\n"
    assert server.makefile("rb").readline() == b"file\n"
    assert server.recv(100) == b"end"
    assert not server.pending()


@over(STREAMS)
def test_eof_is_empty_bytes_and_early_eof_error_has_partial_data(
    connect: Connect, transport: Transport
) -> None:
    client, server = streams(connect(transport))
    client.send_line(b"one")
    client.send_all(b"two")
    client.send_eof()
    assert server.recv_line() == b"one\n"
    with pytest.raises(pync.IncompleteError) as error:
        server.recv_until(b"\n")
    assert error.value.received == b"two"
    with pytest.raises(pync.IncompleteError) as error:
        server.recv_exactly(4)
    assert error.value.received == b"two"
    with pytest.raises(EOFError) as ended:
        server.expect(b"x")
    assert str(ended.value) == f"expect(b'x') {server.peer}: the peer ended; received b'two'"
    # No data is lost.
    assert list(server) == [b"two"]
    assert [server.recv_line(), server.recv(1), server.recv_all()] == [b"", b"", b""]
    assert server.makefile().read() == b""


@over(BYTE_STREAMS)
def test_timeout_loses_no_data(connect: Connect, transport: Transport) -> None:
    client, server = ends(connect, transport)
    client.send_all(b"half a li")
    calls: list[Callable[[], object]] = [
        lambda: server.recv_until(b"\n", timeout=0.05),
        lambda: server.recv_exactly(100, timeout=0.05),
        lambda: server.expect(rb"z", timeout=0),
        lambda: server.recv_line(timeout=0),
    ]
    for call in calls:
        with pytest.raises(pync.ReadTimeoutError) as error:
            call()
        assert error.value.received == b"half a li"
    assert server.gettimeout() == PATIENCE
    client.send_all(b"ne\n")
    assert server.recv_line() == b"half a line\n"
    with pytest.raises(TimeoutError):
        server.recv(1, timeout=0.01)
    server.settimeout(0.01)
    with pytest.raises(TimeoutError):
        server.recv_all()
    server.settimeout(0)
    with pytest.raises(BlockingIOError):
        server.recv_line()
    client.send_line(b"more", timeout=PATIENCE)
    assert server.recv_line(timeout=PATIENCE) == b"more\n"


@over(BYTE_STREAMS)
def test_timeout_applies_to_the_whole_call(connect: Connect, transport: Transport) -> None:
    """A peer that sends a byte now and then does not extend the time-out."""
    client, server = ends(connect, transport)
    over_ = threading.Event()

    def drip() -> None:
        while not over_.wait(0.02):
            client.send_all(b".")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with pytest.raises(pync.ReadTimeoutError):
            server.recv_until(b"\n", timeout=0.2)
    finally:
        over_.set()
        dripping.join()


@over(BYTE_STREAMS)
def test_length_of_a_line_is_limited(connect: Connect, transport: Transport) -> None:
    client, server = ends(connect, transport)
    client.send_all(b"a" * 50 + b"\n")
    with pytest.raises(pync.LimitError) as error:
        server.recv_line(limit=40)
    assert error.value.received.startswith(b"a" * 41)
    server.limit = 45
    with pytest.raises(pync.LimitError):
        server.recv_until(b"\n")
    with pytest.raises(pync.LimitError):
        next(iter(server))
    assert server.recv_line(limit=None) == b"a" * 50 + b"\n"


@over(BYTE_STREAMS)
def test_send_timeout(connect: Connect, transport: Transport) -> None:
    client, server = ends(connect, transport)

    def send_much() -> None:
        # A message pipe accepts the first message at once, and writes it when the peer reads.
        for _ in range(3):
            client.send_all(bytes(32 << 20), timeout=0.1)

    with pytest.raises(TimeoutError):
        send_much()
    assert client.gettimeout() == PATIENCE
    client.drop()
    server.drop()


@over(BYTE_STREAMS)
def test_makefile(connect: Connect, transport: Transport) -> None:
    client, server = ends(connect, transport)
    with client.makefile("rw", newline="\r\n") as talk, server.makefile("rwb") as file:
        talk.write("Grüße\n")
        assert file.readline() == "Grüße\r\n".encode()
        file.write(b"one\r\ntwo\r\nthree")
        assert talk.readline() == "one\r\n"
        assert client.recv_line() == b"two\r\n"
        assert client.recv_exactly(5) == b"three"
        talk.write("1234567")
        assert [file.readline(3), file.read(2), file.read1(9)] == [b"123", b"45", b"67"]
        talk.write("89")
        into = bytearray(2)
        assert file.readinto(into) == 2
        assert into == b"89"
    client.send_line(b"still open")
    assert server.recv_line() == b"still open\n"


@over(STREAMS)
def test_relay_forwards_buffered_data(connect: Connect, transport: Transport) -> None:
    client, server = streams(connect(transport))
    with pync.listen("127.0.0.1:0") as listener, pync.dial(str(listener.address)) as there:
        far = listener.accept(PATIENCE)
        far.settimeout(PATIENCE)
        client.send_all(b"CONNECT\nfirst bytes, ")
        assert server.recv_line() == b"CONNECT\n"
        client.send_all(b"and more")
        client.send_eof()
        far.send_eof()
        moved = pync.relay(server, there)
        assert far.recv_all() == b"first bytes, and more"
        assert moved == (21, 0)
        far.close()


@over(STREAMS)
def test_connections_pass_the_half_close_checks(
    listening: Listen, folder: Path, transport: Transport
) -> None:
    many = transport._replace(options=transport.options._replace(many=True))
    listener = listening(many) if transport.address else None

    def connected() -> tuple[StreamConn, StreamConn]:
        if listener is not None:
            client = dial(listener.address, transport.options)
            return streams(Ends(client, listener.accept(PATIENCE)))
        return streams(
            Ends(*(pair() if transport.name == "memory" else shaken_pair(transport.name, folder)))
        )

    testing.check_half_closeable(connected)


@over(DATAGRAMS)
def test_datagrams_are_read_one_by_one(connect: Connect, transport: Transport) -> None:
    client, server = ends(connect, transport)
    for line in (b"noise", b"answer 42", b"next"):
        client.send_line(line)
    assert server.expect(rb"answer (\d+)", timeout=PATIENCE).group(1) == b"42"
    assert next(iter(server)) == b"next\n"
    with pytest.raises(TimeoutError):
        server.recv(1, timeout=0.01)
    with pytest.raises(TimeoutError):
        server.expect(b"never", timeout=0.01)
    assert server.gettimeout() == PATIENCE
    assert not hasattr(server, "recv_until")
