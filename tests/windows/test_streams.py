"""Other features on Windows: files, TCP, UDP, scans, TLS, proxies, brokers, commands."""

from __future__ import annotations

import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from .programs import Program, pync

LISTENING = rb"(?:Listening|Bound) on \S+ (\d+)"

#: Bytes that a C library would translate, or treat as the end of a file.
BYTES = b"line\nline\r\n\x1a\x00\xff\r\r\n" * 1000


def listening(*words: str) -> tuple[Program, str]:
    program = pync("-lv", *words, "127.0.0.1", "0")
    return program, program.hears(LISTENING).group(1).decode()


def test_from_a_file_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(BYTES)
    with (
        open(tmp_path / "in", "rb") as source,
        open(tmp_path / "out", "wb") as sink,
        pync("-lv", "127.0.0.1", "0", stdout=sink) as server,
    ):
        port = server.hears(LISTENING).group(1).decode()
        with pync("127.0.0.1", port, stdin=source) as client:
            server.end_input()
            client.ends()
            server.ends()
    assert (tmp_path / "out").read_bytes() == BYTES


def test_through_pipes_and_half_close() -> None:
    # The listener answers after its client has ended.
    server, port = listening("--half-open")
    with server, pync("127.0.0.1", port) as client:
        client.write(BYTES)
        client.end_input()
        server.shows(BYTES)
        server.write(b"answer")
        client.shows(b"answer")
        server.end_input()
        server.ends()
        client.ends()


def test_megabytes_through_pipes() -> None:
    sent = os.urandom(8 * 1024 * 1024)
    server, port = listening("--recv-only")
    with server, pync("--send-only", "127.0.0.1", port) as client:
        client.write(sent)
        client.end_input()
        client.ends()
        server.ends()
        assert server.rest() == sent


def test_datagrams() -> None:
    server, port = listening("-u", "--count=2")
    with server, pync("-u", "--delimiter=\\n", "127.0.0.1", port) as client:
        client.write(b"one\ntwo\n")
        server.ends()
        assert server.rest() == b"onetwo"


def test_scan() -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_one, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ports = [str(sock.getsockname()[1]) for sock in (open_one, closed)]
        with pync("-zv", "127.0.0.1", *ports) as scan:
            said = scan.ends().decode()
    assert f"127.0.0.1 {ports[0]} port" in said
    assert "succeeded" in said
    assert f"dial tcp://127.0.0.1:{ports[1]}: connection refused" in said


@pytest.mark.skipif(find_spec("cryptography") is None, reason="cryptography is not installed")
def test_tls_with_a_generated_certificate() -> None:
    server, port = listening("--ssl")
    with server, pync("--ssl", "--insecure", "127.0.0.1", port) as client:
        client.write(b"secret")
        client.end_input()
        server.shows(b"secret")
        server.end_input()
        server.ends()
        client.ends()


@pytest.mark.parametrize("kind", ["socks", "http"])
def test_through_a_proxy(kind: str) -> None:
    scheme = "socks5" if kind == "socks" else "http"
    proxy, at = listening("--proxy-type", kind)
    with socket.create_server(("127.0.0.1", 0)) as target, proxy:
        port = str(target.getsockname()[1])
        with pync(f"--proxy={scheme}://127.0.0.1:{at}", "127.0.0.1", port) as client:
            client.write(b"through")
            conn, _ = target.accept()
            with conn:
                conn.settimeout(30)
                assert conn.recv(100) == b"through"
                conn.sendall(b"and back")
                client.shows(b"and back")
                client.end_input()
                assert conn.recv(100) == b""
            client.ends()


def test_broker() -> None:
    server, port = listening("-k", "--broker")
    with server, pync("127.0.0.1", port) as one, pync("127.0.0.1", port) as two:
        server.hears(rb"Connection received.*\n(.*\n)*.*Connection received")
        one.write(b"hello")
        two.shows(b"hello")


def test_command_on_a_connection() -> None:
    shout = f'"{sys.executable}" -c "import sys; print(sys.stdin.read().upper(), end=str())"'
    server, port = listening(f"--exec={shout}")
    with server, pync("127.0.0.1", port) as client:
        client.write(b"quoted 'words'")
        client.end_input()
        client.shows(b"QUOTED 'WORDS'")
        client.ends()
        server.ends()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-U", "x"), b"pync: dial unix:x: this system has no Unix sockets\n"),
        (("-lU", "x"), b"pync: listen unix:x: this system has no Unix sockets\n"),
        (("vsock://1:1",), b"pync: dial vsock://1:1: this system has no vsock\n"),
    ],
)
def test_unsupported_feature_is_reported_in_one_line(words: tuple[str, ...], said: bytes) -> None:
    with pync(*words) as program:
        assert program.ends(1) == said


def test_missing_md5_key_is_an_error() -> None:
    with pync("-S", "127.0.0.1", "9") as program:
        assert program.ends(2) == b"pync: Unable to read TCP MD5SIG password\n"


def test_descriptors_are_not_passed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        with pync("-F", "127.0.0.1", port) as program:
            said = b"pync: pass the descriptor: this system cannot pass descriptors (-F)\n"
            assert program.ends(1) == said
