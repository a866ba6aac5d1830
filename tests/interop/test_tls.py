"""TLS between pync, openssl, ncat and Python's ssl: roles, versions, host names, closing."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..peer import DEADLINE, connected, listening
from ..programs import PYNC, Program, is_bound, needs, until

NCAT = (*PYNC, "--as=ncat")


@contextmanager
def tls_server(
    pem: Path, play: Callable[[ssl.SSLSocket], None], version: str = "TLSv1_3"
) -> Iterator[int]:
    """A server with Python's ssl; a thread runs the given function with one client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    context.set_alpn_protocols(["pync/1"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE)

        def serve() -> None:
            conn, _ = listener.accept()
            conn.settimeout(DEADLINE)
            try:
                with context.wrap_socket(conn, server_side=True, suppress_ragged_eofs=False) as tls:
                    play(tls)
            except (ssl.SSLError, OSError):
                conn.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(DEADLINE)


def to_the_end(tls: ssl.SSLSocket) -> bytes:
    data = b""
    while piece := tls.recv(65536):
        data += piece
    return data


def echoes_at_the_end(tls: ssl.SSLSocket) -> None:
    """Read everything to close_notify, and only then answer: this needs a half-close."""
    data = to_the_end(tls)
    tls.sendall(b"heard " + data)
    tls.unwrap().close()


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("size", [0, 5, 3_000_000])
def test_end_of_input_is_a_half_close(pem: Path, version: str, size: int) -> None:
    data = bytes(size)
    with tls_server(pem, echoes_at_the_end, version) as port:
        command = [*PYNC, "--ssl", "--ssl-trustfile", str(pem), "localhost", str(port)]
        done = subprocess.run(command, input=data, capture_output=True, timeout=DEADLINE)
    assert (done.stdout == b"heard " + data, done.stderr, done.returncode) == (True, b"", 0)


def test_certificate_is_verified_by_default(pem: Path) -> None:
    with tls_server(pem, echoes_at_the_end) as port:
        with Program(*PYNC, "--ssl", "localhost", str(port)) as ours:
            ours.end_input()
            said = ours.ends(1)
            assert said == (
                b"pync: dial tls://127.0.0.1:%d: certificate verify failed: "
                b"self-signed certificate (--ssl-trustfile to trust its issuer, "
                b"--insecure to connect anyway)\n" % port
            )
    with tls_server(pem, echoes_at_the_end) as port:
        with Program(*PYNC, "--insecure", f"tls://localhost:{port}") as ours:
            ours.end_input()
            assert ours.rest() == b"heard "
            assert b"is not verified (--insecure)\n" in ours.ends(0)


def test_host_name_must_match(pem: Path) -> None:
    trust = ("--ssl", "--ssl-trustfile", str(pem))
    with tls_server(pem, echoes_at_the_end) as port:
        with Program(*PYNC, *trust, "127.0.0.1", str(port)) as ours:
            ours.end_input()
            said = ours.ends(1)
            assert b"IP address mismatch, certificate is not valid for '127.0.0.1'" in said
            assert (
                b"(the name must stand in its subjectAltName, a CN does not count; "
                b"--ssl-servername for another name, --insecure to connect anyway)"
            ) in said
    with tls_server(pem, echoes_at_the_end) as port:
        name = ("--ssl-servername", "localhost")
        with Program(*PYNC, *trust, *name, "127.0.0.1", str(port)) as ours:
            ours.end_input()
            assert ours.rest() == b"heard "
            ours.ends(0)


def test_negotiated_parameters_are_reported(pem: Path) -> None:
    with tls_server(pem, echoes_at_the_end) as port:
        options = ("-v", "--ssl", "--ssl-trustfile", str(pem), "--ssl-alpn", "other,pync/1")
        with Program(*PYNC, *options, "localhost", str(port)) as ours:
            ours.end_input()
            assert ours.rest() == b"heard "
            assert b"Secured by TLSv1.3, TLS_" in ours.ends(0)
            assert b", pync/1, SHA-256 " in ours.said
            assert b"Certificate of CN=localhost, issued by itself, valid until " in ours.said


