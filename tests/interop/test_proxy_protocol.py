"""The PROXY protocol with haproxy, which sends and accepts it, and nginx, which accepts it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.targets.ports import reserved_port

from ..peer import connected, listening
from ..programs import Program, is_bound, listening_pync, needs, until

HAPROXY = """
defaults
    mode tcp
    timeout connect 10s
    timeout client 30s
    timeout server 30s
listen relay
    bind 127.0.0.1:{port} {bind}
    server one {target} {server}
"""

NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    server {{
        listen 127.0.0.1:{port} proxy_protocol;
        location / {{ return 200 "$proxy_protocol_addr $proxy_protocol_port"; }}
    }}
}}
"""


@contextmanager
def running(port: int, *words: str) -> Iterator[Program]:
    with Program(*words) as program:
        until(lambda: is_bound(port), f"a listener on port {port}", program)
        yield program


@contextmanager
def haproxy(folder: Path, target: str, bind: str = "", server: str = "") -> Iterator[int]:
    path = folder / "haproxy.cfg"
    with reserved_port() as port:
        path.write_text(HAPROXY.format(port=port, bind=bind, target=target, server=server))
        with running(port, needs("haproxy"), "-f", str(path)):
            yield port


@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2", "send-proxy-v2 crc32c-check"])
def test_haproxy_sends_its_client_s_address_to_pync(tmp_path: Path, version: str) -> None:
    needs("haproxy")
    if "crc32c" in version:
        version = "send-proxy-v2 proxy-v2-options crc32c,unique-id"
    program, port = listening_pync("--accept-proxy-protocol=127.0.0.1")
    with (
        program,
        haproxy(tmp_path, f"127.0.0.1:{port}", server=version) as front,
        connected(front) as client,
    ):
        client.says(b"hello")
        name = client.sock.getsockname()[1]
        program.hears(f"Connection received on 127.0.0.1 {name}\n".encode())
        assert program.read(5) == b"hello"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_pync_sends_its_client_s_address_to_haproxy(tmp_path: Path, version: str) -> None:
    needs("haproxy")
    with (
        listening() as server,
        haproxy(
            tmp_path, f"127.0.0.1:{server.port}", bind="accept-proxy", server="send-proxy"
        ) as front,
    ):
        words = ("-k", f"--proxy-protocol={version}", f"--to=127.0.0.1:{front}")
        program, port = listening_pync(*words)
        with program, connected(port) as client:
            client.says(b"hello")
            name = client.sock.getsockname()[1]
            peer = server.accepts()
            peer.hears(f"PROXY TCP4 127.0.0.1 127.0.0.1 {name} {port}\r\nhello".encode())


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_pync_sends_its_client_s_address_to_nginx(tmp_path: Path, version: str) -> None:
    nginx, path = needs("nginx"), tmp_path / "nginx.conf"
    with reserved_port() as back:
        path.write_text(NGINX.format(folder=tmp_path, port=back))
        with running(back, nginx, "-c", str(path), "-p", str(tmp_path)):
            words = ("-k", f"--proxy-protocol={version}", f"--to=127.0.0.1:{back}")
            program, port = listening_pync(*words)
            with program, connected(port) as client:
                client.says(b"GET / HTTP/1.0\r\n\r\n")
                name = client.sock.getsockname()[1]
                assert client.hears_rest().endswith(f"\r\n\r\n127.0.0.1 {name}".encode())


def test_haproxy_sends_the_address_of_a_unix_client(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    needs("haproxy")
    folder = tmp_path_factory.mktemp("s")
    program, port = listening_pync("-k", "--accept-proxy-protocol=127.0.0.1")
    with (
        program,
        haproxy(
            folder, f"127.0.0.1:{port}", bind=f"\n    bind {folder}/front", server="send-proxy-v2"
        ),
        socket.socket(socket.AF_UNIX) as client,
    ):
        client.connect(f"{folder}/front")
        client.sendall(b"hello")
        assert program.read(5) == b"hello"
