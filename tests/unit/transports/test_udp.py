"""UDP: the source address of answers, the locked listener, and probing a port."""

from __future__ import annotations

import socket
import sys
import threading

import pytest

from pync.core.address import Address
from pync.transports import Options, dial, listen, udp
from pync.transports.datagram import DatagramConn

from ...programs import unused_udp_port
from ...systems import needs_icmp

LOOPBACK = Address("udp", "127.0.0.1", "0")
linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="all of 127/8 is the machine's own on Linux"
)


@linux
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "127.1.2.3"])
def test_answer_has_the_address_that_was_asked(host: str, many: bool) -> None:
    with listen(Address("udp", "", "0"), Options(many=many)) as listener:
        asked = Address("udp", host, listener.address.service)
        with dial(asked) as client:
            client.settimeout(10)
            client.send(b"hello")
            with listener.accept(10) as conn:
                conn.settimeout(10)
                assert conn.recv(100) == b"hello"
                conn.send(b"answer")
                # The client is connected, so it receives answers from this address only.
                assert client.recv(100) == b"answer"
                client.send(b"again")
                assert conn.recv(100) == b"again"


def test_ipv6_answer_has_the_address_that_was_asked() -> None:
    with listen(Address("udp", "", "0"), Options(many=True)) as listener:
        if len(listener.addresses) < 2:
            pytest.skip("this machine has no IPv6")
        port = listener.address.service
        with (
            dial(Address("udp", "::1", port)) as six,
            dial(Address("udp", "127.0.0.1", port)) as four,
        ):
            six.send(b"6")
            with listener.accept(10) as conn:
                conn.settimeout(10)
                assert conn.recv(10) == b"6"
                for client, data in ((four, b"4"), (six, b"66")):
                    client.settimeout(10)
                    client.send(data)
                    assert conn.recv(10) == data
                    conn.send(b"to " + data)
                    assert client.recv(10) == b"to " + data


def test_queued_datagrams_of_other_senders_are_dropped() -> None:
    with (
        listen(LOOPBACK) as listener,
        dial(listener.address) as first,
        dial(listener.address) as stranger,
    ):
        first.send(b"1")
        stranger.send(b"spam")
        first.send(b"2")
        with listener.accept(10) as conn:
            conn.settimeout(10)
            assert [conn.recv(10), conn.recv(10)] == [b"1", b"2"]


@needs_icmp
def test_locked_listener_reports_icmp_errors_of_its_peer() -> None:
    with listen(LOOPBACK) as listener, unused_udp_port() as port:
        with dial(listener.address, Options(source="127.0.0.1", source_port=str(port))) as client:
            client.send(b"x")
            conn = listener.accept(10)
        with conn:
            conn.settimeout(10)
            assert conn.recv(10) == b"x"
            conn.send(b"anybody?")
            with pytest.raises(ConnectionRefusedError):
                conn.recv(10)


def test_port_that_answers_is_open() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)

        def answer() -> None:
            _, who = sock.recvfrom(100)
            sock.sendto(b"yes", who)

        answering = threading.Thread(target=answer)
        answering.start()
        assert probe_port(sock.getsockname()[1], 10) == "open"
        answering.join()


@needs_icmp
def test_port_with_an_icmp_error_is_closed() -> None:
    with unused_udp_port() as port:
        assert probe_port(port, 10) == "closed"


def test_silent_port_is_open_or_filtered() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        assert probe_port(sock.getsockname()[1], 0.01) == "open|filtered"


def probe_port(port: int, timeout: float) -> str:
    with dial(Address("udp", "127.0.0.1", str(port))) as conn:
        assert isinstance(conn, DatagramConn)
        return udp.probe(conn, timeout)