def test_versions_are_limited_and_secrets_are_logged(pem: Path, tmp_path: Path) -> None:
    log = tmp_path / "secrets"
    options = ("--insecure", "--ssl", "--ssl-max-version", "1.2", "--ssl-keylog", str(log))
    with tls_server(pem, echoes_at_the_end, "TLSv1_3") as port:
        with Program(*PYNC, *options, "localhost", str(port)) as ours:
            ours.end_input()
            assert b"protocol version" in ours.ends(1)
    with tls_server(pem, echoes_at_the_end, "TLSv1_2") as port:
        with Program(*PYNC, *options, "localhost", str(port)) as ours:
            ours.end_input()
            assert ours.rest() == b"heard "
            ours.ends(0)
    assert "CLIENT_RANDOM" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("inherited", [False, True])
def test_key_log_readable_by_others_is_refused(tmp_path: Path, inherited: bool) -> None:
    log = tmp_path / "secrets"
    log.touch(0o644)
    option = "SSLKEYLOGFILE" if inherited else "--ssl-keylog"
    for role in ((), ("-l",)):
        words = (*role, "--ssl", *(() if inherited else (option, str(log))), "127.0.0.1", "1")
        environment = ("env", f"SSLKEYLOGFILE={log}") if inherited else ()
        with Program(*environment, *PYNC, *words) as ours:
            assert ours.ends(2) == (
                f"pync: {option} {log}: other users may read it: chmod 600 {log}\n".encode()
            )


