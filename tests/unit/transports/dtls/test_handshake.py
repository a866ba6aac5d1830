"""The handshake over a lossy network, and with peers that do not speak DTLS."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

import pync
from pync.core.errors import DialError, TlsError, UsageError
from pync.transports.datagram import DatagramConn
from pync.transports.dtls.conn import DtlsConn

from ....systems import UNDER_WINE

PATIENCE = 60.0


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Yield a plain UDP socket; only the test itself sends answers from it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(PATIENCE)
        yield sock


def at(sock: socket.socket) -> str:
    return f"dtls://127.0.0.1:{sock.getsockname()[1]}"


def test_client_hello_is_retransmitted(silent: socket.socket) -> None:
    with pytest.raises(TlsError) as failure:
        pync.dial(at(silent), timeout=1.2)
    assert str(failure.value) == f"dial {at(silent)}: the handshake timed out"
    silent.settimeout(0)
    first, second = silent.recv(2000), silent.recv(2000)
    # The second record contains the same message and has the next sequence number.
    assert first[13:] == second[13:]
    assert first[10] + 1 == second[10]


def test_plain_udp_peer(silent: socket.socket) -> None:
    def echo() -> None:
        for _ in range(2):
            data, sender = silent.recvfrom(2000)
            silent.sendto(data, sender)
            silent.sendto(b"who are you?\n", sender)

    echoing = threading.Thread(target=echo)
    echoing.start()
    with pytest.raises(TlsError) as failure:
        pync.dial(at(silent), timeout=1.5)
    echoing.join()
    assert failure.value.cause in ("the handshake timed out", "unexpected message")


@pytest.mark.skipif(UNDER_WINE, reason="Wine passes no ICMP errors on")
def test_connection_refused(silent: socket.socket) -> None:
    address = at(silent)
    silent.close()
    with pytest.raises(DialError, match=r"^dial udp://127.0.0.1:\d+: connection refused$"):
        pync.dial(address, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("verify", "host", "said"),
    [
        (None, "localhost", "certificate verify failed: self-signed certificate"),
        ("own", "127.0.0.1", "certificate verify failed: IP address mismatch, certificate is not"),
    ],
)
def test_certificate_verify_failed(pem: str, verify: str | None, host: str, said: str) -> None:
    with pync.listen("dtls://127.0.0.1:0", certificate=pem) as listener:
        failures: list[BaseException] = []

        def accept() -> None:
            try:
                listener.accept(PATIENCE)
            except TlsError as error:
                failures.append(error)

        accepting = threading.Thread(target=accept)
        accepting.start()
        address = f"dtls://{host}:{listener.address.port}"
        with pytest.raises(TlsError, match=said):
            pync.dial(address, timeout=PATIENCE, trusted=pem if verify else None)
        accepting.join()
    assert "the peer sent the alert" in str(failures[0])


@pytest.mark.parametrize(
    ("faults", "seed"),
    [
        (("loss=20%",), 2),
        (("duplicate=100%",), 1),
        (("reorder=50%", "duplicate=50%"), 2),
    ],
)
def test_loss_duplicates_and_reordering(pem: str, faults: tuple[str, ...], seed: int) -> None:
    words = [b"word %d" % number for number in range(40)]
    heard: list[bytes] = []

    def listen_to_all() -> None:
        # (The last flight of the server may be lost; reading retransmits it.)
        with listener.accept(PATIENCE) as server:
            server.settimeout(1)
            with suppress(TimeoutError):  # the close_notify may be lost too
                heard.extend(server)

    with (
        pync.listen("dtls://127.0.0.1:0", certificate=pem) as listener,
        pync.faulty(f"udp://127.0.0.1:{listener.address.port}", faults=faults, seed=seed) as line,
    ):
        listening = threading.Thread(target=listen_to_all)
        listening.start()
        address = f"dtls://localhost:{line.address.port}"
        with pync.dial(address, DtlsConn, trusted=pem, timeout=PATIENCE) as client:
            for word in words:
                client.send(word)
        listening.join()
    # No datagram is received twice, and every received datagram was sent.
    assert len(words) // 2 < len(heard) == len(set(heard))
    assert set(heard) <= set(words)


def test_send_to_a_closed_peer_is_an_error(pem: str) -> None:
    with pync.listen("dtls://127.0.0.1:0", certificate=pem) as listener:
        accepted: list[Any] = []
        accepting = threading.Thread(target=lambda: accepted.append(listener.accept(PATIENCE)))
        accepting.start()
        address = f"dtls://localhost:{listener.address.port}"
        with pync.dial(address, trusted=pem, timeout=PATIENCE) as client:
            accepting.join()
            accepted[0].drop()
    if UNDER_WINE:
        pytest.skip("Wine passes no ICMP errors on")
    with pytest.raises(OSError, match=r"."):
        client.send(b"x")
    assert isinstance(client, DtlsConn)
    assert not isinstance(client, DatagramConn)


@pytest.mark.parametrize("words", [{"starttls": "smtp"}])
def test_starttls_is_rejected(words: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"^starttls: write tls://"):
        pync.dial("dtls://localhost:1", **words)  # type: ignore[call-overload]
