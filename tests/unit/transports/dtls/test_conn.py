"""A DTLS connection: buffered data, failures, and the time of the last datagram."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

import pync
from pync.core.broken import TlsFailure
from pync.transports.dtls.conn import DtlsConn

PATIENCE = 10.0


@pytest.fixture
def ends(pem: str) -> Iterator[tuple[DtlsConn, DtlsConn]]:
    with pync.listen("dtls://127.0.0.1:0", certificate=pem) as listener:
        accepted: list[Any] = []
        accepting = threading.Thread(target=lambda: accepted.append(listener.accept(PATIENCE)))
        accepting.start()
        address = f"dtls://localhost:{listener.address.port}"
        with pync.dial(address, DtlsConn, trusted=pem, timeout=PATIENCE) as client:
            accepting.join()
            with accepted[0] as server:
                for conn in (client, server):
                    conn.settimeout(PATIENCE)
                yield client, server


def test_time_of_the_last_datagram(ends: tuple[DtlsConn, DtlsConn]) -> None:
    client, server = ends
    before = server.heard_at
    client.send(b"x")
    assert server.recv() == b"x"
    assert server.heard_at >= before
    server.detach()


def test_two_records_in_one_datagram(ends: tuple[DtlsConn, DtlsConn]) -> None:
    client, server = ends
    assert not server.pending()
    records = client.codec.send(b"one") + client.codec.send(b"two")
    client._conn.send(b"".join(records))
    assert server.recv() == b"one"
    assert server.pending()
    assert server.recv() == b"two"
    assert not server.pending()


def test_empty_datagram_is_not_sent(ends: tuple[DtlsConn, DtlsConn]) -> None:
    client, server = ends
    assert client.send(b"") == 0
    client.send_all(b"")
    client.send(b"next")
    assert server.recv() == b"next"


def test_recv_raises_the_failure(ends: tuple[DtlsConn, DtlsConn]) -> None:
    client, server = ends
    client.codec.failure = TlsFailure("broken")
    with pytest.raises(TlsFailure, match="broken"):
        client.recv()
    assert client.layered
    assert server.layered