def test_alert_after_the_handshake(pem: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.load_verify_locations(pem)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:
        words = ("--ssl", "--ssl-trustfile", str(pem), "--exit-codes=detailed", "localhost")
        with Program(*PYNC, *words, str(listener.getsockname()[1])) as ours:
            conn, _ = listener.accept()
            with conn, pytest.raises(ssl.SSLError):
                context.wrap_socket(conn, server_side=True)
            assert ours.ends(9) == (
                b"pync: relay tls://127.0.0.1:%d: the peer sent the alert certificate required "
                b"(--ssl-cert and --ssl-key give one)\n" % listener.getsockname()[1]
            )


def test_name_only_in_the_cn_is_not_accepted(tmp_path: Path) -> None:
    words = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost")
    files = ("-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "certificate"))
    subprocess.run([needs("openssl"), *words, *files], check=True, capture_output=True)
    both = tmp_path / "both.pem"
    both.write_bytes((tmp_path / "key").read_bytes() + (tmp_path / "certificate").read_bytes())
    with tls_server(both, echoes_at_the_end) as port:
        with Program(*PYNC, "--ssl", "--ssl-trustfile", str(both), "localhost", str(port)) as ours:
            assert b"certificate is not valid for 'localhost'" in ours.ends(1)


@pytest.mark.parametrize("passphrase", ["", "secret"])
def test_listener_shows_a_certificate_from_pkcs12(
    pem: Path, port: int, tmp_path: Path, passphrase: str
) -> None:
    words = ("pkcs12", "-export", "-in", str(pem), "-inkey", str(pem), "-passout")
    path = tmp_path / "own.p12"
    command = [needs("openssl"), *words, f"pass:{passphrase}", "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    with Program(*PYNC, "-l", "--ssl-cert", str(path), "127.0.0.1", str(port)) as ours:
        if passphrase:
            # (A new session has no terminal.)
            assert ours.ends(2).startswith(f"pync: --ssl-cert {path}: the private key is".encode())
            return
        until(lambda: is_bound(port), "the listener", ours)
        with socket.create_connection(("127.0.0.1", port), DEADLINE) as sock:
            with client_context(pem).wrap_socket(sock, server_hostname="localhost") as tls:
                tls.sendall(b"verified")
                assert ours.read(8) == b"verified"


def test_plain_server_is_reported(pem: Path) -> None:
    with listening() as server, Program(*PYNC, "--ssl", "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        peer.says(b"220 plain text\r\n")
        assert b"wrong version number" in ours.ends(1)


def test_wrong_files_are_reported_before_the_connection(tmp_path: Path) -> None:
    for option in ("--ssl-cert", "--ssl-trustfile"):
        with Program(*PYNC, "--ssl", option, "/no/such", "127.0.0.1", "1") as ours:
            assert ours.ends(2) == f"pync: {option} /no/such: no such file or directory\n".encode()


# Listeners.


def client_context(pem: Path | None) -> ssl.SSLContext:
    if pem is not None:
        return ssl.create_default_context(cafile=pem)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.mark.parametrize("own", [True, False])
def test_listener(pem: Path, port: int, own: bool) -> None:
    certificate = () if own else ("--ssl-cert", str(pem))
    with Program(*PYNC, "-lv", "--ssl", *certificate, "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "the listener", ours)
        context = client_context(None if own else pem)
        with socket.create_connection(("127.0.0.1", port), DEADLINE) as sock:
            with context.wrap_socket(sock, server_hostname="localhost") as tls:
                tls.sendall(b"question\n")
                assert ours.read(9) == b"question\n"
                ours.write(b"answer\n")
                assert tls.recv(100) == b"answer\n"
                ours.end_input()
                # close_notify, as soon as nothing has arrived for a moment.
                assert tls.recv(100) == b""
                tls.unwrap().close()
        ours.ends(0)


def test_garbage_ends_only_its_client(pem: Path, port: int) -> None:
    with Program(*PYNC, "-lk", "--ssl", "--ssl-cert", str(pem), "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "the listener", ours)
        with connected(port) as plain:
            plain.says(b"GET / HTTP/1.0\r\n\r\n")
            plain.hears_rest()
        with socket.create_connection(("127.0.0.1", port), DEADLINE) as sock:
            with client_context(pem).wrap_socket(sock, server_hostname="localhost") as tls:
                tls.sendall(b"still here")
                assert ours.read(10) == b"still here"
        assert b"http request" in ours.hears(rb"pync: accept tls://.*\n").group()


@pytest.mark.parametrize("options", [("-l",), ("-lk",), ("-l", "-e", "cat"), ("-lk", "-e", "cat")])
def test_silent_client_does_not_delay_others(
    pem: Path, port: int, options: tuple[str, ...]
) -> None:
    words = (*options, "--ssl", "--ssl-cert", str(pem), "127.0.0.1", str(port))
    with Program(*PYNC, *words) as ours:
        until(lambda: is_bound(port), "the listener", ours)
        with connected(port), connected(port) as slow:
            slow.says(b"\x16\x03\x01")
            began = time.monotonic()
            with socket.create_connection(("127.0.0.1", port), DEADLINE) as sock:
                with client_context(pem).wrap_socket(sock, server_hostname="localhost") as tls:
                    tls.sendall(b"not held up")
                    if "-e" in options:
                        assert tls.recv(11) == b"not held up"
                    else:
                        assert ours.read(11) == b"not held up"
            # (The silent one has thirty.)
            assert time.monotonic() - began < 25


def test_clients_send_requested_certificates(pem: Path, port: int) -> None:
    options = ("--ssl", "--ssl-cert", str(pem), "--ssl-trustfile", str(pem))
    with Program(*PYNC, "-lk", *options, "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "the listener", ours)
        with Program(*PYNC, "--insecure", "--ssl", "localhost", str(port)) as nobody:
            nobody.end_input()
            nobody.ends(1)
        with Program(*PYNC, *options, "localhost", str(port)) as somebody:
            somebody.write(b"it is me")
            somebody.end_input()
            assert ours.read(8) == b"it is me"
            somebody.ends(0)


# Other programs.


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_connects(pem: Path, port: int, version: str) -> None:
    with Program(*PYNC, "-l", "--ssl", "--ssl-cert", str(pem), "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "the listener", ours)
        words = ("s_client", "-quiet", version, "-connect", f"127.0.0.1:{port}")
        with Program(needs("openssl"), *words) as theirs:
            theirs.write(b"question\n")
            assert ours.read(9) == b"question\n"
            ours.write(b"answer\n")
            assert theirs.shows(b"answer\n") == b"answer\n"


def test_openssl_listens(pem: Path, port: int) -> None:
    words = ("s_server", "-quiet", "-accept", str(port), "-cert", str(pem), "-key", str(pem))
    with Program(needs("openssl"), *words) as theirs:
        until(lambda: is_bound(port), "openssl to listen", theirs)
        trust = ("--ssl", "--ssl-trustfile", str(pem))
        with Program(*PYNC, *trust, "localhost", str(port)) as ours:
            ours.write(b"question\n")
            assert theirs.read(9) == b"question\n"
            theirs.write(b"answer\n")
            assert ours.read(7) == b"answer\n"


@pytest.mark.parametrize("listener", ["ours", "theirs"])
@pytest.mark.parametrize("client", ["ours", "theirs"])
def test_ncat_in_either_role(pem: Path, port: int, listener: str, client: str) -> None:
    programs = {"ours": NCAT, "theirs": (needs("ncat"),)}
    files = ("--ssl-cert", str(pem), "--ssl-key", str(pem))
    with Program(*programs[listener], "-l", "--ssl", *files, "127.0.0.1", str(port)) as server:
        until(lambda: is_bound(port), "the listener", server)
        with Program(*programs[client], "--ssl", "127.0.0.1", str(port)) as other:
            other.write(b"question\n")
            assert server.read(9) == b"question\n"
            server.write(b"answer\n")
            assert other.read(7) == b"answer\n"
            other.end_input()
            other.ends(None)
            server.end_input()
            server.ends(None)


@pytest.mark.parametrize("listener", ["ours", "theirs"])
def test_client_is_silent_in_the_handshake(pem: Path, port: int, listener: str) -> None:
    """ncat accepts the first connection only, even if that client stays silent."""
    command = NCAT if listener == "ours" else (needs("ncat"),)
    files = ("--ssl-cert", str(pem), "--ssl-key", str(pem))
    with Program(*command, "-l", "--ssl", *files, "127.0.0.1", str(port)) as server:
        until(lambda: is_bound(port), "the listener", server)
        with connected(port):
            if listener == "theirs":
                until(lambda: not is_bound(port), "the listener to close", server)
                return
            with socket.create_connection(("127.0.0.1", port), DEADLINE) as sock:
                with client_context(pem).wrap_socket(sock, server_hostname="localhost") as tls:
                    tls.sendall(b"not held up")
                    assert server.read(11) == b"not held up"


@pytest.mark.parametrize("listener", ["ours", "theirs"])
def test_failed_handshake_ends_a_listener_for_one(pem: Path, port: int, listener: str) -> None:
    command = NCAT if listener == "ours" else (needs("ncat"),)
    files = ("--ssl-cert", str(pem), "--ssl-key", str(pem))
    with Program(*command, "-l", "--ssl", *files, "127.0.0.1", str(port)) as server:
        until(lambda: is_bound(port), "the listener", server)
        with connected(port) as client:
            client.says(b"abc\n")
        server.ends(1)


@pytest.mark.parametrize(
    ("server", "options"),
    [
        (("-tls1_2", "-cipher", "AES128-GCM-SHA256"), ()),
        (("-tls1_2", "-cipher", "AES256-SHA256"), ()),
        (("-tls1", "-cipher", "ALL:@SECLEVEL=0"), ("--ssl-ciphers", "ALL:@SECLEVEL=0")),
        (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), ("--ssl-ciphers", "ALL:@SECLEVEL=0")),
    ],
)
@pytest.mark.parametrize("role", ["client", "listener"])
def test_old_peers_are_supported_as_by_ncat(
    tmp_path: Path, port: int, server: tuple[str, ...], options: tuple[str, ...], role: str
) -> None:
    words = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost")
    key, certificate = str(tmp_path / "key"), str(tmp_path / "certificate")
    files = ("-keyout", key, "-out", certificate)
    subprocess.run([needs("openssl"), *words, *files], check=True, capture_output=True)
    for command in (NCAT, (needs("ncat"),)):
        own = ("--ssl-key", key, "--ssl-cert", certificate)
        at = (("-l", *own) if role == "listener" else ()) + ("127.0.0.1", str(port))
        ncat = (*command, "--ssl", *options, *at)
        other: tuple[str, ...]
        if role == "client":
            other = ("s_server", "-quiet", "-accept", str(port), "-key", key, "-cert", certificate)
        else:
            other = ("s_client", "-quiet", "-connect", f"127.0.0.1:{port}")
        peer = ("openssl", *other, *server)
        first, second = (peer, ncat) if role == "client" else (ncat, peer)
        with Program(*first) as listener:
            until(lambda: is_bound(port), "the listener", listener)
            with Program(*second) as client:
                client.write(b"question\n")
                assert listener.read(9) == b"question\n"
                listener.write(b"answer\n")
                assert client.shows(b"answer\n") == b"answer\n"


def test_ncat_verifies_with_the_option(pem: Path) -> None:
    outcomes = []
    for command in (NCAT, (needs("ncat"),)):
        with tls_server(pem, echoes_at_the_end) as port:
            with Program(*command, "--ssl-verify", "localhost", str(port)) as program:
                program.end_input()
                program.ends(None)
                outcomes.append(program.process.returncode)
    assert outcomes[0] == outcomes[1] == 1
