"""DTLS with openssl as client and server, and with ncat as client: it has no DTLS server."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

from conformance.targets.ports import reserved_port

from ..programs import PYNC, Program, is_bound, needs, until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")

NCAT = (*PYNC, "--as=ncat")


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate so large (RSA) that a handshake flight needs several datagrams."""
    folder = tmp_path_factory.mktemp("dtls")
    key, certificate, both = folder / "key", folder / "certificate", folder / "both.pem"
    words = ("req", "-x509", "-newkey", "rsa:4096", "-nodes", "-days", "2", "-subj", "/CN=x")
    names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run([needs("openssl"), *words, *names, *files], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port(socket.SOCK_DGRAM) as number:
        yield number


def converse(client: Program, server: Program) -> None:
    client.write(b"question\n")
    assert server.read(9) == b"question\n"
    server.write(b"answer\n")
    assert client.read(7) == b"answer\n"


@pytest.mark.parametrize("listens", [PYNC, NCAT])
def test_openssl_connects(pem: Path, port: int, listens: tuple[str, ...]) -> None:
    words = ("-l", "-u", "--ssl-cert", str(pem), "--ssl-key", str(pem), "127.0.0.1", str(port))
    openssl = (needs("openssl"), "s_client", "-dtls1_2", "-quiet", "-no_ign_eof")
    with Program(*listens, *words) as ours:
        until(lambda: is_bound(port, "udp"), "pync to listen", ours)
        trust = ("-CAfile", str(pem), "-verify_hostname", "localhost", "-verify_return_error")
        with Program(*openssl, *trust, "-connect", f"127.0.0.1:{port}") as theirs:
            converse(theirs, ours)
            theirs.end_input()
            # openssl sends close_notify.
            ours.ends(0)


@pytest.mark.parametrize("dials", [PYNC, NCAT])
def test_openssl_listens(pem: Path, port: int, dials: tuple[str, ...]) -> None:
    words = ("s_server", "-dtls1_2", "-quiet", "-cert", str(pem), "-accept", f"127.0.0.1:{port}")
    with Program(needs("openssl"), *words) as theirs:
        until(lambda: is_bound(port, "udp"), "openssl to listen", theirs)
        trust = ("--ssl-verify", "--ssl-trustfile", str(pem))
        with Program(*dials, "-u", *trust, "127.0.0.1", str(port)) as ours:
            converse(ours, theirs)
            ours.end_input()
            ours.ends(0)


def test_openssl_requests_pync_s_certificate(pem: Path, port: int) -> None:
    words = ("s_server", "-dtls1_2", "-quiet", "-cert", str(pem), "-accept", f"127.0.0.1:{port}")
    asks = ("-Verify", "1", "-CAfile", str(pem), "-verify_return_error")
    with Program(needs("openssl"), *words, *asks) as theirs:
        until(lambda: is_bound(port, "udp"), "openssl to listen", theirs)
        address = f"dtls://127.0.0.1:{port}"
        with Program(*PYNC, f"--ssl-trustfile={pem}", address) as ours:
            assert b"pync: dial dtls://127.0.0.1:" in ours.ends(1)
        with Program(*PYNC, f"--ssl-trustfile={pem}", f"--ssl-cert={pem}", address) as ours:
            converse(ours, theirs)


def test_openssl_on_both_sides_of_a_relay(pem: Path, port: int) -> None:
    words = ("s_server", "-dtls1_2", "-quiet", "-cert", str(pem), "-accept", f"127.0.0.1:{port}")
    with Program(needs("openssl"), *words) as server:
        until(lambda: is_bound(port, "udp"), "openssl to listen", server)
        near = ("-lkv", f"--ssl-cert={pem}", "dtls://127.0.0.1:0")
        onward = (f"--to=dtls://localhost:{port}", f"--to-ssl-trustfile={pem}")
        with Program(*PYNC, *near, *onward) as relay:
            place = relay.hears(rb"Bound on \S+ (\d+)").group(1).decode()
            trust = ("-CAfile", str(pem), "-verify_hostname", "localhost", "-verify_return_error")
            client = (needs("openssl"), "s_client", "-dtls1_2", "-quiet", "-no_ign_eof", *trust)
            with Program(*client, "-connect", f"127.0.0.1:{place}") as theirs:
                converse(theirs, server)
                theirs.end_input()
                theirs.ends(0)
            relay.hears(rb"closed: 9 bytes sent, 7 received in .* \(client: eof, target: eof\)")


def test_ncat_and_a_relay(pem: Path, port: int) -> None:
    near = ("-lkv", f"--ssl-cert={pem}", "dtls://127.0.0.1:0", f"udp://127.0.0.1:{port}")
    with Program(*PYNC, "-lu", "127.0.0.1", str(port)) as server:
        until(lambda: is_bound(port, "udp"), "pync to listen", server)
        with Program(*PYNC, *near) as relay:
            place = relay.hears(rb"Bound on \S+ (\d+)").group(1).decode()
            with Program(needs("ncat"), "-u", "--ssl", "127.0.0.1", place) as client:
                converse(client, server)


@pytest.mark.parametrize("listens", [PYNC, NCAT])
def test_ncat_connects(pem: Path, port: int, listens: tuple[str, ...]) -> None:
    """ncat sends its ClientHello in several datagrams."""
    ncat = needs("ncat")
    words = ("-l", "-u", "--ssl-cert", str(pem), "--ssl-key", str(pem), "127.0.0.1", str(port))
    with Program(*listens, *words) as ours:
        until(lambda: is_bound(port, "udp"), "pync to listen", ours)
        with Program(ncat, "-u", "--ssl", "127.0.0.1", str(port)) as theirs:
            # (ncat exits without close_notify, so pync does not notice its end.)
            converse(theirs, ours)


def test_ncat_and_openssl_as_clients_of_one_port(pem: Path, port: int) -> None:
    ncat, openssl = needs("ncat"), needs("openssl")
    serves = ("-lku", "--sh-exec", "cat", f"--ssl-cert={pem}", "127.0.0.1", str(port))
    with Program(*PYNC, *serves) as ours:
        until(lambda: is_bound(port, "udp"), "pync to listen", ours)
        at = f"127.0.0.1:{port}"
        with (
            Program(ncat, "-u", "--ssl", "127.0.0.1", str(port)) as one,
            Program(openssl, "s_client", "-dtls1_2", "-quiet", "-connect", at) as two,
        ):
            for program, word in ((one, b"one\n"), (two, b"two\n"), (one, b"three\n")):
                program.write(word)
                assert program.read(len(word)) == word
