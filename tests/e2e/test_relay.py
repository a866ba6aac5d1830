"""A relay as a service: signals, reloading of files, and no leaks."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import Peer, Server, connected
from ..programs import Program
from .conftest import Start, heard_port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def begin(pync: Start, server: Server, *words: object) -> tuple[Program, int]:
    program = pync("-lkv", *words, "127.0.0.1", "0", f"tcp://127.0.0.1:{server.port}")
    return program, heard_port(program)


def joined(server: Server, client: Peer) -> Peer:
    client.says(b"x")
    peer = server.accepts()
    peer.hears(b"x")
    return peer


def test_sigterm_resets_open_connections(pync: Start, server: Server) -> None:
    program, port = begin(pync, server)
    with connected(port) as client:
        peer = joined(server, client)
        program.process.send_signal(signal.SIGTERM)
        assert client.is_reset()
        assert peer.is_reset()
        program.ends(-signal.SIGTERM)


def test_with_drain_open_connections_may_finish(pync: Start, server: Server) -> None:
    program, port = begin(pync, server, "--drain=30s")
    with connected(port) as client:
        peer = joined(server, client)
        program.process.send_signal(signal.SIGTERM)
        # Data that still passes, more than once, shows that the relay has not ended.
        for word in (b"one", b"two", b"three"):
            peer.says(word)
            client.hears(word)
        client.half_closes()
        peer.hears_end()
        peer.says(b"last words")
        peer.closes()
        assert client.hears_rest() == b"last words"
        program.ends(0)


@pytest.mark.parametrize(
    ("second", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, -signal.SIGINT)]
)
def test_second_signal_ends_the_drain(
    pync: Start, server: Server, second: signal.Signals, status: int
) -> None:
    program, port = begin(pync, server, "--drain=60s")
    with connected(port) as client:
        peer = joined(server, client)
        program.process.send_signal(signal.SIGTERM)
        # The report comes after the drain has begun: signals are handled in order.
        program.process.send_signal(signal.SIGUSR1)
        program.hears(b"pync: 1 connection\n")
        peer.says(b"y")
        client.hears(b"y")
        program.process.send_signal(second)
        assert client.is_reset()
        program.ends(status)


def test_sigusr1_reports_open_connections(pync: Start, server: Server) -> None:
    program, port = begin(pync, server)
    with connected(port) as client:
        joined(server, client)
        program.process.send_signal(signal.SIGUSR1)
        there = f"127.0.0.1 {client.sock.getsockname()[1]} to 127.0.0.1 {server.port}"
        program.hears(f"pync: {there}: 1 bytes sent, 0 received in ".encode())
        program.hears(b"pync: 1 connection\n")


def test_sighup_reads_the_access_lists_again(pync: Start, server: Server, tmp_path: Path) -> None:
    denied = tmp_path / "denied"
    denied.write_text("10.0.0.1\n")
    program, port = begin(pync, server, f"--denyfile={denied}")
    with connected(port) as client:
        joined(server, client)
        denied.write_text("127.0.0.1\n")
        program.process.send_signal(signal.SIGHUP)
        program.hears(b"access lists and certificates are read again\n")
        with connected(port) as other:
            assert other.hears_rest() == b""
        denied.unlink()
        program.process.send_signal(signal.SIGHUP)
        program.hears(b"No such file or directory")
        # The list that was read before stays in force.
        with connected(port) as other:
            assert other.hears_rest() == b""
        client.says(b"still")


def test_sighup_shows_a_new_certificate(pync: Start, server: Server, tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    import ssl

    from pync.transports.tls.certificate import self_made

    pem = tmp_path / "server.pem"
    pem.write_bytes(self_made())
    program, port = begin(pync, server, f"--ssl-cert={pem}")
    first = ssl.get_server_certificate(("127.0.0.1", port))
    server.accepts().closes()
    pem.write_bytes(self_made())
    program.process.send_signal(signal.SIGHUP)
    program.hears(b"are read again\n")
    second = ssl.get_server_certificate(("127.0.0.1", port))
    server.accepts().closes()
    assert first != second
    assert ssl.PEM_cert_to_DER_cert(second) == ssl.PEM_cert_to_DER_cert(pem_of(pem))


def pem_of(path: Path) -> str:
    text = path.read_text()
    start = text.index("-----BEGIN CERTIFICATE")
    return text[start:]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_no_descriptor_is_left_open_after_connections(pync: Start, server: Server) -> None:
    program, port = begin(pync, server)
    folder = f"/proc/{program.process.pid}/fd"
    with connected(port) as client:
        joined(server, client)
        # (So few that the loop does not switch to epoll, which needs a descriptor.)
        before = len(os.listdir(folder))
        for _ in range(5):
            with ExitStack() as stack:
                both = []
                for _ in range(20):
                    one = stack.enter_context(connected(port))
                    both.append((one, joined(server, one)))
                for number, (one, peer) in enumerate(both):
                    if number % 3 == 0:
                        one.half_closes()
                        peer.hears_end()
                        peer.closes()
                        one.hears_end()
                    elif number % 3 == 1:
                        one.resets()
                        assert peer.is_reset()
                    else:
                        peer.resets()
                        assert one.is_reset()
        program.process.send_signal(signal.SIGUSR1)
        program.hears(b"pync: 1 connection\n")
        assert len(os.listdir(folder)) == before
