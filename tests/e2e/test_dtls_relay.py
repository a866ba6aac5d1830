"""DTLS on either side of a relay: each peer has its own session, and closing is relayed."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

import pync as library
from pync.transports.tls import TlsListener
from pync.transports.tls.certificate import self_made

from ..peer import DEADLINE, Mailbox, mailbox
from ..programs import Program
from .conftest import DialDtls, Start, heard_port

Serve = Callable[[], int]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="-k with DTLS is not for Windows")


@pytest.fixture
def listener(pem: Path) -> Iterator[TlsListener]:
    with library.listen("dtls://127.0.0.1:0", certificate=str(pem)) as listener:
        assert isinstance(listener, TlsListener)
        yield listener


def near(
    pync: Start, pem: Path, box: Mailbox, *words: object, at: str = "0"
) -> tuple[Program, int]:
    """Clients with DTLS, a server without it."""
    program = pync("-lkuv", f"--ssl-cert={pem}", *words, "127.0.0.1", at, f"127.0.0.1:{box.port}")
    return program, heard_port(program)


def onward(pync: Start, port: int, *words: object) -> tuple[Program, int]:
    """Clients without DTLS, a server with it."""
    program = pync("-lkuv", *words, "127.0.0.1", "0", f"dtls://localhost:{port}")
    return program, heard_port(program)


def test_each_client_has_its_own_session(
    pync: Start, pem: Path, box: Mailbox, dial_dtls: DialDtls
) -> None:
    program, port = near(pync, pem, box)
    clients = [dial_dtls(port) for _ in range(5)]
    seen = []
    for number, client in enumerate(clients):
        client.send(b"question %d" % number)
        box.hears(b"question %d" % number)
        seen.append(box.correspondent)
    assert len(set(seen)) == len(clients)
    for number in reversed(range(len(clients))):
        for word in (b"first", b"second"):
            box.says(b"%s answer to %d" % (word, number), seen[number])
    for number, client in enumerate(clients):
        assert client.recv() == b"first answer to %d" % number
        assert client.recv() == b"second answer to %d" % number
    clients[3].close()
    program.hears(rb"closed: 10 bytes sent, 35 received in \S+ s \(client: eof, target: eof\)")
    clients[2].send(b"again")
    box.hears(b"again")
    assert box.correspondent == seen[2]


def test_client_without_dtls_does_not_reach_the_server(
    pync: Start, pem: Path, box: Mailbox, dial_dtls: DialDtls
) -> None:
    _, port = near(pync, pem, box)
    with mailbox() as plain:
        plain.says(b"in plain text", ("127.0.0.1", port))
        client = dial_dtls(port)
        client.send(b"by DTLS")
        box.hears(b"by DTLS")


def test_two_hundred_datagrams_each_way(
    pync: Start, pem: Path, box: Mailbox, dial_dtls: DialDtls
) -> None:
    _, port = near(pync, pem, box)
    client = dial_dtls(port)
    client.send(b"go")
    box.hears(b"go")
    for number in range(200):
        box.says(b"%d" % number)
        assert client.recv() == b"%d" % number
        client.send(b"%d" % number)
        box.hears(b"%d" % number)


def test_data_that_comes_with_the_end_of_the_handshake(
    pync: Start, pem: Path, box: Mailbox
) -> None:
    _, port = near(pync, pem, box)
    client = pync("-u", f"--ssl-trustfile={pem}", "localhost", port)
    client.write(b"at once")
    box.hears(b"at once")
    box.says(b"answer")
    assert client.read(6) == b"answer"


def test_relay_waits_for_the_servers_handshake(
    pync: Start, pem: Path, listener: TlsListener
) -> None:
    program, port = onward(pync, listener.address.port, f"--to-ssl-trustfile={pem}")
    with mailbox() as first, mailbox() as second:
        for box in (first, second):
            box.says(b"one", ("127.0.0.1", port))
            box.says(b"", ("127.0.0.1", port))
            box.says(b"two", ("127.0.0.1", port))
            with listener.accept(DEADLINE) as server:
                server.settimeout(DEADLINE)
                assert [server.recv(), server.recv()] == [b"one", b"two"]
                server.send(b"answer")
                box.hears(b"answer")
            # The end of DTLS ends the session. A new datagram starts another session.
            program.hears(rb"closed: 6 bytes sent, 6 received in \S+ s \(client: eof, ")
            program.said = b""
            box.says(b"three", ("127.0.0.1", port))
            with listener.accept(DEADLINE) as server:
                assert server.recv(timeout=DEADLINE) == b"three"
            program.hears(rb"closed: 5 bytes sent")
            program.said = b""


def test_dtls_on_both_sides(
    pync: Start, pem: Path, listener: TlsListener, dial_dtls: DialDtls
) -> None:
    words = (f"--ssl-cert={pem}", f"--to-ssl-trustfile={pem}")
    _, port = onward(pync, listener.address.port, *words)
    for _ in range(2):
        client = dial_dtls(port)
        client.send(b"question")
        with listener.accept(DEADLINE) as server:
            assert server.recv(timeout=DEADLINE) == b"question"
            server.send(b"answer")
            assert client.recv() == b"answer"
        # The relay passes on that the server closes.
        assert client.recv() == b""
        assert client.ended


def test_relay_of_one_client(pync: Start, pem: Path, box: Mailbox, dial_dtls: DialDtls) -> None:
    program = pync("-luv", f"--ssl-cert={pem}", "127.0.0.1", "0", f"127.0.0.1:{box.port}")
    client = dial_dtls(heard_port(program))
    client.send(b"question")
    box.hears(b"question")
    box.says(b"answer")
    assert client.recv() == b"answer"
    client.close()
    program.ends(0)


def test_both_addresses_are_connected_to(
    pync: Start, pem: Path, box: Mailbox, listener: TlsListener
) -> None:
    address = f"dtls://localhost:{listener.address.port}"
    program = pync("-v", f"--ssl-trustfile={pem}", address, f"udp://127.0.0.1:{box.port}")
    with listener.accept(DEADLINE) as server:
        server.send(b"question")
        box.hears(b"question")
        box.says(b"answer")
        assert server.recv(timeout=DEADLINE) == b"answer"
    program.ends(0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), rb"certificate verify failed: self-signed certificate"),
        (("--to-ssl-servername=x.org", "--to-ssl-trustfile={pem}"), rb"Hostname mismatch"),
    ],
)
def test_server_with_untrusted_certificate_gets_no_datagram(
    pync: Start,
    pem: Path,
    listener: TlsListener,
    words: tuple[str, ...],
    said: bytes,
) -> None:
    options = [word.format(pem=pem) for word in words]
    program, port = onward(pync, listener.address.port, *options)
    with mailbox() as client:
        client.says(b"secret", ("127.0.0.1", port))
        with pytest.raises(library.TlsError, match="alert"):
            listener.accept(DEADLINE)
        program.hears(rb"pync: dial dtls://127\.0\.0\.1:\d+: [^\n]*" + said)


def test_server_restarts(pync: Start, pem: Path, closed_udp_port: str) -> None:
    # (No other test may take the port while the server is down.)
    number = int(closed_udp_port)
    first = library.listen(f"dtls://127.0.0.1:{number}", certificate=str(pem))
    program, port = onward(pync, number, f"--to-ssl-trustfile={pem}")
    with mailbox() as client:
        client.says(b"question", ("127.0.0.1", port))
        with first:
            server = first.accept(DEADLINE)
            assert server.recv(timeout=DEADLINE) == b"question"
            # The server dies without closing the DTLS session.
            server.drop()
        # (One datagram only: a second one could begin a session, to which the new server answers.)
        client.says(b"lost", ("127.0.0.1", port))
        program.hears(rb"relay dtls://localhost:\d+: connection refused")
        program.hears(rb"closed: .* \(client: broken, target: broken\)")
        with library.listen(f"dtls://127.0.0.1:{number}", certificate=str(pem)) as second:
            client.says(b"again", ("127.0.0.1", port))
            with second.accept(DEADLINE) as server:
                assert server.recv(timeout=DEADLINE) == b"again"


def test_connection_refused(pync: Start, closed_udp_port: str) -> None:
    number = int(closed_udp_port)
    program, port = onward(pync, number, "--to-insecure")
    with mailbox() as client:
        client.says(b"question", ("127.0.0.1", port))
        program.hears(rb"pync: dial udp://127\.0\.0\.1:%d: connection refused" % number)


def test_next_address_is_tried(
    pync: Start, pem: Path, listener: TlsListener, closed_udp_port: str
) -> None:
    to = f"--to=dtls://localhost:{listener.address.port}"
    first = f"--to=dtls://localhost:{closed_udp_port}"
    program = pync("-lkuv", f"--to-ssl-trustfile={pem}", first, to, "127.0.0.1", "0")
    port = heard_port(program)
    with mailbox() as client:
        client.says(b"question", ("127.0.0.1", port))
        with listener.accept(DEADLINE) as server:
            assert server.recv(timeout=DEADLINE) == b"question"


def test_new_certificate(
    pync: Start, pem: Path, tmp_path: Path, box: Mailbox, dial_dtls: DialDtls
) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(self_made())
    program, port = near(pync, own, box)
    with pytest.raises(library.TlsError, match="certificate verify failed"):
        dial_dtls(port)
    own.write_bytes(pem.read_bytes())
    program.process.send_signal(signal.SIGHUP)
    program.hears(rb"read again|Read again|reloaded|Reloaded")
    client = dial_dtls(port)
    client.send(b"question")
    box.hears(b"question")


def test_control_commands(
    pync: Start,
    pem: Path,
    tmp_path: Path,
    box: Mailbox,
    dial_dtls: DialDtls,
    closed_udp_port: str,
) -> None:
    at = f"unix:{tmp_path}/control"
    program, port = near(pync, pem, box, f"--control={at}", at=closed_udp_port)

    def asks(*words: str) -> dict[str, object]:
        answer = pync("--control-client", at, *words)
        told: dict[str, object] = json.loads(answer.rest())
        answer.ends(0)
        return told

    client = dial_dtls(port)
    client.send(b"question")
    box.hears(b"question")
    # (As without DTLS, the sessions share the port of the listener, and end with it.)
    asks("close")
    assert client.recv() == b""
    asks("open")
    again = dial_dtls(port)
    again.send(b"new")
    box.hears(b"new")
    asks("kill", "2")
    assert again.recv() == b""
    program.hears(rb"client: killed")


def test_max_conns(pync: Start, pem: Path, box: Mailbox, dial_dtls: DialDtls) -> None:
    program, port = near(pync, pem, box, "--max-conns=1")
    dial_dtls(port)
    second = pync("-u", f"--ssl-trustfile={pem}", "localhost", port, "-w1")
    program.hears(rb"connection limit reached \(1\)")
    second.process.kill()


def test_sigterm_ends_every_session(
    pync: Start, pem: Path, box: Mailbox, dial_dtls: DialDtls
) -> None:
    program, port = near(pync, pem, box)
    clients = [dial_dtls(port) for _ in range(3)]
    for client in clients:
        client.send(b"x")
        box.hears(b"x")
    program.process.terminate()
    for client in clients:
        assert client.recv() == b""
    said = program.ends(None)
    assert said.count(b"closed: 1 bytes sent") + said.count(b"closed: 1 byte sent") == 3


def test_idle_client_is_closed(pync: Start, pem: Path, box: Mailbox, dial_dtls: DialDtls) -> None:
    program, port = near(pync, pem, box, "--idle-timeout=1")
    client = dial_dtls(port)
    assert client.recv() == b""
    program.hears(rb"client: idle")
