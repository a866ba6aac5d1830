"""Recipes: typing protocols by hand, with the real servers if they are installed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..interop.test_http_servers import PAGE as INDEX
from ..interop.test_http_servers import _nginx
from ..peer import DEADLINE, Peer, Server, mailbox
from ..programs import Program, needs, until
from .conftest import Run, is_up

HTTP = "HTTP/1.1 200 OK"


@contextmanager
def nginx(folder: Path, port: int, listens: str = "", more: str = "") -> Iterator[None]:
    """A web server with one page; ``listens`` follows its port in the configuration."""
    (folder / "index.html").write_bytes(INDEX)
    needs("nginx")
    with Program(*_nginx(folder, f"{port}{listens}", f"root {folder};{more}")) as server:
        is_up(port, server)
        yield


def gets_the_page(client: Program) -> None:
    answer = client.rest()
    assert answer.startswith(HTTP.encode())
    assert answer.endswith(INDEX)
    client.ends(0)


def test_websocket(run: Run, port: int) -> None:
    pytest.importorskip("wsproto", reason="wsproto is not installed")
    is_up(port, run("A WebSocket", {"ws://:8080": f"ws://127.0.0.1:{port}"}, line=1))
    address = {"wss://stream.example.org/v1": f"ws://127.0.0.1:{port}/v1"}
    client = run("A WebSocket", address, line=0)
    assert client.rest() == b'{"op": "subscribe"}\n'
    client.ends(0)


def test_http(run: Run, folder: Path, port: int) -> None:
    with nginx(folder, port):
        gets_the_page(run("HTTP", {"localhost 80": f"127.0.0.1 {port}"}))


def test_https(run: Run, folder: Path, pem: Path, port: int) -> None:
    with nginx(folder, port, " ssl", f"ssl_certificate {pem}; ssl_certificate_key {pem};"):
        gets_the_page(run("HTTPS", {"localhost 443": f"localhost {port}"}))


def test_redis(run: Run, folder: Path, port: int) -> None:
    words = f"--bind 127.0.0.1 --port {port} --dir {folder} --daemonize no"
    with Program(needs("redis"), *words.split(), "--save", "") as server:
        is_up(port, server)
        client = run("Redis", {"localhost": "127.0.0.1", "6379": port})
        assert client.rest() == b"+OK\r\n$5\r\nhello\r\n+OK\r\n"
        client.ends(0)


def test_memcached(run: Run, port: int) -> None:
    words = f"-u nobody -l 127.0.0.1 -p {port} -U 0"
    with Program(needs("memcached"), *words.split()) as server:
        is_up(port, server)
        client = run("memcached", {"localhost": "127.0.0.1", "11211": port})
        assert client.rest() == b"STORED\r\nVALUE greeting 0 5\r\nhello\r\nEND\r\n"
        client.ends(0)


def test_smtp(run: Run, server: Server) -> None:
    client = run("SMTP", {"localhost": "127.0.0.1", " 25": f" {server.port}"})
    peer = server.accepts()
    peer.says(b"220 ready\r\n")
    peer.hears(b"EHLO me\r\n")
    peer.says(b"250 hello\r\n")
    peer.hears(b"QUIT\r\n")
    peer.says(b"221 bye\r\n")
    peer.hears_end()
    peer.closes()
    assert client.rest() == b"220 ready\r\n250 hello\r\n221 bye\r\n"
    client.ends(0)


def test_statsd(run: Run) -> None:
    with mailbox() as box:
        client = run("statsd", {"localhost": "127.0.0.1", "8125": box.port})
        box.hears(b"deploys:1|c")
        client.ends(0)


def test_syslog(run: Run) -> None:
    with mailbox() as box:
        client = run("syslog", {"localhost": "127.0.0.1", "514": box.port})
        box.hears(b"<13>1 - myhost myapp - - - it works")
        client.ends(0)


def unix_server(path: Path) -> socket.socket:
    """A listener on a Unix socket."""
    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(DEADLINE)
    listener.bind(str(path))
    listener.listen()
    return listener


def test_docker_s_socket(run: Run, folder: Path) -> None:
    with unix_server(folder / "docker.sock") as listener:
        client = run("Docker's socket", {"/var/run/docker.sock": folder / "docker.sock"})
        peer = Peer(listener.accept()[0])
        peer.hears(b"GET /containers/json HTTP/1.0\r\n\r\n")
        peer.says(b"HTTP/1.0 200 OK\r\n\r\n[]\n")
        peer.closes()
        assert client.rest().endswith(b"[]\n")
        client.ends(0)


def test_haproxy_s_socket(run: Run, folder: Path, port: int) -> None:
    path = folder / "admin.sock"
    config = folder / "haproxy.cfg"
    config.write_text(
        f"global\n stats socket {path}\ndefaults\n mode tcp\n timeout connect 30s\n"
        f" timeout client 30s\n timeout server 30s\nlisten any\n bind 127.0.0.1:{port}\n"
        f" server one 127.0.0.1:{port}\n"
    )
    with Program(needs("haproxy"), "-f", str(config)) as server:
        until(path.exists, "haproxy's socket", server)
        client = run("haproxy's socket", {"/run/haproxy/admin.sock": path})
        assert client.rest().startswith(b"Name: HAProxy\n")
        client.ends(0)


def test_qemu_monitor(run: Run, folder: Path) -> None:
    with unix_server(folder / "qmp.sock") as listener:
        client = run("A QEMU monitor", {"/tmp/qmp.sock": folder / "qmp.sock"})
        peer = Peer(listener.accept()[0])
        peer.says(b'{"QMP": {}}\n')
        peer.hears(b'{"execute": "qmp_capabilities"}\n{"execute": "query-status"}\n')
        peer.says(b'{"return": {}}\n')
        # The monitor keeps running; pync exits.
        assert client.rest() == b'{"QMP": {}}\n{"return": {}}\n'
        client.ends(0)
        peer.closes()
