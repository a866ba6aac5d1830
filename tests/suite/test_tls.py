"""TLS as a transport, in every form of TARGET."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.core.tls import Codec
from conformance.core.verdict import NotJudged
from conformance.targets import certificate as certificates
from conformance.targets.certificate import Certificate, certificate
from conformance.targets.ports import reserved_port

from .judging import conformance, judge, kept

#: A correct echo server with blocking threads. Arguments: port, certificate, key, highest version.
ECHO = """
import os, socket, ssl, sys, threading
port, cert, key, most = (sys.argv[1:] + ["", "", "", ""])[:4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert or os.environ["TLS_CERT"], key or os.environ["TLS_KEY"])
if most:
    context.maximum_version = ssl.TLSVersion[most]

def serve(conn):
    try:
        with context.wrap_socket(conn, server_side=True) as tls:
            while data := tls.recv(65536):
                tls.sendall(data)
            END
    except OSError:
        pass

if os.environ.get("LISTEN_FDS"):
    listener = socket.socket(fileno=3)
else:
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=128)
print("LISTENING tls://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""

#: How it ends: with close_notify as RFC 8446 requires, or without, as most programs do.
IN_ORDER, JUST_SO = "tls.unwrap()", "pass"


def script(folder: Path, end: str = IN_ORDER) -> str:
    path = folder / "server.py"
    path.write_text(ECHO.replace("END", end))
    return f"{sys.executable} {path}"


@pytest.fixture(autouse=True)
def _made() -> None:
    try:
        certificate()
    except NotJudged as reason:  # pragma: no cover
        pytest.skip(str(reason))


@pytest.mark.long
@pytest.mark.parametrize("end", [IN_ORDER, JUST_SO])
def test_command_with_a_certificate_argument(end: str, tmp_path: Path) -> None:
    judged = judge(tmp_path, kept(tmp_path, f"{script(tmp_path, end)} {{port}} {{cert}} {{key}}"))
    assert judged.status == 0, judged.stdout
    assert {one["transport"] for one in judged.results} == {"tls"}
    assert judged.ids("PASS") == {one["id"] for one in judged.results}
    # Both RST and half-close are judged.
    assert {"echo/leak-reset", "echo/half-close-pending", "echo/terminal"} <= judged.ids("PASS")


@pytest.mark.parametrize(
    "words",
    [
        ["SERVER {port}", "--transport=tls"],
        ["SERVER 0", "--transport=tls"],
        ["fd:SERVER -", "--transport=tls"],
        ["SERVER PORT", "--at=tls://127.0.0.1:PORT"],
    ],
)
def test_command_with_a_certificate_in_the_environment(words: list[str], tmp_path: Path) -> None:
    server = script(tmp_path)
    with reserved_port() as port:
        told = [word.replace("SERVER", server).replace("PORT", str(port)) for word in words]
        judged = judge(tmp_path, *told, "--case=echo/half-close", "--case=echo/reset-at-once")
    assert judged.status == 0, judged.stdout
    assert {one["transport"] for one in judged.results} == {"tls"}


def test_running_server(tmp_path: Path) -> None:
    made = certificate()
    argv = [*script(tmp_path).split(), "0", made.cert, made.key]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[1]
            judged = judge(tmp_path, address)
        finally:
            server.kill()
    assert judged.status == 0, judged.stdout
    assert judged.header["profiles"] == ["echo"]
    assert {"echo/binary", "echo/reset-fifty"} <= judged.ids("PASS")
    assert "echo/sigterm-idle" in judged.ids("SKIP")


def test_before_tls_1_3_a_half_close_is_not_judged(tmp_path: Path) -> None:
    # It answers the client's close_notify at once, and drops pending data (RFC 5246 7.2.1).
    path = tmp_path / "server.py"
    path.write_text(
        ECHO.replace("tls.sendall(data)", "held = data")
        .replace("END", "pass")
        .replace("            while data", "            held = b''\n            while data")
    )
    command = f"{sys.executable} {path} {{port}} {{cert}} {{key}}"
    for most, verdict in (("TLSv1_2", "SKIP"), ("TLSv1_3", "FAIL")):
        judged = judge(tmp_path, f"{command} {most}", "--case=echo/half-close", "--deadline=3")
        assert [one["verdict"] for one in judged.results] == [verdict], judged.stdout
    assert "the end of one side" not in judged.message("echo/half-close")


def test_server_without_tls_cannot_be_reached(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]
        done = conformance("run", f"tls://127.0.0.1:{port}", "--deadline=1", f"--report={tmp_path}")
    assert done.returncode == 6
    assert f"tls://127.0.0.1:{port}" in done.stderr


def test_broken_server_over_tls_is_reported(tmp_path: Path) -> None:
    server = script(tmp_path, "tls.sendall(b'bye')")
    judged = judge(tmp_path, f"{server} {{port}} {{cert}} {{key}}", "--case=echo/half-close")
    assert judged.status == 1
    assert "3 bytes came where the server's FIN was awaited" in judged.stdout
    assert "-- TLS handshake" in judged.stdout


def test_server_that_aborts_the_handshake_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "server.py"
    # It serves one connection, so it counts as ready.
    once = (
        "served = [1]\ndef serve(conn):\n    if not served: return conn.close()\n    served.pop()"
    )
    path.write_text(ECHO.replace("def serve(conn):", once).replace("END", IN_ORDER))
    command = f"{sys.executable} {path} {{port}} {{cert}} {{key}}"
    judged = judge(tmp_path, command, "--case=echo/simple")
    assert judged.status == 1
    (result,) = judged.results
    assert result["signature"] == "no-handshake"
    assert "does not complete the TLS handshake" in result["message"]


# The certificate of the run.


@pytest.fixture
def _fresh() -> Iterator[None]:
    certificate.cache_clear()
    yield
    certificate.cache_clear()


@pytest.mark.parametrize("maker", ["openssl", "cryptography"])
def test_certificate_is_generated_with_available_tools(maker: str, tmp_path: Path) -> None:
    made = Certificate(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    make = {"openssl": certificates._by_openssl, "cryptography": certificates._by_cryptography}
    if maker == "openssl" and shutil.which("openssl") is None:
        pytest.skip("openssl is missing (Debian: openssl)")
    if maker == "cryptography":
        pytest.importorskip("cryptography")
    assert make[maker](made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert, made.key)
    trusting = ssl.create_default_context(cafile=made.cert)
    assert trusting.cert_store_stats()["x509"] == 1


@pytest.mark.usefixtures("_fresh")
def test_tls_is_not_judged_without_a_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "_by_openssl", lambda _made: False)
    monkeypatch.setattr(certificates, "_by_cryptography", lambda _made: False)
    with pytest.raises(NotJudged, match="no certificate can be made here"):
        certificate()


# The codec, tested with the ssl module as its peer.


def talk(pieces: int) -> tuple[bytes, bytes, bool]:
    """Feed both sides in pieces of this size; return what they received and if they saw the end."""
    made = certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert, made.key)
    incoming, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, leaving, server_side=True)
    client, heard, said = Codec("localhost"), bytearray(), bytearray()
    steps: list[Callable[[], object]] = [
        server.do_handshake,
        lambda: server.write(b"hello client"),
    ]
    sent = False
    for _ in range(20):
        incoming.write(client.outgoing())
        try:
            if steps:
                steps[0]()
                del steps[0]
            else:
                said += server.read(100)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        wire = leaving.read()
        for at in range(0, len(wire), pieces):
            heard += client.receive(wire[at : at + pieces])
        if client.established and not sent:
            sent = True
            client.send(b"hello server")
            client.send_eof()
        if said and not steps and not client.ended:
            try:
                server.unwrap()
            except ssl.SSLError:
                pass
    return bytes(heard), bytes(said), client.ended


@pytest.mark.parametrize("pieces", [1, 7, 100_000])
def test_codec_with_any_segmentation(pieces: int) -> None:
    assert talk(pieces) == (b"hello client", b"hello server", True)


def test_eof_without_close_notify_is_eof() -> None:
    client = Codec("localhost")
    with pytest.raises(ssl.SSLError):
        client.receive(b"")
    with pytest.raises(ssl.SSLError):
        Codec("localhost").receive(b"220 mail.example ESMTP\r\n")
