"""DTLS as a layer: two sides in memory; the tests play a network that loses and changes data."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

from OpenSSL import SSL

from pync.core.broken import TlsFailure
from pync.layers.dtls import LARGEST, MTU, DtlsCodec, explained, packed
from pync.transports.dtls.context import (
    client_context,
    client_side,
    server_connection,
    server_context,
)
from pync.transports.tls.certificate import self_made
from pync.transports.tls.handshake import Security


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("dtls") / "own.pem"
    path.write_bytes(self_made())
    return str(path)


class Sides:
    """Both sides of a connection; pass_on() delivers their datagrams."""

    def __init__(self, pem: str, **asked: str) -> None:
        client = Security(trusted=pem, **asked)  # type: ignore[arg-type]
        self.client, _ = client_side(client_context(client), "localhost")
        self.server = DtlsCodec(server_connection(server_context(Security(certificate=pem))))
        self.to_server: list[bytes] = []
        self.to_client: list[bytes] = []

    def begin(self) -> None:
        self.client.start()
        self.to_server += self.client.outgoing()

    def pass_on(self) -> None:
        """Deliver the waiting datagrams to both sides, and collect the answers."""
        arrived, self.to_server = self.to_server, []
        for datagram in arrived:
            self.server.receive(datagram)
            self.to_client += self.server.outgoing()
        arrived, self.to_client = self.to_client, []
        for datagram in arrived:
            self.client.receive(datagram)
            self.to_server += self.client.outgoing()

    def do_handshake(self) -> None:
        self.begin()
        while not (self.client.established and self.server.established):
            self.pass_on()


@pytest.fixture
def sides(pem: str) -> Sides:
    made = Sides(pem)
    made.do_handshake()
    return made


def transfer(sides: Sides, data: bytes) -> list[bytes]:
    return [plain for one in sides.client.send(data) for plain in sides.server.receive(one)]


def test_handshake_and_negotiated_values(sides: Sides) -> None:
    assert sides.client.version == sides.server.version == "DTLSv1.2"
    assert sides.client.cipher == sides.server.cipher != ""
    assert sides.client.protocol == ""
    assert sides.client.certificate is not None
    assert sides.server.certificate is None
    assert sides.client.seconds is None


def test_each_datagram_is_one_record(sides: Sides) -> None:
    for data in (b"x", bytes(LARGEST), b"y" * 5000):
        assert len(sides.client.send(data)) == 1
    assert transfer(sides, b"word") == [b"word"]
    with pytest.raises(TlsFailure, match="message too big"):
        sides.client.send(bytes(LARGEST + 1))


def test_close_notify(sides: Sides) -> None:
    [end] = sides.client.send_end()
    assert sides.server.receive(end) == []
    assert sides.server.ended
    assert sides.server.receive(b"later") == []
    with pytest.raises(TlsFailure):
        sides.client.send(b"after the end")


def test_invalid_datagrams_and_replays_are_dropped(sides: Sides) -> None:
    [record] = sides.client.send(b"first")
    invalid = [
        b"\0",
        b"hello, is this plain UDP?",
        record[:-1],
        record[:20],
        record[:12],
        record[:-1] + bytes([record[-1] ^ 1]),
        random.Random(1).randbytes(1000),
        random.Random(2).randbytes(60_000),
        b"\x16\xfe\xfd" + bytes(60_000),
        b"\x17\xfe\xfd\0\1" + bytes(60_000),
        # An alert and a handshake message from a sender without the keys (epoch 0).
        bytes.fromhex("15fefd0000000000000009000202 28".replace(" ", "")),
        bytes.fromhex("16fefd00000000000000090010010000040000000000000004deadbeef"),
    ]
    for datagram in invalid:
        assert sides.server.receive(datagram) == [], datagram
        assert not sides.server.ended
        assert sides.server.failure is None
    assert sides.server.receive(record) == [b"first"]
    # A replay (RFC 6347 4.1.2.6).
    assert sides.server.receive(record) == []
    assert transfer(sides, b"second") == [b"second"]


def test_several_records_in_one_datagram_and_reordering(sides: Sides) -> None:
    first, second, third = (sides.client.send(word)[0] for word in (b"1", b"2", b"3"))
    assert sides.server.receive(third + first) == [b"3", b"1"]
    assert sides.server.receive(second) == [b"2"]


def test_flight_is_not_retransmitted_early(pem: str) -> None:
    sides = Sides(pem)
    sides.begin()
    assert sides.client.seconds is not None
    assert 0 < sides.client.seconds <= 1
    sides.client.again()
    assert sides.client.outgoing() == []


def test_handshake_datagrams_fit_the_minimum_mtu(pem: str) -> None:
    sides = Sides(pem)
    sides.begin()
    seen = []
    while not (sides.client.established and sides.server.established):
        seen += sides.to_server
        sides.pass_on()
        seen += sides.to_client
    assert max(map(len, seen)) <= MTU


def test_records_are_packed_into_datagrams_and_not_split() -> None:
    def record(size: int) -> bytes:
        return b"\x17\xfe\xfd" + bytes(8) + size.to_bytes(2, "big") + bytes(size)

    assert packed(b"") == []
    small, half, large = record(10), record(MTU // 2), record(5 * MTU)
    assert packed(small + small) == [small + small]
    assert packed(half + half + small) == [half, half + small]
    assert packed(small + large + small) == [small, large, small]


def test_untrusted_certificate_ends_the_handshake(pem: str, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(self_made())
    sides = Sides(pem)
    sides.client, expected = client_side(client_context(Security(trusted=str(other))), "localhost")
    with pytest.raises(SSL.Error) as failure:
        sides.do_handshake()
    assert expected.wrong in ("self-signed certificate", "unable to get local issuer certificate")
    assert explained(failure.value) == "certificate verify failed"
    # The server gets an alert.
    [alert_record] = sides.client.outgoing()
    with pytest.raises(SSL.Error) as alert:
        sides.server.receive(alert_record)
    assert explained(alert.value).startswith("the peer sent the alert ")


def test_error_without_a_reason_is_explained() -> None:
    assert explained(SSL.Error()) == explained(SSL.Error([])) == "DTLS failed"
    assert explained(SSL.SysCallError(-1, "Unexpected EOF")) == "unexpected eof"
