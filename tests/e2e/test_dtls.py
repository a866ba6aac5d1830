"""DTLS (-u --ssl): client, listener, several peers on one socket, closing, and bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

import pync as library

from ..contract.table import NO_IPV6
from ..peer import DEADLINE, mailbox
from ..programs import Program, stays
from .conftest import DialDtls, Start, heard_port


def begin(pync: Start, pem: Path, *words: object) -> tuple[Program, int]:
    program = pync("-luv", f"--ssl-cert={pem}", *words, "127.0.0.1", "0")
    return program, heard_port(program)


def test_data_both_ways_and_the_client_closes(pync: Start, pem: Path, dial_dtls: DialDtls) -> None:
    program, port = begin(pync, pem)
    client = dial_dtls(port)
    client.send(b"question")
    assert program.read(8) == b"question"
    program.write(b"answer")
    assert client.recv() == b"answer"
    program.hears(rb"Secured by DTLSv1.2, \S+\nConnection received on 127.0.0.1")
    client.close()
    program.ends(0)


def test_client_ends_when_the_server_closes(pync: Start, pem: Path) -> None:
    with library.listen("dtls://127.0.0.1:0", certificate=str(pem)) as listener:
        port = listener.address.port
        program = pync(f"dtls://localhost:{port}", f"--ssl-trustfile={pem}")
        with listener.accept(DEADLINE) as server:
            server.settimeout(DEADLINE)
            program.write(b"question")
            assert server.recv() == b"question"
            server.send(b"answer")
        assert program.rest() == b"answer"
        program.ends(0)


def test_end_of_input_closes_the_connection_after_the_answers(pync: Start, pem: Path) -> None:
    with library.listen("dtls://127.0.0.1:0", certificate=str(pem)) as listener:
        port = listener.address.port
        program = pync("-u", "--ssl-trustfile", pem, "localhost", port)
        with listener.accept(DEADLINE) as server:
            server.settimeout(DEADLINE)
            program.write(b"question")
            program.end_input()
            assert server.recv() == b"question"
            server.send(b"answer")
            assert list(server) == []
            assert program.rest() == b"answer"
        program.ends(0)


def test_next_client_is_served(pync: Start, pem: Path, dial_dtls: DialDtls) -> None:
    program, port = begin(pync, pem, "-k")
    first = dial_dtls(port)
    first.send(b"first")
    assert program.read(5) == b"first"
    address = f"dtls://localhost:{port}"
    words = ("-u", "--ssl-trustfile", pem, address)
    second = pync(*words)
    second.write(b"second")
    first.send(b"again")
    assert program.read(5) == b"again"
    assert stays(second, 0.1)
    first.close()
    assert program.read(6) == b"second"
    second.end_input()
    second.ends(0)


def test_each_peer_gets_a_command(pync: Start, pem: Path, dial_dtls: DialDtls) -> None:
    _, port = begin(pync, pem, "-k", "--sh-exec", "read line; echo got $line")
    clients = [dial_dtls(port) for _ in range(3)]
    for number, client in reversed(list(enumerate(clients))):
        client.send(b"client %d\n" % number)
        assert client.recv() == b"got client %d\n" % number
        assert client.recv() == b""


def test_one_command(pync: Start, pem: Path, dial_dtls: DialDtls) -> None:
    program, port = begin(pync, pem, "--sh-exec", "cat; exit 7")
    client = dial_dtls(port)
    client.send(b"hello")
    assert client.recv() == b"hello"
    client.close()
    program.ends(7)


def test_unfinished_handshake_does_not_delay_others(
    pync: Start, pem: Path, dial_dtls: DialDtls
) -> None:
    program, port = begin(pync, pem)
    with mailbox() as silent:
        # These datagrams are not ClientHellos.
        for word in (b"", b"hello?", bytes(60_000)):
            silent.says(word, ("127.0.0.1", port))
        client = dial_dtls(port)
        client.send(b"served")
        assert program.read(6) == b"served"
        client.close()
        program.ends(0)


def test_listener_that_requires_client_certificates(
    pync: Start, pem: Path, dial_dtls: DialDtls
) -> None:
    program, port = begin(pync, pem, "-k", "--ssl-verify", f"--ssl-trustfile={pem}")
    # (In DTLS 1.2, the client gets this alert before its handshake is finished.)
    with pytest.raises(library.TlsError, match="handshake failure"):
        dial_dtls(port)
    program.hears(b"pync: accept dtls://127.0.0.1:.*: .*\n")
    client = pync("-u", f"--ssl-cert={pem}", f"--ssl-trustfile={pem}", "localhost", port)
    client.write(b"me")
    assert program.read(2) == b"me"
    client.end_input()
    client.ends(0)


def test_events_as_json(pync: Start, pem: Path, dial_dtls: DialDtls) -> None:
    program = pync("-lu", "--json", f"--ssl-cert={pem}", "--ssl-alpn=coap", "127.0.0.1", "0")
    port = json.loads(program.hears(rb".*\n")[0])["port"]
    with dial_dtls(port):
        pass
    said = [json.loads(line) for line in program.ends(0).splitlines()]
    [secured] = [one for one in said if one["event"] == "secured"]
    assert secured["version"] == "DTLSv1.2"


def test_over_ipv6(pync: Start, pem: Path) -> None:
    if NO_IPV6:
        pytest.skip(NO_IPV6)
    program = pync("-lu6v", f"--ssl-cert={pem}", "0")
    port = heard_port(program)
    client = pync("-u", "--insecure", "::1", port)
    client.write(b"hello")
    assert program.read(5) == b"hello"
    client.end_input()
    client.ends(0)
    program.ends(0)


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [
        ("", b"certificate verify failed: self-signed certificate (--ssl-trustfile", 9),
        ("--ssl-trustfile={pem}", b"IP address mismatch, certificate is not valid for", 9),
        ("--ssl-trustfile={pem} --ssl-servername=example.org", b"Hostname mismatch", 9),
    ],
)
def test_certificate_verify_failed(
    pync: Start, pem: Path, words: str, said: bytes, status: int
) -> None:
    listener, port = begin(pync, pem, "-k")
    program = pync(
        "-u", "--ssl", "--exit-codes=detailed", *words.format(pem=pem).split(), "127.0.0.1", port
    )
    told = program.ends(status)
    assert said in told
    listener.hears(rb"pync: accept dtls://127.0.0.1:\d+: the peer sent the alert .*\n")


def test_silent_peer_times_out(pync: Start) -> None:
    with mailbox() as silent:
        program = pync("-w1", "--exit-codes=detailed", f"dtls://127.0.0.1:{silent.port}")
        address = f"dtls://127.0.0.1:{silent.port}".encode()
        assert program.ends(9) == b"pync: dial %b: the handshake timed out\n" % address


def test_connection_refused(pync: Start, closed_udp_port: str) -> None:
    said = pync("-u", "--ssl", "127.0.0.1", closed_udp_port).ends(1)
    refused = b"pync: dial udp://127.0.0.1:%b: connection refused" % closed_udp_port.encode()
    assert said.startswith(refused)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-U -u --ssl /nowhere", b"cannot use --ssl with unixgram:/nowhere: DTLS is for UDP"),
        ("-u --starttls=smtp h 1", b"cannot use --starttls and -u"),
        ("-lku --ssl --broker 0", b"cannot use --broker and -u"),
        ("-lku --ssl --workers=2 --exec=cat 0", b"cannot use --workers and -u"),
        ("-lku --ssl --workers=2 0 h:1", b"cannot use --workers with dtls://:0"),
        ("-lk 0 --to dtls://h:1", b"cannot join tcp://:0 to dtls://h:1: a stream does not keep"),
        ("-lk dtls://:0 tls://h:1", b"cannot join udp://:0 to tls://h:1: a stream does not keep"),
        ("-lku 0 h:1 --to-starttls=smtp", b"cannot use --to-starttls with udp://:0: it is for"),
        ("-lku 0 h:1 --to-ssl-min-version=1.3", b"'1.3' is not a version of DTLS (1.0, 1.2)"),
        ("-lku 0 --to dtls://h:1 --to-ssl-cert=/none", b"--ssl-cert /none: no such file"),
        ("-u --ssl-min-version=1.3 h 1", b"--ssl-min-version: '1.3' is not a version of DTLS"),
        ("--proxy=p:1 dtls://h:1", b"cannot use --proxy and -u"),
    ],
)
def test_invalid_options(pync: Start, words: str, said: bytes) -> None:
    assert said in pync(*words.split()).ends(2)


def test_missing_package_is_one_error_line(tmp_path: Path) -> None:
    (tmp_path / "OpenSSL.py").write_text("raise ImportError\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from pync.__main__ import run; run()"
    )
    for words in (["-u", "--ssl", "127.0.0.1", "9"], ["-lu", "--ssl", "127.0.0.1", "0"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, timeout=DEADLINE, check=False
        )
        assert done.returncode == 2
        assert done.stderr == b"pync: DTLS needs pyOpenSSL: pip install 'pync-nc[dtls]'\n"


def test_ncat_supports_dtls(pync: Start, pem: Path) -> None:
    program, port = begin(pync, pem)
    client = pync("--as=ncat", "-v", "-u", "--ssl", "127.0.0.1", port)
    client.write(b"hello")
    assert program.read(5) == b"hello"
    client.hears(b"Ncat: SSL connection to 127.0.0.1:")
    client.end_input()
    client.ends(0)
    program.ends(0)


def test_answer_has_the_source_address_that_was_asked(pync: Start, pem: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("all of 127/8 is the machine's own on Linux")
    program = pync("-luv4", f"--ssl-cert={pem}", "0")
    port = heard_port(program)
    client = pync("-u", "--insecure", "127.3.4.5", port)
    client.write(b"hello")
    assert program.read(5) == b"hello"
    client.end_input()
    client.ends(0)
    program.ends(0)


def test_input_longer_than_a_record_becomes_several(pync: Start, pem: Path) -> None:
    program, port = begin(pync, pem)
    client = pync("-u", "--insecure", "127.0.0.1", port)
    client.write(b"x" * 50_000)
    assert program.read(50_000) == b"x" * 50_000
    client.end_input()
    client.ends(0)
