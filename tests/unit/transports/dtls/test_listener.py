"""A DTLS listener: cookies, the sockets of its peers, and malicious senders."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

from OpenSSL import SSL

import pync
from pync.core.address import Address
from pync.core.errors import ListenError, TlsError, UsageError
from pync.transports import Options, dtls
from pync.transports.dtls.conn import DtlsConn
from pync.transports.dtls.context import client_context, client_side
from pync.transports.tls import TlsListener
from pync.transports.tls.handshake import Security

from ....systems import UNDER_WINE

pytestmark = pytest.mark.skipif(UNDER_WINE, reason="Wine keeps the peers of one port not apart")

PATIENCE = 10.0


@pytest.fixture(params=["127.0.0.1", ""])
def listener(pem: str, request: pytest.FixtureRequest) -> Iterator[TlsListener]:
    with pync.listen(f"dtls://{request.param}:0", certificate=pem) as listening:
        assert isinstance(listening, TlsListener)
        yield listening


class Client:
    """A client that performs its handshake datagram by datagram."""

    def __init__(self, stack: ExitStack, listener: TlsListener, pem: str) -> None:
        self.sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.sock.connect(("127.0.0.1", listener.address.port))
        self.sock.settimeout(PATIENCE)
        self.codec, _ = client_side(client_context(Security(trusted=pem)), "localhost")
        self._listener = listener
        self._stack = stack
        self.codec.start()

    def hello(self) -> bytes:
        """Return the next ClientHello of this client."""
        [datagram] = self.codec.outgoing()
        return datagram

    def exchange(self, datagram: bytes) -> bytes | None:
        """Send a datagram; return the answer of the listener, or None if there is none."""
        self.sock.send(datagram)
        with pytest.raises(ListenError, match="timed out"):
            self._listener.accept(0.05)
        self.sock.settimeout(0)
        try:
            return self.sock.recv(65_535)
        except BlockingIOError:
            return None
        finally:
            self.sock.settimeout(PATIENCE)

    def do_handshake(self) -> pync.StreamConn | object:
        """Perform the whole handshake; return the connection that the listener accepted."""
        accepted: list[object] = []
        while not self.codec.established or not accepted:
            for datagram in self.codec.outgoing():
                self.sock.send(datagram)
            try:
                accepted.append(self._stack.enter_context(self._listener.accept(0.05)))
            except ListenError:
                pass
            self.sock.settimeout(0)
            try:
                while True:
                    self.codec.receive(self.sock.recv(65_535))
            except BlockingIOError:
                pass
        self.sock.settimeout(PATIENCE)
        return accepted[0]


@pytest.fixture
def client(listener: TlsListener, pem: str) -> Iterator[Callable[[], Client]]:
    with ExitStack() as stack:
        yield lambda: Client(stack, listener, pem)


#: Types of handshake messages (RFC 6347 4.3.2).
HELLO_VERIFY_REQUEST, SERVER_HELLO = 3, 2


def message_type(datagram: bytes | None) -> int | None:
    return None if datagram is None else datagram[13]


def test_client_without_cookie_gets_one_and_no_state_is_stored(
    listener: TlsListener, client: Callable[[], Client]
) -> None:
    one = client()
    hello = one.hello()
    for _ in range(3):
        answer = one.exchange(hello)
        assert answer is not None
        assert message_type(answer) == HELLO_VERIFY_REQUEST
        assert len(answer) < len(hello)
    # The listener has stored nothing for this client; no handshake has started.
    assert not listener._handshakes._shaking


def test_cookie_is_valid_for_its_address_only(client: Callable[[], Client]) -> None:
    one, other = client(), client()
    answer = one.exchange(one.hello())
    assert answer is not None
    one.codec.receive(answer)
    with_cookie = one.hello()
    # From another address, the same ClientHello only gets a new cookie.
    assert message_type(other.exchange(with_cookie)) == HELLO_VERIFY_REQUEST
    assert message_type(one.exchange(with_cookie)) == SERVER_HELLO


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\n",
        b"hello, is this plain UDP?\n",
        b"\x16\xfe\xfd" + bytes(60_000),
        bytes.fromhex("16feff0000000000000000000c010000000000000000000000"),
        # A HelloVerifyRequest, and an alert.
        bytes.fromhex("16feff00000000000000000012030000060000000000000006feff03616263"),
        bytes.fromhex("15fefd000000000000000000020228"),
    ],
)
def test_other_datagrams_than_client_hello_are_dropped(
    client: Callable[[], Client], datagram: bytes
) -> None:
    bad_client, good_client = client(), client()
    assert bad_client.exchange(datagram) is None
    hello = client().hello()
    assert bad_client.exchange(hello[: len(hello) // 2]) is None
    assert good_client.do_handshake()


def test_several_clients_at_once(listener: TlsListener, client: Callable[[], Client]) -> None:
    clients = [client() for _ in range(5)]
    with ExitStack() as stack:
        conns = []
        for one in clients:
            conn = one.do_handshake()
            assert isinstance(conn, DtlsConn)
            conns.append(stack.enter_context(conn))
            conn.settimeout(PATIENCE)
            assert conn.peer.port == one.sock.getsockname()[1]
            assert conn.local == Address("udp", "127.0.0.1", listener.address.service)
        for number, (one, conn) in reversed(list(enumerate(zip(clients, conns, strict=True)))):
            for datagram in one.codec.send(b"from %d" % number):
                one.sock.send(datagram)
            assert conn.recv() == b"from %d" % number
            conn.send(b"to %d" % number)
            assert one.codec.receive(one.sock.recv(65_535)) == [b"to %d" % number]


def test_fragmented_client_hello(client: Callable[[], Client]) -> None:
    """ncat fragments its ClientHello, because it does not know the MTU (RFC 6347 4.2.3)."""
    one = client()
    answer = one.exchange(one.hello())
    assert answer is not None
    one.codec.receive(answer)
    whole = one.hello()
    header, message = whole[:13], whole[13:]
    length, sequence, body = message[1:4], message[4:6], message[12:]
    pieces = [(0, body[:150]), (150, body[150:])]
    for number, (place, piece) in enumerate(pieces):
        fragment = (
            message[:1]
            + length
            + sequence
            + place.to_bytes(3, "big")
            + len(piece).to_bytes(3, "big")
            + piece
        )
        record = header[:10] + bytes([header[10] - 1 + number]) + len(fragment).to_bytes(2, "big")
        one.sock.send(record + fragment)
    assert isinstance(one.do_handshake(), DtlsConn)


def test_client_silent_in_the_handshake_does_not_delay_others(
    client: Callable[[], Client],
) -> None:
    silent, other = client(), client()
    answer = silent.exchange(silent.hello())
    assert answer is not None
    silent.codec.receive(answer)
    assert message_type(silent.exchange(silent.hello())) == SERVER_HELLO
    assert isinstance(other.do_handshake(), DtlsConn)


def test_client_that_rejects_the_certificate_is_an_error(
    listener: TlsListener, client: Callable[[], Client]
) -> None:
    one = client()
    one.codec, _ = client_side(client_context(Security()), "localhost")
    one.codec.start()
    with pytest.raises(SSL.Error):
        one.do_handshake()
    for datagram in one.codec.outgoing():
        one.sock.send(datagram)
    with pytest.raises(TlsError, match=r"^accept dtls://127.0.0.1:\d+: the peer sent the alert"):
        listener.accept(PATIENCE)


def test_port_cannot_be_bound_by_another_socket(
    listener: TlsListener, client: Callable[[], Client]
) -> None:
    conn = client().do_handshake()
    assert isinstance(conn, DtlsConn)
    with conn, pytest.raises(ListenError, match="address already in use"):
        pync.listen(f"udp://127.0.0.1:{listener.address.port}")


def test_unix_datagram_sockets_are_rejected(
    tmp_path_factory: pytest.TempPathFactory, pem: str
) -> None:
    path = tmp_path_factory.mktemp("s") / "s"
    with pytest.raises(UsageError, match=r"^DTLS needs UDP, not unixgram:"):
        dtls.listen(Address("unixgram", path=str(path)), Security(certificate=pem))


def test_accept_timeout(listener: TlsListener) -> None:
    with pytest.raises(ListenError, match=r"^accept udp://.*: timed out$"):
        listener.accept(0.01)
    assert {one.scheme for one in listener.addresses} == {"dtls"}


def test_client_that_is_not_admitted_gets_no_answer(pem: str) -> None:
    options = Options(admits=lambda _: False)
    listening = dtls.listen(Address("udp", "127.0.0.1", "0"), Security(certificate=pem), options)
    with listening, ExitStack() as stack:
        one = Client(stack, listening, pem)
        assert one.exchange(one.hello()) is None
